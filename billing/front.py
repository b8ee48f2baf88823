"""Cutting a part by its billed seconds, in order of time. What rounding added stands at the end of a part."""

from __future__ import annotations

from dataclasses import replace

from billing.rate_cut import Part
from billing.spans import intersect
from streams.models.work import Work


def front(part: Part, work: Work, quantity: int) -> tuple[Part, Part]:
    """The first ``quantity`` billed seconds (more than 0, fewer than all) and the rest; worked seconds come first."""
    assert 0 < quantity < part.billed
    worked = min(part.seconds, quantity)
    at = instant(work, part.start, worked) if worked < part.seconds else part.end
    topped = min(part.topped, part.billed - quantity)
    first = replace(part, end=at, seconds=worked, billed=quantity, topped=part.topped - topped)
    rest = replace(
        part, start=at, seconds=part.seconds - worked, billed=part.billed - quantity, topped=topped, steps=()
    )
    return first, rest


def instant(work: Work, start: int, seconds: int) -> int:
    """When so many seconds after ``start`` have been worked; pauses do not count."""
    at = start
    for begins, ends in intersect(work.spans, [(start, work.spans[-1][1])]):
        at = begins
        if seconds <= ends - begins:
            return begins + seconds
        seconds -= ends - begins
        at = ends
    return at
