"""Emergency facts that nobody filled in are listed by ticket, with the money that depends on them."""

from __future__ import annotations

from decimal import Decimal

from billing.rate_terms import ClientTerms
from billing.unknown_facts import FLAG, unknown_facts
from streams.models.catalog import Calendar, CatalogObject, Condition, EmergencyRule, Tier
from streams.models.work import Urgency
from tests.billing.rate_kit import book_of, catalogue, office_hours, rated, with_calendar, worked

RULE = EmergencyRule(
    tier="emergency",
    when=Condition(priority=["P1"], requested_by=["customer"]),
    waived_when=Condition(waivers=["managed"]),
)


def shop() -> list[CatalogObject]:
    """200 an hour, emergency at 1.5, up to quarters."""
    objects = [*with_calendar(catalogue(rate="200", increment_minutes=15)), *office_hours()]
    kept = [one.model_copy(update={"emergency": [RULE]}) if isinstance(one, Calendar) else one for one in objects]
    return [*kept, Tier(id="emergency", multiplier=Decimal("1.5"))]


WORKS = [
    worked(20, "a", urgency=(Urgency(0, priority="P1"),)),  # 30 min at 200: 100.00; as an emergency 150.00
    worked(10, "b", start="2026-03-04 10:00", urgency=(Urgency(0, priority="P1"),)),  # 15 min: 50.00, 75.00
    worked(30, "c", ticket="T2"),  # nothing is known at all: 100.00, 150.00
    worked(30, "d", ticket="T3", urgency=(Urgency(0, priority="P3"),)),  # no emergency whoever asked
    worked(30, "e", ticket="T4", urgency=(Urgency(0, priority="P1", requested_by="customer"),)),  # it is one
    worked(30, "f", ticket="T5", urgency=(Urgency(0, priority="P1", waivers=("managed",)),)),  # waived
]


def test_tickets_are_listed_with_facts_seconds_and_money_at_risk() -> None:
    found = unknown_facts(ClientTerms(book_of(shop()), "acme"), WORKS)
    assert [(one.ticket, one.facts, one.tiers, one.seconds, one.risk, one.currency) for one in found] == [
        ("T1", ("requested_by",), ("emergency",), 1800, 7500, "USD"),
        ("T2", ("priority", "requested_by"), ("emergency",), 1800, 5000, "USD"),
    ]


def test_such_rows_are_flagged_and_their_amount_stays() -> None:
    rows = {row.identity.work: row for row in rated(shop(), *WORKS)}
    assert {id_ for id_, row in rows.items() if FLAG in row.flags} == {"a", "b", "c"}
    assert [rows[id_].amount for id_ in "abcdef"] == [10000, 5000, 10000, 10000, 15000, 10000]
    (step,) = [step for step in rows["a"].trail if step.op == "emergency"]
    assert (step.before, step.after, step.rule) == ("standard", "50.00 USD more", "emergency")


def test_without_rules_nothing_is_unknown() -> None:
    plain = [one.model_copy(update={"emergency": []}) if isinstance(one, Calendar) else one for one in shop()]
    assert unknown_facts(ClientTerms(book_of(plain), "acme"), WORKS) == []
