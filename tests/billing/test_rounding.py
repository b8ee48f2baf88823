"""Rounding: once per scope; the surplus goes somewhere by rule, and nothing is lost."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.money import Rate
from billing.rounding import MODES, instants, quantity_of
from billing.scopes import SCOPES
from billing.surplus import SURPLUS, Share, distribute, last_segment
from streams.models.catalog import Rounding
from tests.billing.rate_kit import LAWS, minutes, rated, span, work, worked
from tests.billing.rate_kit import catalogue as terms

UP15 = Rounding(id="up15", increment_minutes=15)


def policy(increment: int, minimum: int = 0) -> Rounding:
    return Rounding(id="p", increment_minutes=increment, minimum_minutes=minimum)


def shares(seconds: list[int], rates: list[int] | None = None) -> list[Share]:
    """Parts of one scope, each a segment of its own."""
    prices = rates or [100] * len(seconds)
    return [Share(part, Rate(price, 0), n) for n, (part, price) in enumerate(zip(seconds, prices, strict=True))]


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
    assert quantity_of(policy(increment, minimum), seconds) == expected, vector


def test_every_scope_and_mode_of_the_catalogue_is_in_the_registry() -> None:
    schema = Rounding.model_json_schema()["properties"]
    assert set(SCOPES) == set(schema["scope"]["enum"])
    assert set(MODES) == {*schema["mode"]["enum"], *schema["begin"]["enum"], *schema["end"]["enum"]}
    assert set(SURPLUS) == set(schema["surplus"]["enum"])


@LAWS
@given(st.lists(st.integers(0, 20_000), min_size=1, max_size=6), st.integers(0, 60), st.integers(0, 120))
def test_parts_sum_to_the_scope_and_only_the_last_grows(seconds: list[int], increment: int, minimum: int) -> None:
    rounding = policy(increment, minimum)
    billed = distribute(rounding, shares(seconds))
    assert sum(billed) == quantity_of(rounding, sum(seconds))
    worked_parts = [i for i, part in enumerate(seconds) if part]
    assert all(billed[i] == part for i, part in enumerate(seconds) if i not in worked_parts[-1:])


@LAWS
@given(st.lists(st.integers(0, 1000), min_size=1, max_size=6), st.data())
def test_a_reduction_takes_from_the_end(seconds: list[int], data: st.DataObject) -> None:
    """For modes that round down: never below zero, and never from an earlier part before a later one is empty."""
    total = data.draw(st.integers(0, sum(seconds)))
    billed = last_segment(shares(seconds), total, UP15)
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


def of(**fields: Any) -> Rounding:
    return Rounding(id="p", **fields)


@pytest.mark.parametrize(
    ("vector", "given", "minutes_worked", "expected"),
    [
        ("RD4", {"mode": "down", "increment_minutes": 15}, 22, 15),
        ("RD4", {"mode": "nearest", "increment_minutes": 15}, 22, 15),
        ("RD4", {"mode": "down", "increment_minutes": 6}, 22, 18),
        ("RD4", {"mode": "nearest", "increment_minutes": 6}, 22, 24),
        ("RD5", {"mode": "down", "increment_minutes": 6}, 14, 12),
        ("RD6", {"mode": "nearest", "increment_minutes": 30}, 14, 0),
        ("RD6", {"mode": "nearest", "increment_minutes": 30}, 29, 30),
        ("RD10", {"mode": "threshold", "increment_minutes": 30, "slack_minutes": 5}, 3, 0),
        ("RD10", {"mode": "threshold", "increment_minutes": 30, "slack_minutes": 5}, 34, 30),
        ("RD10", {"mode": "threshold", "increment_minutes": 30, "slack_minutes": 5}, 38, 60),
        ("RD11", {"mode": "grace", "increment_minutes": 30, "slack_minutes": 3}, 32, 30),
        ("RD11", {"mode": "grace", "increment_minutes": 30, "slack_minutes": 3}, 34, 60),
        ("Q12", {"mode": "nearest", "increment_minutes": 10}, 15, 20),
        ("Q12", {"mode": "half_down", "increment_minutes": 10}, 15, 10),
        ("MN2", {"increment_minutes": 15, "minimum_minutes": 20, "order": "minimum_then_round"}, 5, 30),
        ("MN3", {"increment_minutes": 15, "minimum_minutes": 20, "anchor": "minimum"}, 25, 35),
        ("MN3", {"increment_minutes": 15, "minimum_minutes": 20, "anchor": "minimum"}, 12, 20),
        ("first block", {"increment_minutes": 15, "first_block_minutes": 60}, 20, 60),
        ("first block", {"increment_minutes": 15, "first_block_minutes": 60}, 61, 75),
        ("RD19", {"minimum_minutes": 15, "min_applies_to_zero": True}, 0, 15),
        ("90 s", {"increment_minutes": 1, "increment_seconds": 30}, 2, 3),
    ],
)
def test_modes_minimums_and_blocks(vector: str, given: dict[str, Any], minutes_worked: int, expected: int) -> None:
    assert quantity_of(of(**given), minutes_worked * 60) == expected * 60, vector


def clock(text: str) -> int:
    hours, mins, secs = map(int, text.split(":"))
    return hours * 3600 + mins * 60 + secs


@pytest.mark.parametrize(
    ("begin", "end", "expected"),
    [("down", "up", 5400), ("up", "up", 4500), ("nearest", "nearest", 4500), ("down", "down", 4500),
     ("exact", "exact", 4517)],
)  # fmt: skip
def test_rd8_instants(begin: str, end: str, expected: int) -> None:
    policy = of(increment_minutes=15, basis="instants", begin=begin, end=end)
    assert instants(policy, clock("12:17:35"), clock("13:32:52"), 4517) == expected


@LAWS
@given(
    st.sampled_from(["up", "down", "nearest", "half_down", "grace", "threshold"]),
    st.integers(1, 7200),
    st.integers(0, 7200),
    st.integers(0, 30_000),
    st.integers(0, 3600),
)
def test_modes_are_idempotent_monotone_and_up_never_shortens(
    mode: str, increment: int, slack: int, seconds: int, more: int
) -> None:
    slack = max(1, slack % increment) if mode == "threshold" else slack % increment
    rounded = MODES[mode](seconds, increment, slack)
    assert rounded % increment == 0
    assert abs(rounded - seconds) < increment
    assert MODES[mode](rounded, increment, slack) == rounded
    assert MODES[mode](seconds + more, increment, slack) >= rounded
    assert mode != "up" or rounded >= seconds
    assert mode != "down" or rounded <= seconds


@pytest.mark.parametrize(
    ("surplus", "expected"),
    [("each_segment", [900, 900]), ("last_segment", [600, 300]), ("pro_rata", [643, 257]),
     ("first_swallows", [900, 0]), ("highest_rate", [600, 300])],
)  # fmt: skip
def test_rs2_who_gets_the_surplus(surplus: str, expected: list[int]) -> None:
    policy = of(increment_minutes=15, surplus=surplus)
    assert distribute(policy, shares([600, 240], [100, 150])) == expected


def test_the_dearest_part_gets_it_wherever_it_stands() -> None:
    policy = of(increment_minutes=15, surplus="highest_rate")
    assert distribute(policy, shares([600, 240], [150, 100])) == [660, 240]
    down = of(increment_minutes=15, mode="down", surplus="highest_rate")
    assert distribute(down, shares([300, 240, 600], [150, 100, 90])) == [60, 240, 600]


@LAWS
@given(
    st.lists(st.integers(0, 20_000), min_size=1, max_size=6),
    st.sampled_from(sorted(SURPLUS)),
    st.sampled_from(["up", "down", "nearest"]),
    st.integers(0, 60),
    st.integers(0, 120),
    st.booleans(),
)
def test_every_rule_hands_out_exactly_the_quantity(
    seconds: list[int], surplus: str, mode: str, increment: int, minimum: int, zero: bool
) -> None:
    given_ = {"increment_minutes": increment, "minimum_minutes": minimum, "min_applies_to_zero": zero}
    policy = of(mode=mode, surplus=surplus, **given_)
    billed = distribute(policy, shares(seconds))
    assert min(billed) >= 0
    if surplus == "each_segment":
        assert billed == [quantity_of(policy, part) for part in seconds]
    else:
        assert sum(billed) == quantity_of(policy, sum(seconds))


def test_scopes_of_the_client_of_a_technician_and_of_a_month() -> None:
    works = [
        worked(5, "a"),
        worked(5, "b", ticket="T2", technician="bob"),
        worked(5, "c", start="2026-03-04 10:00"),
    ]
    totals = {scope: sum(minutes(rated(terms(scope=scope, increment_minutes=15), *works))) for scope in SCOPES}
    outside_of_projects = {"project_day": 45}
    assert totals == outside_of_projects | {
        "entry": 45, "ticket": 30, "ticket_day": 45, "client_day": 30, "tech_day": 45, "period": 15,
    }  # fmt: skip
