"""Reversals negate everything that is added up; locks of months."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from billing.closes import Statements, booked, month_after
from billing.corrections import ADDED, ADDED_IN_SEGMENTS, SEGMENT_TEXTS, TEXTS, corrected, negated_text
from billing.lock import is_soft, may_edit
from streams.models.closing import Closed, content, encode_manifest, hash_of
from streams.models.entry import Entry, Segment
from tests.sinks.builders import entry

PLACES = {"schema", "version", "start", "end", "exponent"}


def numbers(struct: type[Any]) -> set[str]:
    return {one.name for one in msgspec.structs.fields(struct) if one.type in (int, int | None)}


def test_every_number_of_a_row_is_a_place_or_is_negated() -> None:
    """A field that somebody adds must be said to be one or the other."""
    assert numbers(Entry) == {*ADDED, "cost", *PLACES}
    assert numbers(Segment) == {*ADDED_IN_SEGMENTS, "start", "end"}
    assert set(TEXTS) <= {one.name for one in msgspec.structs.fields(Entry)}
    assert set(SEGMENT_TEXTS) <= {one.name for one in msgspec.structs.fields(Segment)}


def test_a_reversal_is_the_exact_negative_and_names_what_it_takes_back() -> None:
    row = entry("w1", exact="75.005000", cost=4100, cost_currency="EUR")
    statements = Statements()
    of = Closed(client="acme", period="2026-03", number=1, hash="", until=0, rows=1)
    statements.add(of, [bytes(chunk) for chunk in encode_manifest([row])])
    stays, reversal = corrected(statements, ["w1"], [])
    assert stays == row
    assert (reversal.identity.row_class, reversal.identity.period, reversal.corrects) == ("reversal", "2026-04", row.id)
    assert all(getattr(reversal, name) == -getattr(row, name) for name in (*ADDED, "cost"))
    assert (reversal.exact, reversal.segments[0].exact, reversal.segments[0].amount) == (
        "-75.005000",
        "-75.000000",
        -7500,
    )
    assert booked([row, reversal]) == {}


def test_what_explains_a_row_is_not_what_is_booked() -> None:
    row = entry("w1")
    assert content(row) == content(entry("w1", trail=(), proof=(), flags=(), who="x", version=7 << 24))
    for change in ({"amount": 1}, {"ticket": "T-2"}, {"technician": "bob"}, {"contract": "k2"}, {"reason": "x"}):
        assert content(row) != content(entry("w1", **change))
    assert hash_of([row, entry("w2")]) == hash_of([entry("w2"), row]) != hash_of([row])


@pytest.mark.parametrize(
    ("text", "other"), [("10.125", "-10.125"), ("-3", "3"), ("0", "0"), ("0.00", "0.00"), ("", "")]
)
def test_text_is_negated_exactly(text: str, other: str) -> None:
    assert negated_text(text) == other


def test_a_month_and_its_grace() -> None:
    may = date(2026, 5, 31)
    assert may_edit(may, date(2026, 6, 10), 10)
    assert not may_edit(may, date(2026, 6, 11), 10)
    assert not may_edit(may, date(2026, 7, 1), 31)
    assert may_edit(may, date(2026, 5, 1), 0)
    assert may_edit(may, date(2027, 1, 1), None)
    assert (is_soft("2026-05", date(2026, 6, 1)), is_soft("2026-05", may)) == (True, False)
    assert month_after("2026-12") == "2027-01"
