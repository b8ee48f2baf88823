"""Rounding: once per scope; the surplus goes somewhere by rule, and nothing is lost."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rounding import MODES, SCOPES, SURPLUS, distribute, last_segment, quantity
from streams.models.catalog import Rounding
from tests.billing.rate_kit import LAWS, minutes, rated, span, work, worked
from tests.billing.rate_kit import catalogue as terms

UP15 = Rounding(id="up15", increment_minutes=15)


def policy(increment: int, minimum: int = 0) -> Rounding:
    return Rounding(id="p", increment_minutes=increment, minimum_minutes=minimum)


@pytest.mark.parametrize(
    ("vector", "increment", "minimum", "seconds", "expected"),
    [
        ("RD1: any part of an increment", 15, 0, 5 * 60, 15 * 60),
        ("RD2: an exact multiple stays", 15, 0, 90 * 60, 90 * 60),
        ("RD3: whole seconds", 15, 0, 900, 900),
        ("RD3: one second more", 15, 0, 901, 1800),
        ("RD4: up15 and up6 of 22 min", 15, 0, 22 * 60, 30 * 60),
        ("RD4: up6", 6, 0, 22 * 60, 24 * 60),
        ("RD19: zero seconds bill nothing", 15, 15, 0, 0),
        ("MN1: minimum", 0, 60, 20 * 60, 60 * 60),
        ("MN2: max(minimum, rounded)", 15, 20, 5 * 60, 20 * 60),
        ("MN3: increments from zero", 15, 20, 25 * 60, 30 * 60),
        ("no policy at all", 0, 0, 61, 61),
    ],
)
def test_quantities(vector: str, increment: int, minimum: int, seconds: int, expected: int) -> None:
    assert quantity(policy(increment, minimum), seconds) == expected, vector


def test_every_scope_and_mode_of_the_catalogue_is_in_the_registry() -> None:
    schema = Rounding.model_json_schema()["properties"]
    assert set(SCOPES) == set(schema["scope"]["enum"])
    assert set(MODES) == {schema["mode"]["const"]}
    assert set(SURPLUS) == {"last_segment"}


@LAWS
@given(st.lists(st.integers(0, 20_000), min_size=1, max_size=6), st.integers(0, 60), st.integers(0, 120))
def test_parts_sum_to_the_scope_and_only_the_last_grows(seconds: list[int], increment: int, minimum: int) -> None:
    rounding = policy(increment, minimum)
    billed = distribute(rounding, seconds)
    assert sum(billed) == quantity(rounding, sum(seconds))
    worked_parts = [i for i, part in enumerate(seconds) if part]
    assert all(billed[i] == part for i, part in enumerate(seconds) if i not in worked_parts[-1:])


@LAWS
@given(st.lists(st.integers(0, 1000), min_size=1, max_size=6), st.data())
def test_a_reduction_takes_from_the_end(seconds: list[int], data: st.DataObject) -> None:
    """For modes that round down: never below zero, and never from an earlier part before a later one is empty."""
    total = data.draw(st.integers(0, sum(seconds)))
    billed = last_segment(seconds, total)
    assert sum(billed) == total
    touched = [i for i, part in enumerate(seconds) if billed[i] != part]
    assert all(part >= 0 for part in billed)
    assert all(billed[i] == 0 for i in range(len(seconds)) if touched and i > touched[0])


def test_rd13_scope_entry_and_ticket_day() -> None:
    """45 + 45 + 5 min on one ticket and day, up to 60, at least 60: 180 by entry, 120 by day."""
    works = [worked(length, f"w{i}", f"2026-03-03 1{i}:00") for i, length in enumerate((45, 45, 5))]
    hour: dict[str, Any] = {"increment_minutes": 60, "minimum_minutes": 60}
    assert minutes(rated(terms(scope="entry", **hour), *works)) == [60, 60, 60]
    assert minutes(rated(terms(scope="ticket_day", **hour), *works)) == [45, 45, 30]


def test_rd16_ten_short_steps() -> None:
    works = [worked(2, f"w{i}", f"2026-03-03 1{i}:00") for i in range(10)]
    assert sum(minutes(rated(terms(scope="entry", increment_minutes=15), *works))) == 150
    assert sum(minutes(rated(terms(scope="ticket_day", increment_minutes=15), *works))) == 30


def test_ticket_day_is_one_ticket_one_day_and_all_technicians() -> None:
    up15 = terms(scope="ticket_day", increment_minutes=15)
    together = [worked(5, "a"), worked(5, "b", technician="bob")]
    assert minutes(rated(up15, *together)) == [5, 10]
    assert minutes(rated(up15, worked(5, "a"), worked(5, "b", ticket="T2"))) == [15, 15]
    assert minutes(rated(up15, worked(5, "a"), worked(5, "b", start="2026-03-04 10:00"))) == [15, 15]


def test_without_a_ticket_a_piece_of_work_is_its_own_scope() -> None:
    up15 = terms(scope="ticket_day", increment_minutes=15)
    assert minutes(rated(up15, worked(5, "a", ticket=None), worked(5, "b", ticket=None))) == [15, 15]
    over_midnight = work("w", span("2026-03-03 23:50", "2026-03-04 00:10"), ticket=None)
    assert minutes(rated(up15, over_midnight)) == [30]


def test_ticket_day_ends_at_local_midnight() -> None:
    """10 min before and 10 after midnight in New York: two days, 15 min each, in one row."""
    over_midnight = work("w", span("2026-03-03 23:50", "2026-03-04 00:10", "America/New_York"))
    up15 = terms("America/New_York", scope="ticket_day", increment_minutes=15)
    assert minutes(rated(up15, over_midnight)) == [30]
    assert minutes(rated(terms("UTC", scope="ticket_day", increment_minutes=15), over_midnight)) == [30]
    long = work("w", span("2026-03-03 23:55", "2026-03-04 00:10", "America/New_York"))
    assert minutes(rated(up15, long)) == [30]
    assert minutes(rated(terms("UTC", scope="ticket_day", increment_minutes=15), long)) == [15]


def test_what_is_not_billed_does_not_fill_the_minimum_of_what_is() -> None:
    hour = terms(scope="ticket_day", minimum_minutes=60)
    rows = rated(hour, worked(50, "a", billable=False), worked(20, "b", start="2026-03-03 12:00"))
    assert [(row.disposition, row.quantity_seconds // 60) for row in rows] == [("non_billable", 60), ("billed", 60)]


def test_rs4_one_entry_over_a_month_end_is_rounded_once() -> None:
    over = work("w", span("2026-03-31 23:50", "2026-04-01 00:10"))
    rows = rated(terms(increment_minutes=15), over)
    assert [(row.identity.period, row.quantity_seconds // 60) for row in rows] == [("2026-03", 10), ("2026-04", 20)]


def test_rd19_a_note_of_no_length_has_a_row_and_no_quantity() -> None:
    (row,) = rated(terms(increment_minutes=15, minimum_minutes=15), worked(0))
    assert (row.disposition, row.worked_seconds, row.quantity_seconds, row.amount) == ("billed", 0, 0, 0)
    assert row.segments == ()


def test_the_surplus_never_lands_on_a_part_of_no_length() -> None:
    up15 = terms(scope="ticket_day", increment_minutes=15)
    assert minutes(rated(up15, worked(5, "a"), worked(0, "b", start="2026-03-03 12:00"))) == [15, 0]
