"""Lots of a contract: those it lists, those that were bought, and one for each cycle that includes something.

Exact fractions throughout: seconds of hours, major units of money, incidents. Days are midnights in the client's zone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from streams.models.catalog import Contract, Lot, Rollover

Unit = Literal["seconds", "money", "incidents"]

HOUR = 3600
MONTHS = {"month": 1, "quarter": 3, "year": 12}
FOREVER = date.max.toordinal()
NONE = Fraction(0)
_UNITS: tuple[tuple[str, Unit, int], ...] = (("hours", "seconds", HOUR), ("money", "money", 1),
                                             ("incidents", "incidents", 1))  # fmt: skip


@dataclass(slots=True)
class Balance:
    """A lot as it stands: ``left`` of ``size``, drawn from day ``start`` to before day ``end`` (ordinals).

    ``rolled`` of it were left of earlier cycles when the last cycle began; ``offset`` went into what was owed;
    ``expired`` and ``forfeited`` are gone. ``price``: what was paid for all of it, in major units.
    """

    id: str
    unit: Unit
    start: int
    end: int
    size: Fraction
    left: Fraction
    priority: int = 0
    granted: bool = True
    cycle: int | None = None  # of what a cycle includes
    price: Fraction | None = None
    rolled: Fraction = NONE
    offset: Fraction = NONE
    expired: Fraction = NONE
    forfeited: Fraction = NONE

    def copy(self) -> Balance:
        """One that can be drawn from on its own."""
        return Balance(
            self.id, self.unit, self.start, self.end, self.size, self.left, self.priority, self.granted, self.cycle,
            self.price, self.rolled, self.offset, self.expired, self.forfeited,
        )  # fmt: skip

    def worth(self, quantity: Fraction) -> Fraction | None:
        """What was paid for so much of it; None where nobody said."""
        return None if self.price is None else self.price * quantity / self.size


def listed(contract: Contract, purchases: Iterable[Lot] = ()) -> list[Balance]:
    """The lots that the contract names and those that were bought, by their first day."""
    found = [one for lot in (*contract.lots, *purchases) for one in _parts(contract, lot)]
    return sorted(found, key=lambda one: (one.start, one.id))


def _parts(contract: Contract, lot: Lot) -> Iterator[Balance]:
    """A lot, or the equal parts it is spread over. Seconds and cents are whole; the parts add up to the lot."""
    until = lot.until.toordinal() if lot.until else FOREVER
    unit, size = quantity_of(lot, "")
    name, first = f"{contract.id}/{lot.id}", lot.from_
    price = None if lot.price is None else Fraction(lot.price)
    step, grain = MONTHS[contract.cycle], 100 if unit == "money" else 1
    for n in range(lot.spread):
        start = months_after(first, n * step)
        if lot.spread == 1:
            yield Balance(name, unit, start, until, size, size, lot.priority, lot.granted, price=price)
            continue
        before, after = (Fraction(int(size * grain * k / lot.spread), grain) for k in (n, n + 1))
        if n + 1 == lot.spread:
            after = size
        ends = until if lot.carry else min(until, months_after(first, (n + 1) * step))
        part, share = after - before, None if price is None else price * (after - before) / size
        if part and start < ends:
            yield Balance(f"{name}/{n + 1}", unit, start, ends, part, part, lot.priority, lot.granted, price=share)


def months_after(first: date, months: int) -> int:
    """The same day so many months later, or the last one of a month that is too short."""
    month = first.year * 12 + first.month - 1 + months
    if month // 12 > date.max.year:
        return FOREVER
    begins = date(month // 12, month % 12 + 1, 1)
    longest = 28
    while longest < first.day and (begins.replace(day=longest).toordinal() + 1) < _next_month(begins):
        longest += 1
    return begins.replace(day=min(first.day, longest)).toordinal()


def _next_month(begins: date) -> int:
    if (begins.year, begins.month) == (date.max.year, 12):
        return FOREVER
    return date(begins.year + begins.month // 12, begins.month % 12 + 1, 1).toordinal()


def quantity_of(item: Lot | Contract | Rollover, prefix: str) -> tuple[Unit, Fraction]:
    """The one of ``{prefix}hours``, ``{prefix}money`` and ``{prefix}incidents`` that is said; no seconds if none is."""
    for word, unit, factor in _UNITS:
        value: Decimal | int | None = getattr(item, prefix + word)
        if value is not None:
            return unit, Fraction(value) * factor
    return "seconds", NONE


def said(item: Contract | Rollover, prefix: str, unit: Unit) -> Fraction | None:
    """``{prefix}hours`` where the unit is seconds, and so on; None where it is not said."""
    word, factor = next((word, factor) for word, own, factor in _UNITS if own == unit)
    value: Decimal | int | None = getattr(item, prefix + word)
    return None if value is None else Fraction(value) * factor


def order(one: Balance, current: int | None) -> tuple[object, ...]:
    """Which lot goes first: priority, soonest expiry, granted, oldest, id; the current cycle's before if asked."""
    later = current is not None and one.cycle != current
    return one.priority, later, one.end, not one.granted, one.start, one.id
