"""Which tiers hold over a span of work: the calendar's, its premiums, and what the ticket's facts put beside them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from billing.rate_terms import Terms
from billing.tier_calendar import STANDARD
from billing.urgency import emergencies, facts_text, stretches
from streams.models.work import Work


class Stretch(NamedTuple):
    """``[start, end)`` under one tier; ``base`` is the calendar's, ``why`` the facts that put another beside it."""

    start: int
    end: int
    tier: str
    base: str = STANDARD
    why: str = ""


def split(terms: Terms, work: Work, start: int, end: int) -> Iterator[Stretch]:
    """Tiers of ``[start, end)``; all standard without a calendar. A span of no length is one stretch."""
    calendar = terms.calendar
    if calendar is None:
        yield Stretch(start, end, STANDARD)
        return
    for begin, finish, stack in calendar.stacks(start, max(end, start + 1)):
        if not calendar.emergency or not work.urgency:
            yield Stretch(begin, min(finish, end), terms.tier_of(stack), stack[0])
            continue
        for since, until, facts in stretches(work.urgency, begin, finish):
            beside = emergencies(calendar.emergency, facts, stack[0])
            whole = tuple(dict.fromkeys((*stack, *beside)))
            yield Stretch(since, min(until, end), terms.tier_of(whole), stack[0], facts_text(facts) if beside else "")
