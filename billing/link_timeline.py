"""Each person's evidence in time, and the islands in it.

An island is a maximal chain of evidence whose hulls ``[start, until]`` are within the merge gap of each other;
what one piece does to another happens inside one island.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from typing import NamedTuple

EVER = 1 << 62  # beyond all instants
Row = tuple[int, str, int]  # start, interval id, until


class Region(NamedTuple):
    """A stretch of one person's time, both ends included."""

    person: str
    start: int
    until: int


class Timelines:
    """Rows by person, sorted. The longest hull a person ever had bounds how far back a search must look."""

    def __init__(self) -> None:
        self._rows: dict[str, list[Row]] = {}
        self._longest: dict[str, int] = {}

    def add(self, region: Region, id_: str) -> None:
        insort(self._rows.setdefault(region.person, []), (region.start, id_, region.until))
        self._longest[region.person] = max(self._longest.get(region.person, 0), region.until - region.start)

    def remove(self, region: Region, id_: str) -> None:
        rows = self._rows[region.person]
        del rows[bisect_left(rows, (region.start, id_, region.until))]
        if not rows:
            del self._rows[region.person], self._longest[region.person]

    def between(self, person: str, start: int, end: int) -> list[str]:
        """Ids of the person's evidence that starts in ``[start, end)``."""
        rows = self._rows.get(person, [])
        return [row[1] for row in rows[bisect_left(rows, (start,)) : bisect_left(rows, (end,))]]

    def meeting(self, person: str, start: int, until: int) -> list[str]:
        """Ids of the person's evidence whose hull meets ``[start, until]``."""
        rows = self._rows.get(person, [])
        first = bisect_left(rows, (start - self._longest.get(person, 0),))
        return [row[1] for row in rows[first : bisect_left(rows, (until + 1,))] if row[2] >= start]

    def islands(self, regions: Iterable[Region], gap: int) -> list[list[str]]:
        """Every island within the gap of a region, once; its ids by (start, id)."""
        found: list[list[str]] = []
        person, reached = "", -EVER
        for region in sorted(regions):
            if region.person != person:
                person, reached = region.person, -EVER
            for island, until in self._near(region, gap):
                if island[0][0] > reached:
                    found.append([row[1] for row in island])
                    reached = max(reached, until)
        return found

    def _near(self, region: Region, gap: int) -> list[tuple[list[Row], int]]:
        rows = self._rows.get(region.person, [])
        last = bisect_right(rows, (region.until + gap, "\U0010ffff"))
        left = self._leftmost(rows, last, region.start - gap, region.person, gap)
        islands: list[tuple[list[Row], int]] = []
        for index in range(bisect_left(rows, (left,)), len(rows)):
            row = rows[index]
            if islands and row[0] <= islands[-1][1] + gap:
                islands[-1][0].append(row)
                islands[-1] = (islands[-1][0], max(islands[-1][1], row[2]))
            elif row[0] <= region.until + gap:
                islands.append(([row], row[2]))
            else:
                break
        return islands

    def _leftmost(self, rows: list[Row], last: int, left: int, person: str, gap: int) -> int:
        """From where on rows belong to islands within the gap of ``left``. Going back, every row that reaches what
        was reached so far draws it further; one passed over starts later than those that follow and cannot."""
        longest = self._longest.get(person, 0)
        for index in range(last - 1, -1, -1):
            start, _, until = rows[index]
            if start < left - longest:
                break
            if until >= left:
                left = min(left, start - gap)
        return left
