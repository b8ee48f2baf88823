"""Stretches of time as sets of seconds, and back."""

from __future__ import annotations

from collections.abc import Iterable

Spans = list[tuple[int, int]]


def seconds_of(spans: Iterable[tuple[int, int]]) -> set[int]:
    return {second for start, end in spans for second in range(start, end)}


def spans_of(seconds: set[int]) -> Spans:
    spans: list[list[int]] = []
    for second in sorted(seconds):
        if spans and spans[-1][1] == second:
            spans[-1][1] = second + 1
        else:
            spans.append([second, second + 1])
    return [(start, end) for start, end in spans]
