"""The balance of one contract as work comes by, in the order of time."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from billing.contracts.events import BalanceEvent, Debt, overages
from billing.contracts.lots import FOREVER, NONE, Balance, Unit, order
from billing.contracts.plan import Plan


@dataclass(slots=True)
class Account:
    """``lots`` have begun and not ended; what ended is in ``gone``. ``events`` and ``gone`` and ``incidents`` only
    grow. Days must not go back."""

    plan: Plan
    lots: list[Balance] = field(default_factory=list)
    pending: int = 0  # lots of the plan that have begun
    cycle: int | None = None  # the last one opened
    debts: list[Debt] = field(default_factory=list)  # the oldest first
    over: dict[Unit, Fraction | int] = field(default_factory=dict)  # beyond the balance, in this cycle
    there: dict[Unit, Fraction] = field(default_factory=dict)  # when the last lot or cycle began
    told: list[tuple[Unit, str]] = field(default_factory=list)  # alerts since then
    incidents: dict[str, str] = field(default_factory=dict)  # what became of each: a lot's id, or a word
    events: list[BalanceEvent] = field(default_factory=list)
    gone: list[Balance] = field(default_factory=list)
    ended: bool = False
    next: int = 0  # the next day on which anything begins or ends
    source: Plan | None = None  # of whose release ``plan`` is
    ordered: list[Balance] | None = None  # lots in the order in which they go; None after a change

    def at(self, day: int) -> list[Balance]:
        """Lots with something left on a local day, in order; whatever begins or ends up to then has done so."""
        if day >= self.next:
            self.advance(day)
        if self.ordered is None:
            current = self.cycle if self.plan.contract.current_first else None
            self.ordered = sorted([one for one in self.lots if one.left], key=lambda one: order(one, current))
        return self.ordered

    def advance(self, day: int) -> None:
        """Let everything begin and end that does so up to a day."""
        if self.plan.cycles and self.cycle is None:
            begins = self.plan.contract.from_.toordinal() if self.plan.contract.from_ else day
            self.cycle = self.plan.cycle(begins) - 1
        while (edge := self._next()) <= day:
            self._pass(edge)
        self.next = edge

    def owed(self) -> Fraction:
        return sum((one.quantity for one in self.debts), NONE)

    def unit(self) -> Unit:
        """What is counted here: of what a cycle includes, else of the lots."""
        if self.plan.cycles:
            return self.plan.unit
        return self.plan.lots[0].unit if self.plan.lots else "incidents" if self.plan.by_incident else "seconds"

    def limit(self, unit: Unit) -> Fraction | None:
        """How much more may be billed beyond the balance; None: any."""
        contract = self.plan.contract
        if contract.on_exhausted != "overrun_limit":
            return NONE if contract.on_exhausted == "hold" else None
        size = sum((one.size for one in self.lots if one.unit == unit), NONE)
        return max(NONE, size * Fraction(contract.overrun_percent) / 100 - self.over.get(unit, 0))

    def exceeded(self, unit: Unit, quantity: Fraction | int) -> None:
        self.over[unit] = self.over.get(unit, 0) + quantity

    def crossed(self, unit: Unit, before: Fraction) -> list[tuple[str, Fraction]]:
        """Alerts of a draw-down that found ``before`` in all lots of a unit: percentage, and how much of this
        draw-down it took to get there."""
        there, found = self.there.get(unit, NONE), list[tuple[str, Fraction]]()
        if not self.plan.contract.alerts or not there:
            return found
        after = self.left(unit)
        for percent in sorted(self.plan.contract.alerts):
            line = there - there * Fraction(percent) / 100
            if after <= line and (unit, str(percent)) not in self.told:
                self.told.append((unit, str(percent)))
                found.append((str(percent), max(NONE, before - line)))
        return found

    def left(self, unit: Unit) -> Fraction:
        return sum((one.left for one in self.lots if one.unit == unit), NONE)

    def _next(self) -> int:
        """The next day on which something begins or ends."""
        plan = self.plan
        days = [min(one.end, plan.until) for one in self.lots]
        if self.pending < len(plan.lots):
            days.append(plan.lots[self.pending].start)
        if not self.ended:
            days.append(plan.until)
            if plan.cycles and self.cycle is not None:
                days.append(plan.begin(self.cycle + 1))
        return min(days, default=FOREVER)

    def _pass(self, edge: int) -> None:
        plan, began = self.plan, False
        for one in [one for one in self.lots if min(one.end, plan.until) <= edge]:
            self._expire(one, edge)
        while self.pending < len(plan.lots) and plan.lots[self.pending].start <= edge:
            one = plan.lots[self.pending]
            self.pending += 1
            if one.start < plan.until:
                self._begin(one.copy())
                began = True
        if edge >= plan.until and not self.ended:
            self.ended = True
            self._bill(edge, "the contract ended")
        elif plan.cycles and self.cycle is not None and plan.begin(self.cycle + 1) <= edge and not self.ended:
            self.cycle += 1
            self._open(self.cycle, edge)
            began = True
        self.ordered = None
        if began:
            self.there = {one.unit: self.left(one.unit) for one in self.lots}
            self.told = []

    def _expire(self, one: Balance, edge: int) -> None:
        self.lots.remove(one)
        self.gone.append(one)
        if one.left:
            self._tell("expired", one, one.left, edge)
            one.expired, one.left = one.left, NONE

    def _tell(self, what: str, one: Balance, quantity: Fraction, edge: int) -> None:
        at, worth = self.plan.zone.midnight(edge), one.worth(quantity)
        kind: BalanceEvent = BalanceEvent("expired", self.plan.id, at, one.unit, quantity, worth, one.id, one.size,
                                          one.price, one.granted)  # fmt: skip
        self.events.append(kind if what == "expired" else kind._replace(what="forfeited"))

    def _begin(self, one: Balance) -> None:
        """A lot is there; where no cycle offsets what is owed, the lot does."""
        self.lots.append(one)
        if not self.plan.cycles and self.debts:
            self._offset(one, NONE)

    def _open(self, cycle: int, edge: int) -> None:
        """Forfeit what may not roll into a cycle, the oldest first; then what the cycle includes is there, less what
        is owed."""
        plan = self.plan
        left = sorted((one for one in self.lots if one.cycle is not None), key=lambda one: one.start)
        most = plan.most_rolled()
        if most is not None:
            over = sum((one.left for one in left), NONE) - most
            for one in left:
                lost = max(NONE, min(one.left, over))
                over -= lost
                if lost:
                    self._tell("forfeited", one, lost, edge)
                    one.left, one.forfeited = one.left - lost, one.forfeited + lost
        for one in left:
            one.rolled = one.left
            if not one.left:  # used up in an earlier cycle: no part of this one
                self.lots.remove(one)
                self.gone.append(one)
        self.over = {}
        new = plan.opened(cycle)
        if new is not None:
            if plan.rolls() and cycle > (self._first() or cycle):
                self._fill(new, left)
            self.lots.append(new)
            self._offset(new, plan.least_available())
        if self.debts:
            self._bill(edge, "more is owed than the next cycle takes")

    def _first(self) -> int | None:
        """The first cycle; nothing rolls into it."""
        begins = self.plan.contract.from_
        return self.plan.cycle(begins.toordinal()) if begins else None

    def _fill(self, new: Balance, left: list[Balance]) -> None:
        """Give what is missing to the least that rolls over."""
        missing = self.plan.least_rolled() - sum((one.left for one in left), NONE)
        if missing > 0:
            given = Balance(f"{new.id}/minimum", new.unit, new.start, new.end, missing, missing, cycle=new.cycle)
            given.rolled = missing
            self.lots.append(given)

    def _offset(self, one: Balance, least: Fraction) -> None:
        """What is owed is taken from a new lot, the oldest first, as far as ``least`` is left of it."""
        room = max(NONE, one.left - least)
        while self.debts and room > 0:
            oldest = self.debts[0]
            taken = min(room, oldest.quantity)
            room -= taken
            one.left -= taken
            one.offset += taken
            rest = oldest.quantity - taken
            self.debts[:1] = [oldest.part(rest)] if rest else []

    def _bill(self, edge: int, why: str) -> None:
        at = self.plan.zone.midnight(edge)
        self.events += overages(self.plan.id, at, self.unit(), self.debts, why)
        self.debts = []
