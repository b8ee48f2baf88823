"""Emergency by facts: what holds when, three-valued conditions, and the price of tiers that hold at once."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.urgency import emergencies, stretches, urgency_of
from streams.models.catalog import CatalogObject, EmergencyRule, RateCard, Ticket
from streams.models.entry import Entry
from streams.models.work import Urgency
from tests.billing.rate_kit import LAWS, at, catalogue, office_hours, rated, with_calendar, work

T = at("2026-03-03 10:00")


def ticket(**given_: Any) -> Ticket:
    return Ticket.model_validate({"id": "1", **given_})


def change(minute: int, **facts: Any) -> dict[str, Any]:
    return {"at": f"2026-03-03T10:{minute:02}:00Z", **facts}


def test_the_facts_of_a_piece_of_work() -> None:
    """What held at its start, and each change inside; changes outside and such that change nothing leave no trace."""
    item = ticket(
        priority="P3",
        changes=[change(40, priority="P1"), change(5, scheduled=False), change(50, priority="P1"), change(59)],
    )
    assert urgency_of(item, T, T + 45 * 60) == (
        Urgency(T, "P3"),
        Urgency(T + 300, "P3", scheduled=False),
        Urgency(T + 2400, "P1", scheduled=False),
    )
    assert urgency_of(item, T + 2400, T + 2400) == (Urgency(T + 2400, "P1", scheduled=False),)
    assert urgency_of(ticket(), T, T + 60) == ()
    assert urgency_of(None, T, T + 60) == ()


@LAWS
@given(
    st.lists(st.tuples(st.integers(0, 50), st.sampled_from(["P1", "P2"])), max_size=5, unique_by=lambda one: one[0]),
    st.integers(0, 40),
    st.integers(1, 30),
)
def test_stretches_are_the_facts_of_every_instant(changes: list[tuple[int, str]], start: int, length: int) -> None:
    item = ticket(changes=[change(minute, priority=name) for minute, name in changes])
    begin, end = T + start * 60, T + (start + length) * 60
    cut = list(stretches(urgency_of(item, begin, end), begin, end))
    assert [one[0] for one in cut] == [begin, *(one[1] for one in cut[:-1])]
    assert cut[-1][1] == end
    for since, until, facts in cut:
        assert since < until
        for instant in (since, until - 1):
            past = [name for minute, name in sorted(changes) if T + minute * 60 <= instant]
            assert facts.priority == (past[-1] if past else None)


@pytest.mark.parametrize(
    ("when", "waived", "facts", "holds"),
    [
        ({"priority": ["P1", "P2"]}, None, Urgency(0, "P2"), True),
        ({"priority": ["P1"]}, None, Urgency(0, "P2"), False),
        ({"priority": ["P1"]}, None, Urgency(0), False),
        ({"priority": ["P1"], "requested_by": ["customer"]}, None, Urgency(0, "P1"), False),
        ({"scheduled": False}, None, Urgency(0, scheduled=False), True),
        ({"scheduled": False}, None, Urgency(0, scheduled=True), False),
        ({"response_target_below_minutes": 60}, None, Urgency(0, response_target=59), True),
        ({"response_target_below_minutes": 60}, None, Urgency(0, response_target=60), False),
        ({"waivers": ["rush"]}, None, Urgency(0, waivers=("rush",)), True),
        ({"within": ["night"]}, None, Urgency(0), True),
        ({"within": ["day"]}, None, Urgency(0), False),
        ({}, None, Urgency(0, "P1"), False),
        ({"priority": ["P1"]}, {"waivers": ["vip"]}, Urgency(0, "P1"), True),
        ({"priority": ["P1"]}, {"waivers": ["vip"]}, Urgency(0, "P1", waivers=("vip",)), False),
        ({"priority": ["P1"]}, {"scheduled": True}, Urgency(0, "P1", scheduled=False), True),
        ({"priority": ["P1"]}, {"scheduled": True}, Urgency(0, "P1"), False),
    ],
)
def test_an_unknown_fact_never_raises_a_price(
    when: dict[str, Any], waived: dict[str, Any] | None, facts: Urgency, holds: bool
) -> None:
    rule = EmergencyRule.model_validate({"tier": "e", "when": when, "waived_when": waived})
    assert emergencies([rule], facts, "night") == (["e"] if holds else [])


def shop(stacking: str, **line: Any) -> list[CatalogObject]:
    """Office hours, evenings at 1.5; a premium on the third of March."""
    calendar, tier = office_hours()
    premium = {"dates": ["2026-03-03"], "tier": "feast"}
    whole = type(calendar).model_validate(calendar.model_dump(by_alias=True) | {"premiums": [premium]})
    feast = type(tier).model_validate({"id": "feast", "multiplier": "2"})
    card = {"id": "own", "client": "acme", "stacking": stacking, "lines": [{"rate": "100", **line}]}
    return [*with_calendar(catalogue()), whole, tier, feast, RateCard.model_validate(card)]


def evening(objects: list[CatalogObject]) -> Entry:
    start = at("2026-03-03 20:00")
    (row,) = rated(objects, work("w", (start, start + 3600)))
    return row


@pytest.mark.parametrize(
    ("stacking", "line", "amount"),
    [
        ("highest", {}, "200"),
        ("multiply", {}, "300"),
        ("add", {}, "250"),
        ("highest", {"tiers": {"after_hours": {"rate": "260"}}}, "260"),
        ("multiply", {"tiers": {"after_hours": {"rate": "133.33"}}}, "266.66"),
        ("add", {"tiers": {"after_hours": {"rate": "133.33"}}}, "233.33"),
        ("multiply", {"tiers": {"after_hours": {"multiplier": "1.25"}}}, "250"),
        ("add", {"tiers": {"after_hours": {"rate": "130"}, "feast": {"rate": "170"}}}, "170"),
    ],
)
def test_tz11_tiers_at_once(stacking: str, line: dict[str, Any], amount: str) -> None:
    row = evening(shop(stacking, **line))
    assert Decimal(row.amount) / 100 == Decimal(amount)
    assert row.disposition == "billed"


def test_a_tier_without_a_price_among_several_leaves_the_work_unpriced() -> None:
    objects = [one for one in shop("add") if one.id != "feast"]
    row = evening(objects)
    assert (row.disposition, row.reason, row.amount) == ("unpriced", "tier_without_price: feast", 0)
