"""Prepaid work: what the balance covers, to the second, and what becomes of the rest.

Work draws in the order of its rows (start, id) over the whole history of the client, so that nothing depends on when a
fact came. 30 min left and 2 h of work at an overage of 90.00: 30 min covered, 90 min at 90.00 = 135.00.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

from billing import trail
from billing.calendar import Zone
from billing.contracts.account import Account
from billing.contracts.lots import HOUR, Balance
from billing.money import rate_of, rate_text, times
from billing.rate_cut import Part, Row, settle
from billing.ratecard import STANDARD
from billing.rates import Price
from billing.terms import Blocked
from streams.models.work import Work


class Draw(NamedTuple):
    """What a lot covers of a part: seconds of its quantity, and what they take from the lot in the lot's own unit."""

    lot: Balance
    seconds: int
    taken: Fraction
    before: Fraction


def draw(rows: Iterable[Row], zone: Zone) -> None:
    """Split the parts that a balance takes into what it covers and what it does not; ``rows`` are all of the client."""
    accounts: dict[str, Account] = {}
    for row in sorted(rows, key=lambda row: (row.parts[0].start, row.work.id)):
        if not any(_is_prepaid(part) for part in row.parts):
            continue
        parts: list[Part] = []
        for part in row.parts:
            prepaid = part.terms.prepaid
            if prepaid is None or not _is_prepaid(part):
                parts.append(part)
                continue
            account = accounts.setdefault(prepaid.id, Account(prepaid))
            parts += _pieces(account, part, row, zone.day(part.start).ordinal)
        row.parts = parts
        settle(row)


def _is_prepaid(part: Part) -> bool:
    return part.terms.prepaid is not None and part.disposition == "covered"


def _pieces(account: Account, part: Part, row: Row, day: int) -> list[Part]:
    """The part, cut where lots and the overage end. Without seconds it draws nothing and stays covered."""
    rest = part.billed
    pieces: list[Part] = []
    factor = account.factor(part.tier, part.terms.role)
    for one in _draws(account.at(day), rest, Fraction(factor), part.terms.price(part.tier)):
        taken = int(one.taken + Fraction(1, 2)) if one.lot.unit == "seconds" else 0
        step = trail.drawn(one.lot.id, one.lot.unit, one.before, one.lot.left, factor)
        rest = _cut(pieces, part, row.work, rest, one.seconds, "covered", "", drawn=taken, lot=one.lot.id, step=step)
    if rest:
        price, blocked = _overage(account, part)
        allowed = min(rest, account.allowed(day)) if blocked is None else 0
        account.exceeded(day, allowed)
        if allowed:
            rest = _cut(pieces, part, row.work, rest, allowed, "billed", "", price=price)
        if rest:
            what, why = blocked or ("unpriced", f"on_hold: {account.contract.id}")
            rest = _cut(pieces, part, row.work, rest, rest, what, why)
    return pieces or [part]


def _draws(lots: list[Balance], seconds: int, factor: Fraction, price: Price | None) -> Iterable[Draw]:
    """Whole seconds of the quantity that each lot can cover, in order; what they cost is taken from it."""
    for lot in lots:
        each = factor
        if lot.unit == "money":
            if price is None or price.rate.units <= 0:
                continue  # what has no price has no value to draw
            each = Fraction(price.rate.units, 10**price.rate.scale * HOUR)
        covered = min(seconds, int(lot.left / each))
        if covered > 0:
            before, taken = lot.left, covered * each
            lot.left -= taken
            seconds -= covered
            yield Draw(lot, covered, taken, before)


def _overage(account: Account, part: Part) -> tuple[Price | None, Blocked | None]:
    """The price of what the balance does not cover, or why there is none. A multiplied draw-down is not multiplied
    again in the price, unless the contract says so."""
    contract, rates = account.contract, part.terms.rates
    multiplied = account.factor(part.tier, part.terms.role)
    if contract.overage_rate is not None:
        rate = rate_of(contract.overage_rate)
        how = f"{contract.id} overage"
        if contract.overage_multiplied and multiplied != 1:
            rate, how = times(rate, multiplied), f"{how} × {multiplied}"
        return Price(rate, rate_text(rate, rates.exponent), how, f"{contract.id}/overage"), None
    tier = part.tier if multiplied == 1 or contract.overage_multiplied else STANDARD
    if why := rates.unpriced(tier):
        return None, ("unpriced", why)
    return rates.price(tier), None


def _cut(
    pieces: list[Part], part: Part, work: Work, rest: int, quantity: int, disposition: str, reason: str, **more: object
) -> int:
    """Add the next piece of ``quantity`` seconds; returns what is left. Rounding stands at the end of a part, so the
    first pieces are worked seconds as far as there are any; the last piece has all that remain."""
    done = sum(piece.seconds for piece in pieces)
    start = pieces[-1].end if pieces else part.start
    last = rest == quantity
    seconds = part.seconds - done if last else min(quantity, part.seconds - done)
    end = part.end if last else _after(work, start, seconds)
    topped = part.topped if last else 0
    made = replace(part, start=start, end=end, seconds=seconds, billed=quantity, topped=topped)
    for name, value in {"disposition": disposition, "reason": reason, **more}.items():
        setattr(made, name, value)
    pieces.append(made)
    return rest - quantity


def _after(work: Work, start: int, seconds: int) -> int:
    """The instant at which so many seconds were worked after ``start``."""
    at = start
    for begins, ends in work.spans:
        if ends <= start:
            continue
        at = max(begins, start)
        if at + seconds <= ends:
            return at + seconds
        seconds -= ends - at
        at = ends
    return at
