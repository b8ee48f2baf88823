"""Stretches of time: half-open ``(start, end)`` in whole seconds, and what sets of them share or lack.

Every function takes spans in any order and gives them sorted, disjoint and without empty ones; spans that touch
are one. Sums: ``length(union(a + b)) = length(a) + length(b) - length(intersect(a, b))`` for disjoint a and b.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from streams.models.interval import Span

Spans = tuple[Span, ...]


def union(spans: Iterable[Span]) -> Spans:
    """All seconds that lie in any of them."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if end <= start:
            continue
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return tuple(joined)


def subtract(spans: Iterable[Span], holes: Iterable[Span]) -> Spans:
    """The seconds of ``spans`` that lie in no hole."""
    rest: list[Span] = []
    gone = union(holes)
    for start, end in union(spans):
        at = start
        for lo, hi in gone:
            if hi <= at or lo >= end:
                continue
            if lo > at:
                rest.append((at, lo))
            at = hi
        if at < end:
            rest.append((at, end))
    return tuple(rest)


def intersect(one: Iterable[Span], other: Iterable[Span]) -> Spans:
    """The seconds that lie in both."""
    left, right = union(one), union(other)
    both: list[Span] = []
    i = j = 0
    while i < len(left) and j < len(right):
        start, end = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if start < end:
            both.append((start, end))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return tuple(both)


def apart(one: Sequence[Span], other: Sequence[Span]) -> bool:
    """Whether two sorted sets of spans lie one behind the other, so that nothing can be shared."""
    return not one or not other or one[-1][1] <= other[0][0] or other[-1][1] <= one[0][0]


def length(spans: Sequence[Span]) -> int:
    """Seconds in disjoint spans."""
    return sum(end - start for start, end in spans)


def contains(spans: Sequence[Span], instant: int) -> bool:
    """Whether the second that begins at ``instant`` lies in one of them."""
    return any(start <= instant < end for start, end in spans)
