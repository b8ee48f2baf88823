"""Cycles of contracts: a month, a quarter or a year, beginning on a day of its first month. Days are ordinals.

A cycle on the 15th that holds 2026-03-20 goes from 2026-03-15 to before 2026-04-15; of a contract from 2026-03-20 its
first part has 26 of 31 days.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from typing import NamedTuple

MONTHS = {"month": 1, "quarter": 3, "year": 12}
LAST = date.max.toordinal()


class Cycle(NamedTuple):
    """``[since, until)`` of a cycle as far as something holds; ``days`` of the whole cycle."""

    since: int
    until: int
    days: int

    @property
    def share(self) -> Fraction:
        return Fraction(self.until - self.since, self.days)

    @property
    def is_whole(self) -> bool:
        return self.until - self.since == self.days


def cycles(every: str, cycle_day: int, begins: int, ends: int, last: int) -> Iterator[Cycle]:
    """The cycles between two days, cut at both, that begin by day ``last``. ``once`` is one, as long as all."""
    if begins >= ends or begins > last:
        return
    if every == "once":
        yield Cycle(begins, ends, ends - begins)
        return
    months, number = MONTHS[every], number_of(every, cycle_day, begins)
    while (start := _start(number * months, cycle_day)) < ends and start <= last:
        after = _start((number + 1) * months, cycle_day)
        yield Cycle(max(start, begins), min(after, ends), after - start)
        number += 1


def cycle_at(every: str, cycle_day: int, day: int, begins: int = 1, ends: int = LAST) -> Cycle:
    """The cycle that holds a day, cut to what lies between ``begins`` and ``ends``."""
    number, months = number_of(every, cycle_day, day), MONTHS[every]
    start, after = _start(number * months, cycle_day), _start((number + 1) * months, cycle_day)
    return Cycle(max(start, begins), min(after, ends), after - start)


def number_of(every: str, cycle_day: int, day: int) -> int:
    on = date.fromordinal(day)
    return (on.year * 12 + on.month - 1 - (on.day < cycle_day)) // MONTHS[every]


def _start(month: int, cycle_day: int) -> int:
    if not 12 <= month < 12 * 10_000:
        return 1 if month < 12 else LAST
    return date(month // 12, month % 12 + 1, cycle_day).toordinal()
