"""The views, on nothing and on a small ledger whose sums are known exactly."""

from typing import Any

import pytest

from sinks.clickhouse import ClickHouseSink
from sinks.rows import entry_row, interval_row, parked_row, work_row
from sinks.tables import ENTRIES, INTERVALS, PARKED, WORK
from streams.models.entry import Disposition, Segment
from tests.sinks.builders import MARCH, entry, interval, parked, unbilled, void, work

pytestmark = pytest.mark.integration
VIEWS = (
    "entries_live", "intervals_live", "work_live", "parked_live", "lines", "leakage", "recovered", "conservation",
    "work_conservation", "evidence_conservation", "outcomes", "margins",
    "utilisation", "realisation", "burn_down", "exported", "periods",
)  # fmt: skip


def ask(sink: ClickHouseSink, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in sink.client().query(sql).result_rows]


@pytest.fixture
def seeded(ledger: ClickHouseSink) -> ClickHouseSink:
    """Two tiers billed, one row without tiers, three kinds of leakage, a void row, an old version, another tenant."""
    two = (
        Segment("standard", MARCH, MARCH + 600, 600, 600, "100.00", 1667, "16.666667", "card/0"),
        Segment("evening", MARCH + 600, MARCH + 1800, 1200, 1200, "200.00", 6667, "66.666667", "card/0"),
    )
    rows = [
        entry("w1", worked_seconds=1800, rounding_seconds=0, amount=8334, segments=two, recovered=True),
        entry("w2", version=1, amount=1, segments=()),
        entry("w2", version=2),
        entry("w3", segments=(), amount=500, currency="USD"),
        unbilled("w4", risk=7500, client="", reason="client_unknown"),
        unbilled("w5", "unpriced", risk=2500, technician="bob"),
        unbilled("w6", "unpriced", risk=2500, technician="bob", recovered=True),
        unbilled("w7", "non_billable", risk=0),
        entry("w8", version=1), void("w8", version=2),
        entry("w1", tenant="other"),
    ]  # fmt: skip
    ledger.write(ENTRIES, [entry_row(one) for one in rows])
    return ledger


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_answers_on_an_empty_ledger(ledger: ClickHouseSink, view: str) -> None:
    assert ask(ledger, f"SELECT * FROM {view}") == []


def test_the_lines_add_up_to_the_entries(seeded: ClickHouseSink) -> None:
    lines = ask(seeded, "SELECT work, line_number, tier, line_quantity_seconds, line_amount FROM lines "
                        "WHERE tenant = 'main' AND currency != '' ORDER BY work, line_number")  # fmt: skip
    assert lines == [
        ("w1", 1, "standard", 600, 1667), ("w1", 2, "evening", 1200, 6667),
        ("w2", 1, "standard", 1800, 7500), ("w3", 0, "", 1800, 500),
    ]  # fmt: skip
    sums = "sum({0}worked_seconds), sum({0}quantity_seconds), sum({0}amount)"
    by_line = ask(seeded, f"SELECT currency, {sums.format('line_')} FROM lines GROUP BY currency ORDER BY currency")
    assert by_line == ask(
        seeded, f"SELECT currency, {sums.format('')} FROM entries_live GROUP BY currency ORDER BY currency"
    )


def test_leakage_names_the_money_at_risk_by_whom_and_why(seeded: ClickHouseSink) -> None:
    found = ask(seeded, "SELECT client, technician, disposition, reason, entries, total_worked_seconds, "
                        "total_quantity_seconds, total_risk_amount FROM leakage WHERE tenant = 'main' "
                        "ORDER BY disposition")  # fmt: skip
    assert found == [
        ("acme", "ann", "non_billable", "", 1, 1500, 1800, 0),
        ("", "ann", "unlinked", "client_unknown", 1, 1500, 1800, 7500),
        ("acme", "bob", "unpriced", "", 2, 3000, 3600, 5000),
    ]


def test_recovered_time_is_told_by_what_became_of_it(seeded: ClickHouseSink) -> None:
    found = ask(seeded, "SELECT disposition, total_worked_seconds, total_amount, currency FROM recovered "
                        "WHERE tenant = 'main' ORDER BY disposition")  # fmt: skip
    assert found == [("billed", 1800, 8334, "EUR"), ("unpriced", 1500, 0, "")]


def test_conservation_holds_per_client_and_period(seeded: ClickHouseSink) -> None:
    found = ask(seeded, "SELECT client, total_worked_seconds, total_rounding_seconds, total_quantity_seconds, "
                        "dispositions, difference, segment_difference, amount_difference FROM conservation "
                        "WHERE tenant = 'main' ORDER BY client")  # fmt: skip
    assert found == [
        ("", 1500, 300, 1800, {"unlinked": 1800}, 0, 0, 0),
        ("acme", 9300, 1500, 10800, {"billed": 5400, "unpriced": 3600, "non_billable": 1800}, 0, 0, 0),
    ]


def test_conservation_shows_a_disposition_outside_the_closed_list_and_lines_that_lose_seconds(
    ledger: ClickHouseSink,
) -> None:
    short = Segment("standard", MARCH, MARCH + 1500, 1500, 1799, "150.00", 7500)
    ledger.write(ENTRIES, [entry_row(entry("w1", segments=(short,))), entry_row(unbilled("w2", "invented"))])
    assert ask(ledger, "SELECT difference, segment_difference FROM conservation") == [(1800, 1)]


def test_work_and_evidence_are_conserved_and_a_lost_row_shows(ledger: ClickHouseSink) -> None:
    ledger.write(INTERVALS, [interval_row(interval("i1", 1500), 1), interval_row(interval("i2", 600), 1)])
    ledger.write(WORK, [
        work_row(work("i1", proof=(("i1", 1500), ("i2", 200))), 1),
        work_row(work("i2", proof=(), state="absorbed", reason="i1"), 1),
        work_row(work("i3", proof=(("i3", 60),)), 1),
        work_row(work("i4", proof=(("i4", 60),), state="void"), 1),
    ])  # fmt: skip
    split = [("2026-03", 1000), ("2026-04", 700)]
    ledger.write(ENTRIES, [
        entry_row(entry("i1", period=period, worked_seconds=n, rounding_seconds=0, quantity_seconds=n))
        for period, n in split
    ])  # fmt: skip
    assert ask(ledger, "SELECT work, work_seconds, entry_seconds, difference FROM work_conservation ORDER BY work") == [
        ("i1", 1700, 1700, 0),
        ("i3", 60, 0, 60),
    ]
    evidence = "SELECT interval, interval_seconds, placed_seconds, absorbed_seconds FROM evidence_conservation "
    assert ask(ledger, evidence + "ORDER BY interval") == [
        ("i1", 1500, 1500, 0), ("i2", 600, 200, 400), ("i3", 0, 60, -60),
    ]  # fmt: skip


def test_what_moved_to_another_month_reads_the_same_before_and_after_a_merge(ledger: ClickHouseSink) -> None:
    ledger.write(ENTRIES, [entry_row(entry(period="2026-01", version=1))])
    ledger.write(ENTRIES, [entry_row(void(period="2026-01", version=2)), entry_row(entry(period="2026-02", version=2))])
    ledger.write(ENTRIES, [entry_row(entry(period="2026-01", version=1))])
    plain = "SELECT period, amount FROM entries_live"
    per_partition = plain + " SETTINGS do_not_merge_across_partitions_select_final = 1"
    for _ in range(2):
        assert ask(ledger, plain) == ask(ledger, per_partition) == [("2026-02", 7500)]
        ledger.client().command("OPTIMIZE TABLE entries FINAL")
    assert ask(ledger, "SELECT count() FROM entries WHERE void") == [(1,)]


def test_instants_come_back_in_utc_to_the_second(ledger: ClickHouseSink) -> None:
    ledger.write(PARKED, [parked_row(parked())])
    ledger.write(ENTRIES, [entry_row(entry())])
    ((start, tier_start),) = ask(ledger, "SELECT started_at, `segments.started_at`[1] FROM entries_live")
    assert start == tier_start
    assert (start.isoformat(), start.timestamp()) == ("2026-03-01T00:00:00+00:00", MARCH)


def partly_billed() -> list[Segment]:
    """10 min billed, 10 and then 20 min that had no price, 5 min that no contract took."""
    pieces: list[tuple[int, int, Disposition, str, int]] = [
        (600, 1667, "billed", "", 0), (600, 0, "unpriced", "no_rate_line", 1600),
        (300, 0, "no_rate_path", "no_contract_fits", 800), (1200, 0, "unpriced", "no_rate_line", 3200),
    ]  # fmt: skip
    return [
        Segment("standard", MARCH, MARCH + 600, n, n, amount=amount, disposition=what, reason=why, risk_amount=risk)
        for n, amount, what, why, risk in pieces
    ]


def test_a_row_that_is_billed_in_part_is_told_by_its_parts_and_counted_once(ledger: ClickHouseSink) -> None:
    segments = tuple(partly_billed())
    mixed = entry(
        "w1", worked_seconds=2700, rounding_seconds=0, quantity_seconds=2700, amount=1667, segments=segments,
        risk_amount=5600, risk_currency="EUR", overlap_seconds=60, recovered=True,
    )  # fmt: skip
    ledger.write(ENTRIES, [entry_row(mixed), entry_row(entry("w2"))])
    parts = "SELECT work, disposition, reason, worked_seconds, rounding_seconds, quantity_seconds, overlap_seconds, "
    found = ask(ledger, parts + "amount, risk_amount FROM outcomes ORDER BY work, disposition")
    assert found == [
        ("w1", "billed", "", 600, 0, 600, 60, 1667, 0),
        ("w1", "no_rate_path", "no_contract_fits", 300, 0, 300, 0, 0, 800),
        ("w1", "unpriced", "no_rate_line", 1800, 0, 1800, 0, 0, 4800),
        ("w2", "billed", "", 1500, 300, 1800, 0, 7500, 0),
    ]
    leaks = "SELECT disposition, entries, total_quantity_seconds, total_risk_amount FROM leakage ORDER BY disposition"
    assert ask(ledger, leaks) == [("no_rate_path", 1, 300, 800), ("unpriced", 1, 1800, 4800)]
    became = ask(ledger, "SELECT disposition, total_worked_seconds, total_amount FROM recovered ORDER BY disposition")
    assert became == [("billed", 600, 1667), ("no_rate_path", 300, 0), ("unpriced", 1800, 0)]
    whole = "SELECT entries, dispositions, difference, segment_difference, amount_difference FROM conservation"
    assert ask(ledger, whole) == [(2, {"billed": 2400, "unpriced": 1800, "no_rate_path": 300}, 0, 0, 0)]
    lines = ask(ledger, "SELECT disposition, reason FROM lines WHERE work = 'w1' ORDER BY line_number")
    assert [one[0] for one in lines] == ["billed", "unpriced", "no_rate_path", "unpriced"]
