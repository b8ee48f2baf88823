"""Work by the incident: the ticket, else the piece of work. The first of it decides for all of it, whatever its hours.

Five incidents, six tickets: the sixth is billed, at a price for the incident or by the hour.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from billing import trail_balance as trail
from billing.contracts.account import Account
from billing.contracts.events import Debt
from billing.contracts.lots import Balance
from billing.money import ZERO, rate_of, rate_text
from billing.rate_cut import Part, Row
from billing.rates import Price
from billing.terms import Blocked
from streams.models.work import Step

PRICED, ON_HOLD, OWED = "billed", "on hold", "owed"
ONE = Fraction(1)


def draw_incident(account: Account, part: Part, row: Row, lots: list[Balance]) -> list[Part]:
    """One part, as a whole: covered, billed or on hold."""
    incident = row.work.ticket or row.work.id
    known = account.incidents.get(incident)
    if known is not None:
        step = Step("balance", after=known, rule=account.plan.id, why=f"incident {incident} is counted already")
        return [_made(account, part, known, (step,), first=False)]
    became, step = _first(account, part, incident, lots)
    account.incidents[incident] = became
    return [_made(account, part, became, (step,), first=True)]


def _first(account: Account, part: Part, incident: str, lots: list[Balance]) -> tuple[str, Step]:
    """What becomes of a new incident: a lot takes it, or it is billed, owed or on hold."""
    plan, why = account.plan, f"incident {incident}"
    for lot in lots:
        if lot.unit == "incidents" and lot.left >= 1:
            before, lot.left = lot.left, lot.left - 1
            account.ordered = None
            return lot.id, trail.drawn(lot.id, "incidents", before, lot.left, ONE, why)
    if plan.contract.on_exhausted == "carry_debt":
        owed = account.owed()
        account.debts.append(_debt(account, part, incident))
        return OWED, trail.owed(plan.id, "incidents", owed, owed + 1, plan.cycles)
    limit = account.limit("incidents")
    held = limit is not None and limit < 1
    if not held:
        account.exceeded("incidents", ONE)
    became = ON_HOLD if held else PRICED
    return became, Step("balance", before="0 incidents", after=became, rule=plan.id, why=f"{why}: none is left")


def _made(account: Account, part: Part, became: str, steps: tuple[Step, ...], first: bool) -> Part:
    plan = account.plan
    if became == PRICED:
        price, blocked = _price(account, part, first)
        if blocked is None:
            return replace(part, disposition="billed", price=price, steps=steps)
        return replace(part, disposition=blocked[0], reason=blocked[1], steps=steps)
    if became == ON_HOLD:
        return replace(part, disposition="unpriced", reason=f"on_hold: {plan.id}", steps=steps)
    return replace(part, lot=f"{plan.id}/owed" if became == OWED else became, steps=steps)


def _price(account: Account, part: Part, first: bool) -> tuple[Price | None, Blocked | None]:
    """Of an incident beyond the balance: its own price, on its first work; else the rate card, by the hour."""
    asked, rates = account.plan.contract.incident_price, part.terms.rates
    if asked is not None:
        text = rate_text(rate_of(asked), rates.exponent)
        line, rule = f"{account.plan.id}/incident", f"{account.plan.id} incident {text}"
        return Price(
            ZERO, "", rule if first else f"{rule}, charged already", line, rate_of(asked) if first else ZERO
        ), None
    if why := rates.unpriced(part.tier):
        return None, ("unpriced", why)
    return rates.price(part.tier), None


def _debt(account: Account, part: Part, incident: str) -> Debt:
    asked, rates = account.plan.contract.incident_price, part.terms.rates
    worth = None if asked is None else Fraction(asked)
    text = "" if asked is None else rate_text(rate_of(asked), rates.exponent)
    line, reason = f"{account.plan.id}/incident", "" if asked is not None else "no incident_price"
    return Debt(ONE, Fraction(0), worth, text, line, rates.currency, rates.exponent, reason, incident)
