"""Utilisation, realisation and burn-down, on numbers worked out by hand."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from jobs.scenario import read_scenario
from jobs.simulate import simulate
from jobs.simulate_ledger import rows
from sinks.clickhouse import ClickHouseSink
from sinks.rows import entry_row
from sinks.tables import ENTRIES
from streams.models.entry import Entry, Segment
from tests.sinks.builders import MARCH, entry, unbilled

pytestmark = pytest.mark.integration
HOUR = 3600
STORIES = Path(__file__).parents[1] / "stories"


def ask(sink: ClickHouseSink, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in sink.client().query(sql).result_rows]


def store(sink: ClickHouseSink, *entries: Entry) -> None:
    sink.write(ENTRIES, [entry_row(one) for one in entries])


def worked(work: str, seconds: int, **fields: Any) -> Entry:
    return unbilled(work, worked_seconds=seconds, quantity_seconds=seconds, rounding_seconds=0, **fields)


def test_a_day_of_eight_hours(ledger: ClickHouseSink) -> None:
    """3 h billed of which 1 h at a second client at once, 2 h covered, 1 h internal, 1 h that no timer covers: 6 h of
    which 5 h were billable, so 62.5 % of a day of 8."""
    billed: dict[str, Any] = {"disposition": "billed", "risk": 0, "reason": ""}
    store(
        ledger,
        worked("a", 2 * HOUR, **billed),
        worked("b", HOUR, client="beta", overlap_seconds=HOUR, **billed),
        worked("c", 2 * HOUR, disposition="covered", risk=0),
        worked("d", HOUR, disposition="non_billable", reason="internal_client", risk=0),
        worked("e", HOUR, recovered=True),
        worked("f", HOUR, local_date="2026-03-02", **billed),
        worked("g", HOUR, technician=""),
    )
    sums = "worked_once_seconds, billable_seconds, billed_seconds, internal_seconds, timer_missed_seconds"
    found = ask(ledger, f"SELECT toString(local_date), month, {sums} FROM utilisation ORDER BY local_date")
    assert found == [
        ("2026-03-01", "2026-03", 6 * HOUR, 5 * HOUR, 3 * HOUR, HOUR, HOUR),
        ("2026-03-02", "2026-03", HOUR, HOUR, HOUR, 0, 0),
    ]
    percent = "round(sum(billable_seconds) / 3600 / 8 * 100, 1)"
    assert ask(ledger, f"SELECT {percent} FROM utilisation WHERE local_date = '2026-03-01'") == [(62.5,)]


def test_what_of_the_value_was_billed(ledger: ClickHouseSink) -> None:
    """25 min at 150.00 are 62.50, billed as 30 min: 75.00. 20.00 written off, 30.00 unlinked: 75.00 of 112.50."""
    store(
        ledger,
        entry("w1"),
        unbilled("w2", "written_off", risk=2000),
        unbilled("w3", risk=3000),
        worked("w4", HOUR, disposition="covered", risk=0),
    )
    columns = "currency, billed_amount, recorded_value, unbilled_value, written_off_value, realisation_percent"
    assert ask(ledger, f"SELECT {columns} FROM realisation") == [("EUR", 7500, 6250, 5000, 2000, Decimal("66.7000"))]


def test_fees_are_part_of_the_value_and_yen_have_no_cents(ledger: ClickHouseSink) -> None:
    """1 h at 9000 yen with a trip of 3000: 12 000 of 12 000."""
    line = Segment("standard", MARCH, MARCH + HOUR, HOUR, HOUR, "9000", 12000, "12000.000000", "card/0", fee="3000")
    store(ledger, entry("w1", currency="JPY", exponent=0, amount=12000, segments=(line,), worked_seconds=HOUR,
                        quantity_seconds=HOUR, rounding_seconds=0))  # fmt: skip
    found = ask(ledger, "SELECT billed_amount, recorded_value, realisation_percent FROM realisation")
    assert found == [(12000, 12000, Decimal(100))]


def test_a_correction_takes_its_value_back(ledger: ClickHouseSink) -> None:
    """What was booked, taken back: nothing is left of it."""
    line = Segment("standard", MARCH, MARCH + 1500, -1500, -1800, "150.00", -7500, "-75.000000", "card/0")
    back = entry("w1", period="2026-04", amount=-7500, segments=(line,), worked_seconds=-1500, rounding_seconds=-300,
                 quantity_seconds=-1800)  # fmt: skip
    store(ledger, entry("w1"), back)
    assert ask(ledger, "SELECT sum(billed_amount), sum(recorded_value) FROM realisation") == [(0, 0)]
    assert ask(ledger, "SELECT worked_once_seconds FROM utilisation") == [(0,)]


def drawn(ledger: ClickHouseSink, story: str) -> list[tuple[Any, ...]]:
    """The rows of a story, as the kernel makes them."""
    scenario = read_scenario(STORIES / f"{story}.yaml", "main")
    store(ledger, *rows(simulate(scenario), scenario.names))
    columns = "contract, lot, toString(local_date), drawn_seconds, drawn_so_far_seconds, lot_left, left_seconds"
    return ask(ledger, f"SELECT {columns} FROM burn_down ORDER BY lot, local_date")


def test_an_hour_that_takes_two_of_ten(ledger: ClickHouseSink) -> None:
    assert drawn(ledger, "R4") == [("b", "b/l", "2026-03-03", 2 * HOUR, 2 * HOUR, "480 min", 8 * HOUR)]


def test_a_block_of_an_hour_is_used_up(ledger: ClickHouseSink) -> None:
    found = drawn(ledger, "covered_over_pauses")
    assert [(one[3], one[6]) for one in found] == [(HOUR, 0)]
