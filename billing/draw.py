"""Prepaid work: what the balance covers, to the second, and what becomes of the rest.

Work draws in the order of (start, id) over the whole history of the client, so that nothing depends on when a fact
came; what lies behind a day on which a balance begins or ends draws after it. 30 min left and 2 h of work at an overage
of 90.00: 30 min covered, 90 min at 90.00 = 135.00.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from billing import trail_balance as trail
from billing.calendar import Zone
from billing.contracts.account import Account
from billing.contracts.accounts import BEGINNING, EVERY, Accounts, Key
from billing.contracts.events import BalanceEvent, Debt
from billing.contracts.lots import Balance, Unit
from billing.draw_incident import draw_incident
from billing.draw_price import per_second, takes
from billing.pieces import Pieces
from billing.rate_cut import Part, Row, settle
from billing.terms import Takes
from streams.models.work import Work


class Item(NamedTuple):
    """A part that draws, in its place: the day since which its balances stand, the row's first second, the work, the
    place in the row."""

    era: int
    start: int
    work: str
    place: int
    row: Row
    part: Part


def draw(rows: Iterable[Row], zone: Zone, accounts: Accounts) -> None:
    """Split the parts that a balance takes into what it covers and what it does not; ``rows`` hold all of the client
    that is behind ``accounts.key``. What else they hold shares a rounding scope with that, and has drawn already."""
    items = [
        Item(part.era, row.parts[0].start, row.work.id, place, row, part)
        for row in rows
        for place, part in enumerate(row.parts)
        if part.terms.prepaid is not None and part.disposition == "covered"
        if (row.work.start, row.work.id) > accounts.key
    ]
    items.sort()
    made: dict[int, list[Part]] = {}
    places, reach = _places([item.row.work for item in items]), 0
    for number, item in enumerate(items):
        plan, part = item.part.terms.prepaid, item.part
        assert plan is not None
        made[id(part)] = Drawing(accounts.of(plan), part, item.row, zone, takes(plan, part.terms, part.tier)).pieces()
        reach = max(reach, item.start, zone.midnight(item.era) if item.era else 0)
        if number in places:
            accounts.mark(places[number], reach)
    for row in {id(item.row): item.row for item in items}.values():
        row.parts = [piece for part in row.parts for piece in made.get(id(part), (part,))]
        settle(row)


def _places(works: list[Work]) -> dict[int, Key]:
    """Where work, in the order in which it draws, can be cut: all before it starts before all behind it."""
    keys = [(work.start, work.id) for work in works]
    ends: list[Key] = []  # the first of all behind each place
    behind = (1 << 62, "")
    for key in reversed(keys):
        ends.append(behind)
        behind = min(behind, key)
    ends.reverse()
    found: dict[int, Key] = {}
    before, since = BEGINNING, 0
    for number, key in enumerate(keys):
        before = max(before, key)
        since += 1
        if since >= EVERY and before < ends[number]:
            found[number], since = before, 0
    return found


@dataclass(slots=True)
class Drawing:
    """One part and the account it draws from."""

    account: Account
    part: Part
    row: Row
    zone: Zone
    takes: Takes

    def pieces(self) -> list[Part]:
        """The part, cut where lots and the overage end. Without seconds it draws nothing and stays covered."""
        account, part = self.account, self.part
        lots = account.at(self.zone.day(part.start).ordinal)
        if not part.billed:
            return [part]
        if account.plan.by_incident:
            return draw_incident(account, part, self.row, lots)
        pieces = Pieces(part, self.row.work)
        self._cover(pieces, lots)
        if pieces.rest and account.plan.contract.on_exhausted == "carry_debt":
            self._owe(pieces)
        if pieces.rest:
            self._exceed(pieces)
        return pieces.made

    def _cover(self, pieces: Pieces, lots: list[Balance]) -> None:
        """Whole seconds of the quantity that each lot can cover, in order; what they cost is taken from it."""
        for lot in lots:
            if not pieces.rest:
                return
            each = self.takes.money if lot.unit == "money" else self.takes.seconds
            covered = 0 if each is None else min(pieces.rest, int(lot.left // each))
            if each is None or covered <= 0:
                continue
            before, there, taken = lot.left, self.account.left(lot.unit), covered * each
            lot.left -= taken
            if not lot.left:
                self.account.ordered = None
            step = trail.drawn(lot.id, lot.unit, before, lot.left, each)
            drawn = int(taken + Fraction(1, 2)) if lot.unit == "seconds" else 0
            price = self.takes.premium if lot.unit == "seconds" else None
            piece = pieces.cut(covered, "covered", "", drawn=drawn, lot=lot.id, steps=(step,), price=price)
            self._alert(piece, lot.unit, there, each, pieces)

    def _alert(self, piece: Part, unit: Unit, before: Fraction, each: Fraction, pieces: Pieces) -> None:
        for percent, took in self.account.crossed(unit, before):
            at = pieces.after(piece.start, min(piece.seconds, -int(-took // each)))
            there, plan = self.account.there[unit], self.account.plan
            used = there * Fraction(percent) / 100
            self.account.events.append(
                BalanceEvent("alert", plan.id, at, unit, used, size=there, percent=percent, work=self.row.work.id)
            )
            wall = self.zone.wall(at) // 60
            text = f"{self.zone.day(at).date} {wall // 60:02}:{wall % 60:02}"
            piece.steps += (trail.alert(plan.id, unit, percent, there, text),)
            self.row.flags += (f"balance_{percent}",)

    def _owe(self, pieces: Pieces) -> None:
        """What the next cycle takes back."""
        account, part, seconds = self.account, self.part, pieces.rest
        unit = account.unit()
        each = self.takes.money if unit == "money" else self.takes.seconds
        if each is None:
            return
        quantity, before = seconds * each, account.owed()
        price, blocked = self.takes.overage, self.takes.blocked
        worth = Fraction(1) if unit == "money" else None if price is None else per_second(price) / each
        rates = part.terms.rates
        account.debts.append(
            Debt(
                quantity, Fraction(seconds), worth, price.text if price else "", price.line if price else "",
                rates.currency, rates.exponent, blocked[1] if blocked else "", self.row.work.id,
            )
        )  # fmt: skip
        step = trail.owed(account.plan.id, unit, before, before + quantity, account.plan.cycles)
        drawn = int(quantity + Fraction(1, 2)) if unit == "seconds" else 0
        surcharge = self.takes.premium if unit == "seconds" else None
        name = f"{account.plan.id}/owed"
        pieces.cut(seconds, "covered", "", drawn=drawn, lot=name, steps=(step,), price=surcharge)

    def _exceed(self, pieces: Pieces) -> None:
        """What is beyond the balance: billed as far as the contract allows, then on hold."""
        account, unit = self.account, self.account.unit()
        price, blocked = self.takes.overage, self.takes.blocked
        allowed = pieces.rest if blocked is None else 0
        each = per_second(price) if price is not None and unit == "money" else 1
        limit = account.limit(unit)
        if limit is not None and allowed and each:
            allowed = min(allowed, int(limit // each))
        if allowed:
            account.exceeded(unit, allowed * each)
            pieces.cut(allowed, "billed", "", price=price)
        if pieces.rest:
            what, why = blocked or ("unpriced", f"on_hold: {account.plan.id}")
            pieces.cut(pieces.rest, what, why)
