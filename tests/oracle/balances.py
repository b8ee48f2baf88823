"""Prepaid hours, slowly: every day of the calendar, and every second of the work, one after the other.

Written from the rules, without any code of the kernel. Hours only, midnight in UTC, work inside one day.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

Plain = dict[str, Any]
NEVER = date(9999, 12, 31)


@dataclass
class Lot:
    name: str
    begins: date
    ends: date
    size: Fraction
    left: Fraction
    priority: int = 0
    granted: bool = True
    included: date | None = None  # the cycle that it is of, by its first day
    lost: Fraction = Fraction(0)
    paid_back: Fraction = Fraction(0)


@dataclass
class Told:
    """What became of one piece of work, in seconds of work."""

    covered: dict[str, int] = field(default_factory=dict)
    billed: int = 0
    held: int = 0


class Contract:
    """``plain`` has the fields of the catalogue, as numbers and dates."""

    def __init__(self, plain: Plain, first: date) -> None:
        self.plain = plain
        self.lots: list[Lot] = []
        self.past: list[Lot] = []
        self.owed: list[tuple[Fraction, Fraction]] = []  # balance and money for each second of work
        self.invoiced = (Fraction(0), Fraction(0))
        self.over = 0
        self.over_at: date | None = None
        self.today = min([plain.get("from") or first, first, *(lot["from"] for lot in plain["lots"])]) - timedelta(40)
        self.starts = plain.get("from") or first

    def until(self, day: date) -> None:
        while self.today < day:
            self.today += timedelta(1)
            self._day(self.today)

    def _day(self, today: date) -> None:
        ends = self.plain.get("until") or NEVER
        for lot in [lot for lot in self.lots if min(lot.ends, ends) == today]:
            self.lots.remove(lot)
            self.past.append(lot)
            lot.lost += lot.left
            lot.left = Fraction(0)
        for one in sorted(self.plain["lots"], key=lambda one: str(one["id"])):
            if one["from"] == today and today < ends:
                size = Fraction(one["hours"]) * 3600
                lot = Lot(one["id"], today, one.get("until") or NEVER, size, size, one["priority"], one["granted"])
                self.lots.append(lot)
                if self.plain["kind"] == "block_hours":
                    self._pay(lot, Fraction(0))
        if today == ends:
            self._invoice()
        elif today < ends and self.plain["kind"] == "retainer" and self._begins(today):
            self._cycle(today, ends)

    def _begins(self, day: date) -> bool:
        """Whether a cycle begins on a day; the first is the one that holds the contract's own beginning."""
        if day.day != self.plain["cycle_day"]:
            return False
        return day > self.starts or (self.starts - day).days < (self._next(day) - day).days

    def _next(self, day: date) -> date:
        return date(day.year + day.month // 12, day.month % 12 + 1, day.day)

    def _cycle(self, today: date, ends: date) -> None:
        rolls = self.plain.get("rollover")
        if rolls is not None and Fraction(self.plain["included_hours"]) <= Fraction(rolls.get("above_hours", -1)):
            rolls = None
        old = sorted((lot for lot in self.lots if lot.included), key=lambda lot: lot.begins)
        if rolls is not None and "max_hours" in rolls:
            too_much = sum(lot.left for lot in old) - Fraction(rolls["max_hours"]) * 3600
            for lot in old:
                gone = max(Fraction(0), min(lot.left, too_much))
                lot.left, lot.lost, too_much = lot.left - gone, lot.lost + gone, too_much - gone
        for lot in [lot for lot in old if not lot.left]:
            self.lots.remove(lot)
            self.past.append(lot)
        after = self._next(today)
        begins, finish = max(today, self.plain.get("from") or today), min(after, ends)
        size = Fraction(self.plain["included_hours"]) * 3600 * (finish - begins).days / (after - today).days
        last = finish
        if rolls is not None:
            last = NEVER
            for _ in range(rolls.get("periods", 0) and rolls["periods"] + 1):
                last = after if last == NEVER else self._next(last)
        lot = Lot(begins.isoformat(), begins, last, Fraction(int(size)), Fraction(int(size)), included=today)
        first = self.plain.get("from") is None or today <= self.plain["from"]
        if rolls is not None and not first:
            missing = Fraction(rolls.get("min_hours", 0)) * 3600 - sum(one.left for one in old)
            if missing > 0:
                self.lots.append(Lot(f"{lot.name}/minimum", begins, last, missing, missing, included=today))
        self.lots.append(lot)
        self._pay(lot, Fraction(self.plain.get("minimum_available_hours", 0)) * 3600)
        self._invoice()

    def _pay(self, lot: Lot, least: Fraction) -> None:
        while self.owed and lot.left > least:
            units, money = self.owed[0]
            part = min(units, lot.left - least)
            lot.left -= part
            lot.paid_back += part
            if part == units:
                self.owed.pop(0)
            else:
                self.owed[0] = (units - part, money * (units - part) / units)

    def _invoice(self) -> None:
        units, money = self.invoiced
        self.invoiced = units + sum(u for u, _ in self.owed), money + sum(m for _, m in self.owed)
        self.owed = []

    def work(self, day: date, seconds: int, factor: Fraction) -> Told:
        """One piece of work, second by second."""
        self.until(day)
        told = Told()
        for _ in range(seconds):
            self._second(told, factor)
        return told

    def _second(self, told: Told, factor: Fraction) -> None:
        def order(lot: Lot) -> tuple[object, ...]:
            newest = max((one.included for one in self.lots if one.included), default=None)
            behind = self.plain["current_first"] and lot.included != newest
            return lot.priority, behind, lot.ends, not lot.granted, lot.begins, lot.name

        for lot in sorted(self.lots, key=order):
            if lot.left >= factor:
                lot.left -= factor
                told.covered[lot.name] = told.covered.get(lot.name, 0) + 1
                return
        how = self.plain["on_exhausted"]
        if how == "carry_debt":
            self.owed.append((factor, Fraction(self.plain["overage_rate"]) / 3600))
            told.covered["owed"] = told.covered.get("owed", 0) + 1
            return
        if how == "overage" or (how == "overrun_limit" and self.over_now() + 1 <= self._most()):
            self.over += 1
            told.billed += 1
        else:
            told.held += 1

    def over_now(self) -> int:
        """Seconds beyond the balance in this cycle."""
        newest = max((one.included for one in [*self.lots, *self.past] if one.included), default=None)
        if self.plain["kind"] == "retainer" and newest != self.over_at:
            self.over, self.over_at = 0, newest
        return self.over

    def _most(self) -> Fraction:
        return sum((lot.size for lot in self.lots), Fraction(0)) * Fraction(self.plain["overrun_percent"]) / 100
