"""Lots of a contract: those it lists, and one for each cycle of a retainer, with what rolls over.

Exact fractions throughout: seconds of hours, major units of money. Dates are midnights in the client's zone.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Literal

from streams.models.catalog import Contract, Rollover

HOUR = 3600
MONTHS = {"month": 1, "quarter": 3, "year": 12}
FOREVER = date.max.toordinal()


@dataclass(slots=True)
class Balance:
    """A lot as it stands: ``left`` of ``size``, drawn from day ``start`` to before day ``end`` (ordinals)."""

    id: str
    unit: Literal["seconds", "money"]
    start: int
    end: int
    size: Fraction
    left: Fraction
    priority: int = 0
    granted: bool = True
    cycle: int | None = None  # of a retainer


def listed(contract: Contract) -> list[Balance]:
    """The lots that the contract names."""
    found = []
    for lot in contract.lots:
        until = lot.until.toordinal() if lot.until else FOREVER
        size = Fraction(lot.hours) * HOUR if lot.hours is not None else Fraction(lot.money or 0)
        unit: Literal["seconds", "money"] = "seconds" if lot.hours is not None else "money"
        name = f"{contract.id}/{lot.id}"
        found.append(Balance(name, unit, lot.from_.toordinal(), until, size, size, lot.priority, lot.granted))
    return found


def cycle_of(contract: Contract, day: int) -> int:
    """Number of the cycle that holds a day; 0 for contracts without."""
    if contract.kind != "retainer":
        return 0
    on = date.fromordinal(day)
    return (on.year * 12 + on.month - 1 - (on.day < contract.cycle_day)) // MONTHS[contract.cycle]


def cycle_start(contract: Contract, cycle: int) -> int:
    """First day of a cycle."""
    month = cycle * MONTHS[contract.cycle]
    return date(month // 12, month % 12 + 1, contract.cycle_day).toordinal()


def era_of(contract: Contract, day: int) -> int:
    """A number that changes on every day on which a balance begins or ends."""
    edges = sorted({edge for one in listed(contract) for edge in (one.start, one.end)})
    return cycle_of(contract, day) * (len(edges) + 1) + bisect_right(edges, day)


def opened(contract: Contract, cycle: int) -> Balance | None:
    """What a retainer's cycle includes, by days where the contract holds for a part of it only."""
    start, end = cycle_start(contract, cycle), cycle_start(contract, cycle + 1)
    begins = max(start, contract.from_.toordinal()) if contract.from_ else start
    finish = min(end, contract.until.toordinal()) if contract.until else end
    whole = included(contract)
    if whole is None or begins >= finish:
        return None
    size = whole * (finish - begins) / (end - start) if contract.prorate else whole
    unit: Literal["seconds", "money"] = "seconds" if contract.included_hours is not None else "money"
    size = Fraction(int(size)) if unit == "seconds" else Fraction(round(size * 100), 100)
    rolls = contract.rollover
    if rolls is not None:
        finish = FOREVER if rolls.periods is None else cycle_start(contract, cycle + 1 + rolls.periods)
    return Balance(f"{contract.id}/{date.fromordinal(begins)}", unit, begins, finish, size, size, cycle=cycle)


def included(contract: Contract) -> Fraction | None:
    """What a whole cycle includes: seconds, or money."""
    if contract.included_hours is not None:
        return Fraction(contract.included_hours) * HOUR
    return Fraction(contract.included_money) if contract.included_money is not None else None


def most_rolled(contract: Contract, rolls: Rollover) -> Fraction | None:
    """How much of earlier cycles may be left at the start of one; None: any."""
    limits = [Fraction(rolls.max_hours) * HOUR] if rolls.max_hours is not None else []
    if rolls.percent is not None:
        limits.append((included(contract) or Fraction(0)) * Fraction(rolls.percent) / 100)
    return min(limits, default=None)


def order(one: Balance, current: int | None) -> tuple[object, ...]:
    """Which lot goes first: priority, soonest expiry, granted, oldest, id; the current cycle's before if asked."""
    later = current is not None and one.cycle != current
    return one.priority, later, one.end, not one.granted, one.start, one.id
