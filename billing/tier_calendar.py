"""Which tiers hold when: windows by weekday, date and holiday, in one zone, computed once a local day."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from billing.calendar import Day, Zone
from billing.holiday_sets import is_holiday
from streams.models.catalog import Calendar, HolidaySet, Window

STANDARD = "standard"
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Piece = tuple[int, int, str]  # start, end (seconds), tier
Stack = tuple[str, ...]  # tiers that hold at once: the calendar's, then what holds beside it
Stacked = tuple[int, int, Stack]


class _Window(NamedTuple):
    """``begin`` and ``finish`` in minutes of the wall clock from the midnight of the day it belongs to."""

    begin: int
    finish: int
    tier: str
    holds: Callable[[int], bool]


class TierCalendar:
    """A catalogue calendar in one zone. Of its windows the first that fits wins; every premium that fits holds too."""

    def __init__(self, calendar: Calendar, zone: Zone, holidays: Mapping[str, HolidaySet] | None = None) -> None:
        self.id = calendar.id
        self.zone = zone
        self.emergency = tuple(calendar.emergency)
        self._otherwise = calendar.otherwise
        self._windows = [_window(one, holidays or {}) for one in calendar.windows]
        self._premiums = [_window(one, holidays or {}) for one in calendar.premiums]
        both = [*self._windows, *self._premiums]
        self._before = max((one.finish // 1440 for one in both), default=0)  # days that reach into a later one
        self._after = max((-(one.begin // 1440) for one in both), default=0)  # days that begin on an earlier one
        self._days: dict[int, tuple[Stacked, ...]] = {}

    def split(self, start: int, end: int) -> Iterator[Piece]:
        """Pieces of ``[start, end)`` in order, by the tier of the windows alone; together exactly the span."""
        for begin, finish, stack in self.stacks(start, end):
            yield begin, finish, stack[0]

    def tier_at(self, at: int) -> str:
        return next(self.split(at, at + 1))[2]

    def stacks(self, start: int, end: int) -> Iterator[Stacked]:
        """Pieces of ``[start, end)`` in order, cut at every boundary; together exactly the span."""
        while start < end:
            day = self.zone.day(start)
            for _, stop, stack in self._pieces(day):
                if stop > start:
                    yield start, min(stop, end), stack
                    start = stop
                    if start >= end:
                        return

    def _pieces(self, day: Day) -> tuple[Stacked, ...]:
        found = self._days.get(day.ordinal)
        if found is None:
            found = self._days[day.ordinal] = tuple(self._compute(day))
        return found

    def _compute(self, day: Day) -> Iterator[Stacked]:
        """The day's pieces: windows of this day and what reaches in from its neighbours."""
        windows, premiums = list(self._spans(self._windows, day)), list(self._spans(self._premiums, day))
        edges = {day.start, day.end}
        for begin, finish, _ in (*windows, *premiums):
            edges |= {edge for edge in (begin, finish) if day.start < edge < day.end}
        for start, end in pairwise(sorted(edges)):
            first = next((tier for begin, finish, tier in windows if begin <= start and end <= finish), self._otherwise)
            beside = [tier for begin, finish, tier in premiums if begin <= start and end <= finish]
            yield start, end, tuple(dict.fromkeys((first, *beside)))

    def _spans(self, windows: list[_Window], day: Day) -> Iterator[Piece]:
        for window in windows:
            for ordinal in range(day.ordinal - self._before, day.ordinal + self._after + 1):
                if window.holds(ordinal):
                    zone = self.zone
                    yield zone.instant(ordinal, window.begin), zone.instant(ordinal, window.finish), window.tier


def _window(window: Window, holidays: Mapping[str, HolidaySet]) -> _Window:
    begin, finish = minutes(window)
    weekdays = frozenset(map(_WEEKDAYS.index, window.days))
    dates = frozenset(day.toordinal() for day in window.dates)
    named = holidays.get(window.holidays) if window.holidays else None

    def holds(ordinal: int) -> bool:
        if (ordinal - 1) % 7 in weekdays or ordinal in dates:
            return True
        return named is not None and is_holiday(named, date.fromordinal(ordinal))

    return _Window(begin, finish, window.tier, holds)


def minutes(window: Window) -> tuple[int, int]:
    """From and until as minutes of the wall clock from the midnight of the window's day."""
    begin, finish = ((int(clock[:2]) * 60 + int(clock[3:])) for clock in (window.from_, window.until))
    begin += window.from_day * 1440
    if window.until_day is not None:
        return begin, finish + window.until_day * 1440
    return begin, finish if finish > begin else finish + 1440
