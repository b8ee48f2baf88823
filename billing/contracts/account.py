"""The balance of one contract as work comes by, in the order of time."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from billing.contracts.lots import Balance, cycle_of, cycle_start, listed, most_rolled, opened, order
from streams.models.catalog import Contract


@dataclass(slots=True)
class Account:
    contract: Contract
    lots: list[Balance] = field(default_factory=list)
    cycle: int | None = None  # the last one opened
    over: dict[int, int] = field(default_factory=dict)  # seconds of overage, by cycle

    def at(self, day: int) -> list[Balance]:
        """Lots to draw from on a local day, in order; cycles up to then are opened and rolled over."""
        self._open_until(day)
        current = self.cycle if self.contract.current_first else None
        return sorted(self._holding(day), key=lambda one: order(one, current))

    def factor(self, tier: str, role: str) -> Decimal:
        """How many seconds of the balance one second takes: of the tier, and of the role."""
        down = self.contract.drawdown
        by_tier, by_role = down.tiers.get(tier), down.roles.get(role)
        return (by_tier or Decimal(1)) * (by_role or Decimal(1))

    def allowed(self, day: int) -> int:
        """Seconds that may still be billed as overage."""
        if self.contract.on_exhausted == "overage":
            return 10**12
        if self.contract.on_exhausted == "hold":
            return 0
        size = sum((one.size for one in self._holding(day) if one.unit == "seconds"), Fraction(0))
        limit = int(size * Fraction(self.contract.overrun_percent) / 100)
        return max(0, limit - self.over.get(cycle_of(self.contract, day), 0))

    def exceeded(self, day: int, seconds: int) -> None:
        cycle = cycle_of(self.contract, day)
        self.over[cycle] = self.over.get(cycle, 0) + seconds

    def _holding(self, day: int) -> list[Balance]:
        return [one for one in self.lots if one.start <= day < one.end]

    def _open_until(self, day: int) -> None:
        last = cycle_of(self.contract, day)
        if self.cycle is None:
            self.lots = listed(self.contract)
            begins = self.contract.from_.toordinal() if self.contract.from_ else day
            self.cycle = cycle_of(self.contract, begins) - 1
        if self.contract.kind == "retainer":
            for cycle in range(self.cycle + 1, last + 1):
                self._open(cycle)
        self.cycle = max(self.cycle, last)

    def _open(self, cycle: int) -> None:
        """Forfeit what may not roll into a cycle, the oldest first; then what the cycle includes is there."""
        rolls = self.contract.rollover
        start = cycle_start(self.contract, cycle)
        left = sorted(
            (one for one in self.lots if one.cycle is not None and one.end > start), key=lambda one: one.start
        )
        most = most_rolled(self.contract, rolls) if rolls is not None else None
        if most is not None:
            over = sum((one.left for one in left), Fraction(0)) - most
            for one in left:
                lost = max(Fraction(0), min(one.left, over))
                one.left -= lost
                over -= lost
        if (new := opened(self.contract, cycle)) is not None:
            self.lots.append(new)
