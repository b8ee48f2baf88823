"""A contract's balances as they are planned: its lots, its cycles, and the days on which anything begins or ends."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction

from billing.calendar import Zone
from billing.contracts.lots import FOREVER, MONTHS, NONE, Balance, Unit, listed, quantity_of, said
from streams.models.catalog import Contract, Lot, Tier

CYCLIC = ("retainer", "per_incident")  # kinds whose cycles include something
INCLUDED = ("included_hours", "included_money", "included_incidents")


@dataclass(slots=True, eq=False)
class Plan:
    """``purchases``: lots bought by decision. ``until``: the day on which the contract ends."""

    contract: Contract
    zone: Zone
    purchases: tuple[Lot, ...] = ()
    tiers: dict[str, Decimal] = field(default_factory=dict)  # draw-down multipliers
    lots: list[Balance] = field(init=False)
    until: int = field(init=False)
    cycles: bool = field(init=False)
    unit: Unit = field(init=False)  # of what a cycle includes
    included: Fraction = field(init=False)
    _edges: list[int] = field(init=False)
    _eras: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        contract = self.contract
        self.lots = listed(contract, self.purchases)
        self.until = contract.until.toordinal() if contract.until else FOREVER
        self.cycles = contract.kind in CYCLIC and any(getattr(contract, name) is not None for name in INCLUDED)
        self.unit, self.included = quantity_of(contract, "included_")
        self._edges = sorted({edge for one in self.lots for edge in (one.start, one.end)})

    @property
    def id(self) -> str:
        return self.contract.id

    @property
    def by_incident(self) -> bool:
        return self.contract.kind == "per_incident"

    def era(self, day: int) -> int:
        """The last day up to this one on which a balance began or ended; 0 before all of them."""
        found = self._eras.get(day)
        if found is None:
            place = bisect_right(self._edges, day)
            edge = self._edges[place - 1] if place else 0
            found = self._eras[day] = max(edge, self.begin(self.cycle(day))) if self.cycles else edge
        return found

    def cycle(self, day: int) -> int:
        """Number of the cycle that holds a day."""
        on = date.fromordinal(day)
        return (on.year * 12 + on.month - 1 - (on.day < self.contract.cycle_day)) // MONTHS[self.contract.cycle]

    def begin(self, cycle: int) -> int:
        """First day of a cycle."""
        month = cycle * MONTHS[self.contract.cycle]
        if month // 12 > date.max.year:
            return FOREVER
        return date(month // 12, month % 12 + 1, self.contract.cycle_day).toordinal()

    def rolls(self) -> bool:
        """Whether anything rolls over; not where the plan is too small."""
        rolls = self.contract.rollover
        if rolls is None:
            return False
        above = said(rolls, "above_", self.unit)
        return above is None or self.included > above

    def opened(self, cycle: int) -> Balance | None:
        """What a cycle includes, by days where the contract holds for a part of it only."""
        contract = self.contract
        start, end = self.begin(cycle), self.begin(cycle + 1)
        begins = max(start, contract.from_.toordinal()) if contract.from_ else start
        finish = min(end, self.until)
        if begins >= finish:
            return None
        size = self.included * (finish - begins) / (end - start) if contract.prorate else self.included
        size = Fraction(round(size * 100), 100) if self.unit == "money" else Fraction(int(size))
        if contract.rollover is not None and self.rolls():
            periods = contract.rollover.periods
            finish = FOREVER if periods is None else self.begin(cycle + 1 + periods)
        name = f"{contract.id}/{date.fromordinal(begins)}"
        return Balance(name, self.unit, begins, finish, size, size, cycle=cycle)

    def most_rolled(self) -> Fraction | None:
        """How much of earlier cycles may be left at the start of one; None: any."""
        rolls = self.contract.rollover
        if rolls is None:
            return None
        most = said(rolls, "max_", self.unit)
        limits = [] if most is None else [most]
        if rolls.percent is not None:
            limits.append(self.included * Fraction(rolls.percent) / 100)
        return min(limits, default=None)

    def least_rolled(self) -> Fraction:
        """How much of earlier cycles there is at least at the start of one."""
        rolls = self.contract.rollover
        return (said(rolls, "min_", self.unit) if rolls else None) or NONE

    def least_available(self) -> Fraction:
        """How much of a cycle can be drawn, whatever is owed."""
        return said(self.contract, "minimum_available_", self.unit) or NONE

    def factor(self, tier: str, role: str, stacking: str = "highest") -> Decimal:
        """How many seconds of the balance one second takes: of the tier, where its premium goes to the quantity, and
        of the role. Tiers that hold at once ("night + holiday") multiply or add as their prices do."""
        down = self.contract.drawdown
        factor = down.roles.get(role) or Decimal(1)
        if self.contract.premium == "price":
            return factor
        each = [self._of_tier(one) for one in ([tier] if stacking == "highest" else tier.split(" + "))]
        if stacking == "add":
            return factor * (1 + sum([one - 1 for one in each], Decimal(0)))
        for one in each:
            factor *= one
        return factor

    def _of_tier(self, tier: str) -> Decimal:
        return self.contract.drawdown.tiers.get(tier) or self.tiers.get(tier) or Decimal(1)


def drawdown_tiers(tiers: Iterable[Tier]) -> dict[str, Decimal]:
    """How fast each tier draws, where its own object says so."""
    return {one.id: one.drawdown_multiplier for one in tiers if one.drawdown_multiplier is not None}
