"""A charge as a row of the ledger: no seconds, a signed amount, and the arithmetic behind it."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import NamedTuple

from billing.charge_plan import Planned, charge_id
from billing.money import EXACT_PLACES, exponent_of, half_away, money_text
from billing.rate_terms import ClientTerms
from streams.models.entry import Charge, Disposition, Entry, Identity
from streams.models.work import Step


class Sum(NamedTuple):
    """An unrounded amount in major units, and how it came about."""

    exact: Fraction
    text: str


class Booking(NamedTuple):
    """What is booked on a local day that begins at ``start``. ``when`` names it in its identity, where that is not the
    day."""

    owner: str
    charge: Charge
    what: str
    day: int
    start: int
    about: str
    when: str = ""


def booking(one: Planned) -> Booking:
    return Booking(one.owner, one.charge, one.what, one.day, one.start, one.about)


def row(
    tenant: str,
    terms: ClientTerms,
    one: Booking,
    sum_: Sum,
    disposition: Disposition = "billed",
    reason: str = "",
    pays: str = "",
) -> Entry:
    """A charge. ``pays`` is its currency, where that is not what the client pays in on the day. With a ``reason`` it
    has no amount."""
    layer = terms.layer(one.start)
    currency, mixed = (pays, "") if pays else layer.currency_on(one.owner, one.day)
    trouble = reason or mixed
    exponent = exponent_of(currency)
    amount = half_away(sum_.exact.numerator * 10**exponent, sum_.exact.denominator)
    on = date.fromordinal(one.day).isoformat()
    return Entry(
        tenant=tenant,
        identity=Identity(
            terms.client, terms.zone.day(one.start).period, charge_id(one.owner, one.what, one.when or on)
        ),
        charge=one.charge,
        contract="" if one.charge == "milestone" else one.owner,
        project=one.owner if one.charge == "milestone" else "",
        zone=layer.zone.name,
        local_date=on,
        start=one.start,
        end=one.start,
        disposition="unpriced" if trouble else disposition,
        reason=trouble,
        currency=currency,
        exponent=exponent,
        amount=0 if trouble else amount,
        exact="0" if trouble else exact_text(sum_.exact),
        risk_amount=max(0, amount) if trouble else 0,
        risk_currency=currency if trouble else "",
        flags=layer.flags,
        trail=_trail(f"{one.owner}/{one.what}", one.about, sum_.text, f"{money_text(amount, exponent)} {currency}"),
    )


def _trail(rule: str, about: str, arithmetic: str, said: str) -> tuple[Step, ...]:
    return Step("charge", after=said, rule=rule, why=about), Step("amount", before=arithmetic, after=said)


def exact_text(value: Fraction) -> str:
    """Major units to six places, for display."""
    text = money_text(half_away(value.numerator * 10**EXACT_PLACES, value.denominator), EXACT_PLACES)
    return text.rstrip("0").rstrip(".")
