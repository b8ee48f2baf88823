"""Local days and months. The only place where an instant meets a wall clock.

Every wall-clock time has exactly one instant: inside a daylight-saving gap the first real instant after it, where
it occurs twice the first. A local day is ``[midnight, next midnight)`` in these instants, so days follow each
other without gap or overlap in every zone; a day that a zone skipped is empty. Everything is found once a day and
kept; the rules of zones come from the ``tzdata`` package, so that every machine computes the same.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import NamedTuple
from zoneinfo import ZoneInfo

DAY = 86_400
EPOCH = date(1970, 1, 1).toordinal()


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
