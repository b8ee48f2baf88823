"""Charges of balances: what a lot had left when it ended (breakage), and what is owed and will not be offset (overage).

A lot of 10 h for 1200.00 that ends with 3 h left: 3/10 of its price, 360.00. That money was paid when the lot was sold:
the row says that it is earned now, its disposition is ``covered``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from billing.charge_plan import Planned
from billing.charge_row import Sum, booking, row
from billing.contracts.accounts import Accounts
from billing.contracts.events import BalanceEvent
from billing.contracts.lots import NONE
from billing.money import exponent_of, half_away, money_text
from billing.rate_terms import ClientTerms
from billing.trail import duration
from streams.models.entry import Entry


def of_balances(tenant: str, terms: ClientTerms, due: Sequence[Planned], accounts: Accounts) -> Iterator[Entry]:
    """For what is due at the end of lots and cycles; the accounts are moved on to the last of these days."""
    edges = [one for one in due if one.charge in ("breakage", "overage")]
    if not edges:
        return
    for layer in reversed(terms.layers()):
        for planned in layer.plans.values():
            accounts.of(planned)
    accounts.advance(max(one.day for one in edges))
    events = accounts.events()
    for one in edges:
        mine = [event for event in events if event.contract == one.owner and event.at == one.at]
        if one.charge == "breakage":
            yield from _broken(tenant, terms, one, mine)
        else:
            yield from _owed(tenant, terms, one, mine)


def _broken(tenant: str, terms: ClientTerms, one: Planned, events: Sequence[BalanceEvent]) -> Iterator[Entry]:
    for event in events:
        if event.what == "expired" and event.lot == f"{one.owner}/{one.name}" and event.value:
            currency, _ = terms.layer(one.start).currency_on(one.owner, one.day)
            whole = _quantity(event._replace(quantity=event.size))
            text = f"{_quantity(event)} of {whole} for {_text(event.price or NONE, exponent_of(currency))}"
            about = f"lot {event.lot} ended with {_quantity(event)} left; it was paid for before"
            what = booking(one)._replace(about=about)
            yield row(tenant, terms, what, Sum(event.value, text), disposition="covered")


def _owed(tenant: str, terms: ClientTerms, one: Planned, events: Sequence[BalanceEvent]) -> Iterator[Entry]:
    for event in events:
        if event.what == "overage":
            what = f"overage/{event.line}" if event.line else "overage"
            about = f"{_quantity(event)} owed: {event.why}"
            text = f"{_quantity(event)}" + (f" × {event.rate}/h" if event.rate and event.unit == "seconds" else "")
            booked = booking(one)._replace(what=what, about=about)
            yield row(tenant, terms, booked, Sum(event.value or NONE, text), reason=event.reason, pays=event.currency)


def _quantity(event: BalanceEvent) -> str:
    if event.unit == "seconds":
        return duration(int(event.quantity))
    if event.unit == "money":
        return _text(event.quantity, 2)
    return f"{int(event.quantity)} incidents"


def _text(value: Fraction, exponent: int) -> str:
    return money_text(half_away(value.numerator * 10**exponent, value.denominator), exponent)
