"""The picture of an entry: evidence and pauses in their places, charges without hours, and what corrects what."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from sinks.clickhouse import ClickHouseSink
from sinks.rows import entry_row
from sinks.tables import ENTRIES
from streams.models.entry import Entry, Identity, RowClass, Segment
from streams.models.work import Proof
from streams.settings import Settings
from tests.sinks.builders import entry
from tests.web.conftest import pages_of
from tests.web.test_leakage_page import seen
from web.picture import SCALE, picture

CORRECTIONS: tuple[RowClass, ...] = ("reversal", "replacement")
START = 1_772_323_200  # 2026-03-01T00:00:00Z


def timer(**fields: Any) -> Entry:
    proof = (Proof("i1", "desk:main", "ticket_timer", 1500),)
    plain: dict[str, Any] = {"proof": proof, "zone": "UTC", "start": START, "end": START + 3600}
    return entry("w1", **(plain | fields))


def test_evidence_stands_where_it_happened_and_pauses_between() -> None:
    line = replace_line(timer(), start=START, end=START + 3600)
    found = picture(line, {"i1": [(START, START + 900), (START + 1800, START + 3600)]})
    assert found is not None
    bars = [(one.left, one.width, one.tint) for one in found.lanes[0].bars]
    assert bars == [(0, 250, "evidence"), (250, 250, "pause"), (500, 500, "evidence")]
    assert [(one.left, one.width) for one in found.lanes[-1].bars] == [(0, SCALE)]
    assert found.ticks == ["00:00", "00:15", "00:30", "00:45", "01:00"]


def test_a_charge_and_a_moment_have_no_timeline() -> None:
    assert picture(timer(charge="fee"), {}) is None
    moment = timer(end=START, segments=(), proof=())
    assert picture(moment, {}) is None


def test_many_pieces_of_evidence_are_not_all_drawn() -> None:
    proof = tuple(Proof(f"i{n}", "mesh:1", "remote_session", 10) for n in range(30))
    found = picture(timer(proof=proof), {})
    assert found is not None
    assert (len(found.lanes), found.hidden) == (11, 20)


def replace_line(one: Entry, **fields: Any) -> Entry:
    return msgspec.structs.replace(one, segments=(msgspec.structs.replace(one.segments[0], **fields),))


@pytest.mark.integration
def test_a_charge_explains_itself(empty: Settings) -> None:
    line = Segment("", START, START, 0, 0, amount=-1200, exact="-12.000000", fee="-12.00")
    one = entry(
        "charge:acme-care:discount:2026-03-31", charge="discount", kind="", technician="", ticket="", proof=(),
        worked_seconds=0, rounding_seconds=0, quantity_seconds=0, amount=-1200, exact="-12", segments=(line,),
        local_date="2026-03-31", project="roll-out",
    )  # fmt: skip
    write(empty, one)
    text = seen(pages_of(empty).get(f"/entry/{one.id}").text)
    assert "−12.00 EUR" in text
    assert "Discount for acme, 2026-03-31" in text
    assert "roll-out" in text
    assert "Worked" not in text.split("Id ")[0], "a charge has no hours"


@pytest.mark.integration
def test_corrections_stand_beside_what_they_correct(empty: Settings) -> None:
    booked = entry("w1")
    back, instead = (
        msgspec.structs.replace(booked, identity=Identity("acme", "2026-04", "w1", what, "2026-03"))
        for what in CORRECTIONS
    )
    back = replace_line(msgspec.structs.replace(back, amount=-booked.amount), amount=-booked.amount)
    write(empty, booked, back, instead)
    pages = pages_of(empty)
    for one in (booked, back, instead):
        text = seen(pages.get(f"/entry/{one.id}").text).split("In the statements")[1]
        rows = [text.index(words) for words in ("As booked", "Taken back, of March", "Booked instead, of March")]
        assert rows == sorted(rows)
        assert "−75.00 EUR" in text


def write(settings: Settings, *entries: Entry) -> None:
    sink = ClickHouseSink(settings)
    sink.write(ENTRIES, [entry_row(one) for one in entries])
    sink.close()
