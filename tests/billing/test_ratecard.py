"""Which line prices what, when, in which currency, and what is said about the lines that lost."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.ratecard import Asked, Choice, choose
from billing.services import fits_service
from streams.models.catalog import CatalogObject, Organisation, RateCard, RateLine, Tier, TierPrice
from tests.billing.rate_kit import (
    LAWS,
    NEW_YORK,
    catalogue,
    money,
    office_hours,
    rated,
    span,
    with_calendar,
    work,
    worked,
)

DAY = date(2026, 3, 3).toordinal()


def card(
    id_: str, *lines: tuple[str, int], client: str | None = None, start: date | str | None = None, **given_: Any
) -> RateCard:
    rows = [RateLine(service=service, rate=Decimal(rate)) for service, rate in lines]
    return RateCard.model_validate({"id": id_, "client": client, "lines": rows, "from": start, **given_})


def chosen(choice: Choice) -> str:
    return choice.line.name if choice.line else choice.reason


def choice_of(*cards: RateCard, service: str = "remote", client: str = "acme") -> Choice:
    return choose(cards, Asked(client, service), DAY, "USD")


BASE = card("base", ("*", 100), ("remote", 110))


@pytest.mark.parametrize(
    ("rule", "cards", "expected"),
    [
        ("the exact service goes first", [BASE], "base/remote"),
        ("the client's card goes first", [BASE, card("own", ("*", 95), client="acme")], "own/*"),
        ("another client's card is nobody's business", [BASE, card("x", ("*", 1), client="beta")], "base/remote"),
        ("the later date goes first", [BASE, card("new", ("remote", 1), start="2026-01-01")], "new/remote"),
        ("RT9: not yet in force", [BASE, card("own", ("*", 1), client="acme", start="2026-03-04")], "base/remote"),
        ("in force from its day on", [BASE, card("own", ("*", 1), client="acme", start="2026-03-03")], "own/*"),
        ("ended", [BASE, card("own", ("*", 1), client="acme", until="2026-03-03")], "base/remote"),
        ("the last day", [BASE, card("own", ("*", 1), client="acme", until="2026-03-04")], "own/*"),
        ("the smaller id", [card("b", ("*", 1)), card("a", ("*", 2))], "a/*"),
        ("nothing for this service", [card("base", ("onsite", 100))], "no_rate_line"),
        ("nothing at all", [], "no_rate_line"),
        ("RT12: never converted", [BASE, card("own", ("onsite", 90), client="acme", currency="EUR")], "no_rate_line"),
        ("two own currencies", [card(c, ("*", 1), client="acme", currency=c) for c in ("EUR", "GBP")],
         "currency_mixed: EUR, GBP"),
    ],
)  # fmt: skip
def test_the_choice(rule: str, cards: list[RateCard], expected: str) -> None:
    assert chosen(choice_of(*cards)) == expected, rule


def test_every_candidate_says_why_it_lost() -> None:
    own = card("own", ("*", 95), ("onsite", 1), client="acme")
    future = card("future", ("remote", 1), client="acme", start="2026-04-01")
    past = card("past", ("*", 1), until="2026-01-01")
    euro = card("euro", ("remote", 1), currency="EUR")
    assert set(choice_of(BASE, own, future, past, euro).lost) == {
        "future/remote: from 2026-04-01, later than the work",
        "base/remote: the client's own card goes first",
        "base/*: the client's own card goes first",
        "past/*: ended on 2026-01-01",
        "euro/remote: in EUR, the client pays in USD",
    }
    assert choice_of(BASE).lost == ("base/*: the exact service goes first",)
    twins = [card("b", ("*", 1)), card("a", ("*", 2))]
    assert choice_of(*twins).lost == ("b/*: the smaller id goes first",)


LINES = st.lists(st.tuples(st.sampled_from(["*", "remote"]), st.integers(1, 9)), max_size=2)
DATES = st.sampled_from([None, date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 4)])
CARDS = st.lists(
    st.tuples(LINES, st.sampled_from([None, "acme", "beta"]), DATES, DATES, st.sampled_from([None, "USD", "EUR"])),
    max_size=5,
).map(
    lambda rows: [
        card(f"c{n}", *lines, client=client, start=start, until=until, currency=currency)
        for n, (lines, client, start, until, currency) in enumerate(rows)
    ]
)


@LAWS
@given(CARDS, st.randoms(use_true_random=False))
def test_the_choice_is_total_and_knows_no_order(cards: list[RateCard], random: Any) -> None:
    expected = choice_of(*cards)
    random.shuffle(cards)
    assert choice_of(*cards) == expected
    assert bool(expected.line) != bool(expected.reason)
    if expected.line:
        assert (expected.line.card.currency or "USD") == expected.currency


def test_patterns_are_exact_or_end_in_a_star() -> None:
    assert [fits_service(pattern, "remote.desktop") for pattern in ("*", "remote.*", "remote", "remote.desktop")] == [
        True,
        True,
        False,
        True,
    ]


def own_card(rate: int, **given_: Any) -> list[CatalogObject]:
    return [*catalogue(), card("own", ("*", rate), client="acme", **given_)]


def test_rt4_a_client_s_own_rate() -> None:
    assert money(rated(own_card(95), worked(120))) == Decimal("190.00")


def test_rt8_a_rate_that_changes_inside_the_work_splits_it() -> None:
    objects: list[CatalogObject] = [
        *catalogue(rate="150"),
        card("july", ("*", 165), start=date(2026, 7, 1)),
    ]
    (june, july) = rated(objects, work("w", span("2026-06-30 23:30", "2026-07-01 00:30")))
    assert (june.amount, july.amount) == (75_00, 82_50)
    mid = [*catalogue(rate="150"), card("mid", ("*", 165), start=date(2026, 6, 15))]
    (row,) = rated(mid, work("w", span("2026-06-14 23:30", "2026-06-15 00:30")))
    assert [(one.line, one.amount) for one in row.segments] == [("base/*", 75_00), ("mid/*", 82_50)]
    assert row.amount == 157_50


def test_rt9_the_default_rate_and_a_note() -> None:
    (row,) = rated(own_card(1, start=date(2026, 3, 1)), worked(60, start="2026-02-27 10:00"))
    assert row.amount == 100_00
    lost = next(step.lost for step in row.trail if step.op == "rate")
    assert lost == ("own/*: from 2026-03-01, later than the work",)


def test_rt12_a_currency_that_does_not_fit_is_unpriced_with_money_at_risk() -> None:
    euro = card("own", ("onsite", 90), client="acme", currency="EUR")
    (row,) = rated([*catalogue(), euro], worked(30))
    assert (row.disposition, row.reason, row.amount, row.currency) == ("unpriced", "no_rate_line", 0, "EUR")
    assert (row.risk_amount, row.risk_currency) == (50_00, "USD")


def test_a_currency_that_changes_inside_a_row_is_unpriced() -> None:
    euro = card("own", ("*", 90), client="acme", currency="EUR", start=date(2026, 3, 4))
    (row,) = rated([*catalogue(), euro], work("w", span("2026-03-03 23:30", "2026-03-04 00:30")))
    assert (row.disposition, row.reason) == ("unpriced", "currency_mixed: EUR, USD")


@pytest.mark.parametrize(
    ("price", "general", "expected"),
    [
        (TierPrice(rate=Decimal(180)), "1.5", 180_00),
        (TierPrice(multiplier=Decimal("1.25")), "1.5", 125_00),
        (None, "1.5", 150_00),
        (None, "0", 0),
    ],
)
def test_a_tier_s_price(price: TierPrice | None, general: str, expected: int) -> None:
    """The line's own, else the multiplier of the catalogue; a price of zero is a price."""
    line = RateLine(rate=Decimal(100), tiers={"after_hours": price} if price else {})
    objects = with_calendar([*catalogue(), *office_hours(general)])
    objects = [one for one in objects if one.id != "base"] + [RateCard(id="base", lines=[line])]
    (row,) = rated(objects, worked(60, start="2026-03-03 20:00"))
    assert (row.disposition, row.amount) == ("billed", expected)


def test_a_tier_without_any_price_leaves_the_rest_billed() -> None:
    """Half an hour is billed; the segment of the other half says that it is not, and what it may be worth."""
    objects = [one for one in with_calendar([*catalogue(), *office_hours()]) if not isinstance(one, Tier)]
    (row,) = rated(objects, work("w", span("2026-03-03 16:30", "2026-03-03 17:30")))
    assert (row.disposition, row.reason, row.amount, row.risk_amount) == ("billed", "", 50_00, 50_00)
    assert [(one.tier, one.rate, one.amount, one.disposition, one.reason) for one in row.segments] == [
        ("standard", "100.00", 50_00, "billed", ""),
        ("after_hours", "", 0, "unpriced", "tier_without_price: after_hours"),
    ]
    (alone,) = rated(objects, work("w", span("2026-03-03 17:00", "2026-03-03 17:30")))
    assert (alone.disposition, alone.reason) == ("unpriced", "tier_without_price: after_hours")


def test_yen_and_dinar_are_rounded_to_their_own_unit() -> None:
    for currency, expected in (("JPY", 83), ("USD", 83_33), ("KWD", 83_333)):
        objects = [Organisation(currency=currency), *catalogue()[1:]]
        (row,) = rated(objects, worked(50))
        assert (row.amount, row.currency, row.exact) == (expected, currency, "83.333333")


def test_a_date_is_midnight_in_the_client_s_zone() -> None:
    """From 1 July in New York: the work at 03:00 UTC that day is still of June."""
    objects = [*catalogue(NEW_YORK), card("july", ("*", 165), start=date(2026, 7, 1))]
    (row,) = rated(objects, work("w", span("2026-07-01 03:00", "2026-07-01 04:00")))
    assert (row.identity.period, row.local_date, row.amount) == ("2026-06", "2026-06-30", 100_00)
