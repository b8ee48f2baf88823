"""Local days, months and tiers. The only place where an instant meets a wall clock.

Every wall-clock time has exactly one instant: inside a daylight-saving gap the first real instant after it, where
it occurs twice the first. A local day is ``[midnight, next midnight)`` in these instants, so days follow each
other without gap or overlap in every zone; a day that a zone skipped is empty. Everything is found once a day and
kept; the rules of zones come from the ``tzdata`` package, so that every machine computes the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from streams.models.catalog import Calendar, Window

DAY = 86_400
EPOCH = date(1970, 1, 1).toordinal()
STANDARD = "standard"
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Piece = tuple[int, int, str]  # start, end (seconds), tier


class Day(NamedTuple):
    """One local day: ``[start, end)`` in seconds, its date ("2026-03-08") and month ("2026-03")."""

    ordinal: int
    start: int
    end: int
    date: str
    period: str


class Zone:
    """An IANA zone by days. Build it with ``zone_of``."""

    def __init__(self, name: str, info: ZoneInfo) -> None:
        self.name = name
        self._info = info
        self._midnights: dict[int, int] = {}
        self._days: dict[int, Day] = {}
        self._last = Day(0, 0, 0, "", "")  # work comes in order of time: most instants lie in the day of the one before

    def instant(self, ordinal: int, minute: int) -> int:
        """Seconds since 1970 of a wall-clock minute of a local day; minute 1440 is the next midnight."""
        ordinal, minute = ordinal + minute // 1440, minute % 1440
        wall = (ordinal - EPOCH) * DAY + minute * 60
        local = datetime.fromordinal(ordinal) + timedelta(minutes=minute)
        before, after = self._offset(local), self._offset(local.replace(fold=1))
        if after > before:
            return self._transition(wall - after, wall - before)
        return wall - before

    def midnight(self, ordinal: int) -> int:
        """The first instant of a local day."""
        found = self._midnights.get(ordinal)
        if found is None:
            found = self._midnights[ordinal] = self.instant(ordinal, 0)
        return found

    def day(self, at: int) -> Day:
        """The local day that holds an instant."""
        if not self._last.start <= at < self._last.end:
            self._last = self._find(at)
        return self._last

    def wall(self, at: int) -> int:
        """Seconds after midnight that the clock shows at an instant: for grids, not for durations."""
        offset = self._offset_at(at)
        assert offset is not None
        return (at + int(offset.total_seconds())) % DAY

    def _find(self, at: int) -> Day:
        ordinal = at // DAY + EPOCH
        while self.midnight(ordinal + 1) <= at:
            ordinal += 1
        while self.midnight(ordinal) > at:
            ordinal -= 1
        found = self._days.get(ordinal)
        if found is None:
            text = date.fromordinal(ordinal).isoformat()
            found = Day(ordinal, self.midnight(ordinal), self.midnight(ordinal + 1), text, text[:7])
            self._days[ordinal] = found
        return found

    def _offset(self, local: datetime) -> int:
        offset = self._info.utcoffset(local.replace(tzinfo=self._info))
        assert offset is not None
        return int(offset.total_seconds())

    def _offset_at(self, at: int) -> timedelta | None:
        return datetime.fromtimestamp(at, UTC).astimezone(self._info).utcoffset()

    def _transition(self, before: int, after: int) -> int:
        """The first instant in ``(before, after]`` whose offset is not the one at ``before``."""
        old = self._offset_at(before)
        while after - before > 1:
            middle = (before + after) // 2
            before, after = (middle, after) if self._offset_at(middle) == old else (before, middle)
        return after


@cache
def zone_of(name: str) -> Zone | None:
    """The zone of an IANA name, spelled exactly; None if there is none."""
    if name not in _names():
        return None
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as source:
        return Zone(name, ZoneInfo.from_file(source, key=name))


@cache
def _names() -> frozenset[str]:
    return frozenset(files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())


class TierCalendar:
    """A catalogue calendar in one zone: which tier holds when. The first window that fits wins."""

    def __init__(self, calendar: Calendar, zone: Zone) -> None:
        self.id = calendar.id
        self.zone = zone
        self._otherwise = calendar.otherwise
        self._windows = [(frozenset(map(_WEEKDAYS.index, w.days)), *_minutes(w), w.tier) for w in calendar.windows]
        self._days: dict[int, tuple[Piece, ...]] = {}

    def split(self, start: int, end: int) -> Iterator[Piece]:
        """Pieces of ``[start, end)`` in order, cut at every window's boundary; together exactly the span."""
        while start < end:
            day = self.zone.day(start)
            for _, stop, tier in self._pieces(day):
                if stop > start:
                    yield start, min(stop, end), tier
                    start = stop
                    if start >= end:
                        return

    def _pieces(self, day: Day) -> tuple[Piece, ...]:
        found = self._days.get(day.ordinal)
        if found is None:
            found = self._days[day.ordinal] = tuple(self._compute(day))
        return found

    def _compute(self, day: Day) -> Iterator[Piece]:
        """The day's pieces: windows of this weekday and what is left of those that began the day before."""
        spans = [
            (self.zone.instant(ordinal, begin), self.zone.instant(ordinal, finish), tier)
            for weekdays, begin, finish, tier in self._windows
            for ordinal in (day.ordinal - 1, day.ordinal)
            if (ordinal - 1) % 7 in weekdays
        ]
        edges = {day.start, day.end}
        edges |= {edge for begin, finish, _ in spans for edge in (begin, finish) if day.start < edge < day.end}
        cuts = sorted(edges)
        for start, end in pairwise(cuts):
            fits = (tier for begin, finish, tier in spans if begin <= start and end <= finish)
            yield start, end, next(fits, self._otherwise)


def _minutes(window: Window) -> tuple[int, int]:
    """From and until as minutes of the window's first day; until at or before from is on the next day."""
    begin, finish = ((int(clock[:2]) * 60 + int(clock[3:])) for clock in (window.from_, window.until))
    return begin, finish if finish > begin else finish + 1440
