"""Which tiers hold over a span of work: the calendar's, its premiums, and what the ticket's facts put beside them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from billing.terms import Terms
from billing.tier_calendar import STANDARD
from billing.urgency import emergencies, facts_text, stretches
from streams.models.work import Work


class Stretch(NamedTuple):
    """``[start, end)`` under one tier and the terms that take it; ``base`` is the calendar's tier, ``why`` the facts
    that put another beside it."""

    start: int
    end: int
    tier: str
    terms: Terms
    base: str = STANDARD
    why: str = ""


def split(terms: Terms, work: Work, start: int, end: int) -> Iterator[Stretch]:
    """Tiers of ``[start, end)``; all standard without a calendar. A span of no length is one stretch."""
    calendar = terms.calendar
    if calendar is None:
        own = terms.under((STANDARD,))
        yield Stretch(start, end, STANDARD, own)
        return
    for begin, finish, stack in calendar.stacks(start, max(end, start + 1)):
        if not calendar.emergency or not work.urgency:
            own = terms.under(stack)
            yield Stretch(begin, min(finish, end), own.tier_of(stack), own, stack[0])
            continue
        for since, until, facts in stretches(work.urgency, begin, finish):
            beside = emergencies(calendar.emergency, facts, stack[0])
            whole = tuple(dict.fromkeys((*stack, *beside)))
            own = terms.under(whole)
            why = facts_text(facts) if beside else ""
            yield Stretch(since, min(until, end), own.tier_of(whole), own, stack[0], why)
