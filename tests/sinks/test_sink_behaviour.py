"""What every sink promises, asked of each of them."""

from collections.abc import Iterator
from itertools import permutations

import msgspec
import pytest

from sinks.clickhouse import ClickHouseSink
from sinks.memory import MemorySink
from sinks.rows import entry_of, entry_row, interval_row, parked_of, parked_row, work_row
from sinks.store import Sink, StoreError
from sinks.tables import ENTRIES, INTERVALS, PARKED, WORK, Row
from streams.models.entry import Entry
from tests.sinks.builders import entry, interval, parked, unbilled, void, work

pytestmark = pytest.mark.integration


@pytest.fixture(params=["memory", "clickhouse"])
def sink(request: pytest.FixtureRequest) -> Iterator[Sink]:
    if request.param == "memory":
        yield MemorySink()
    else:
        found: ClickHouseSink = request.getfixturevalue("ledger")
        yield found


def rows(*entries: Entry) -> list[Row]:
    return [entry_row(one) for one in entries]


def live(sink: Sink) -> list[Entry]:
    return [entry_of(ENTRIES.named(row)) for row in sink.live(ENTRIES)]


def test_what_is_written_is_read_in_the_order_of_identities(sink: Sink) -> None:
    wanted = [entry("a", "acme"), entry("b", "acme", "2026-02"), entry("a", "zeta", trail=()), unbilled("é", client="")]
    sink.write(ENTRIES, rows(*wanted))
    assert live(sink) == sorted(wanted, key=lambda one: one.identity)


def test_the_highest_version_holds_in_whatever_order_and_however_often_they_come(sink: Sink) -> None:
    versions = [entry("w", version=n << 24, amount=n, segments=()) for n in (1, 2, 3)]
    for number, order in enumerate(permutations(versions)):
        named = [replace_work(one, f"w{number}") for one in order]
        for one in (*named, *named):
            sink.write(ENTRIES, rows(one))
    assert [one.amount for one in live(sink)] == [3] * 6


def test_a_void_row_hides_what_was_and_a_late_old_version_does_not_bring_it_back(sink: Sink) -> None:
    sink.write(ENTRIES, rows(entry(version=1 << 24)))
    sink.write(ENTRIES, rows(void(version=2 << 24)))
    sink.write(ENTRIES, rows(entry(version=1 << 24)))
    assert live(sink) == []
    sink.write(ENTRIES, rows(entry(version=3 << 24)))
    assert len(live(sink)) == 1


def test_work_that_moves_to_another_period_and_back_counts_once(sink: Sink) -> None:
    january, february = entry(period="2026-01", version=1), entry(period="2026-02", version=2)
    sink.write(ENTRIES, rows(january))
    sink.write(ENTRIES, rows(void(period="2026-01", version=2), february))
    assert [one.identity.period for one in live(sink)] == ["2026-02"]
    sink.write(ENTRIES, rows(msgspec.structs.replace(january, version=3), void(period="2026-02", version=3)))
    assert [one.identity.period for one in live(sink)] == ["2026-01"]
    sink.write(ENTRIES, rows(february))  # a worker that wakes up late
    assert [one.identity.period for one in live(sink)] == ["2026-01"]


def test_tenants_never_meet(sink: Sink) -> None:
    sink.write(ENTRIES, rows(entry(), entry(tenant="other", amount=1, segments=())))
    assert {one.tenant: one.amount for one in live(sink)} == {"main": 7500, "other": 1}


@pytest.mark.parametrize(
    "bad",
    [
        entry("bad", amount=1 << 63, segments=()),
        entry("bad", exponent=256),
        entry("bad", version=1 << 64),
        entry("bad", quantity_seconds=1),
        entry("bad", amount=7501),
    ],
    ids=["amount too large", "exponent too large", "version too large", "seconds not conserved", "lines do not add up"],
)
def test_a_bad_row_is_refused_as_data_and_nothing_of_it_stays(sink: Sink, bad: Entry) -> None:
    with pytest.raises(StoreError) as refused:
        sink.write(ENTRIES, rows(bad))
    assert refused.value.kind == "data"
    assert live(sink) == []


def test_more_periods_than_one_insert_may_touch(sink: Sink) -> None:
    many = [entry(period=f"{1990 + n // 12}-{n % 12 + 1:02d}") for n in range(120)]
    sink.write(ENTRIES, rows(*many))
    assert len(live(sink)) == 120


def test_intervals_work_and_parked_items_keep_one_row_each(sink: Sink) -> None:
    sink.write(INTERVALS, [interval_row(interval(), 2), interval_row(interval(close="void"), 1)])
    sink.write(WORK, [work_row(work(), 1), work_row(work(state="absorbed", proof=(), reason="w0"), 2)])
    sink.write(PARKED, [parked_row(parked(version=n, void=n == 2)) for n in (1, 2, 3)])
    assert [INTERVALS.named(row)["close"] for row in sink.live(INTERVALS)] == ["stop"]
    assert [WORK.named(row)["state"] for row in sink.live(WORK)] == ["absorbed"]
    (item,) = (parked_of(PARKED.named(row)) for row in sink.live(PARKED))
    assert (item.version, item.key, item.value) == (3, b"main/a1", b"\xff\x00 not json")


def replace_work(one: Entry, name: str) -> Entry:
    return msgspec.structs.replace(one, identity=msgspec.structs.replace(one.identity, work=name))
