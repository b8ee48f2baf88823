"""The minimum of a tier: an incident with work in it is billed at least so much, topped up once.

An incident is a rounding scope, or the calls of one contract that begin within the merge window of the first. There is
no top-up where the work touches normal hours, or where the ticket has a waiver that the policy names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import groupby
from typing import NamedTuple

from billing.rate_cut import Part, Row
from billing.stacking import worth
from billing.tier_calendar import STANDARD
from streams.models.catalog import Rounding


class Member(NamedTuple):
    """A part and the row it stands in, in order of time."""

    start: int
    work: str
    place: int
    part: Part
    row: Row


def top_up(incident: list[Member], charged: int = 0) -> None:
    """Add what the dearest tier with a minimum lacks, to its last part; with ``each_segment`` to every segment.
    ``charged`` were billed of the incident in earlier statements."""
    policy = incident[0].part.terms.policy
    if policy is None or not any(one.part.terms.minimum(one.part.tier) for one in incident):
        return
    if policy.surplus == "each_segment":
        for _, run in groupby(incident, key=lambda one: (one.work, one.row.period, one.part.tier)):
            _add(policy, list(run), 0)
    else:
        _add(policy, incident, charged)


def incidents(members: Iterable[Member]) -> Iterator[list[Member]]:
    """Members of scopes with a merge window, by contract, in calls that begin within the window of the first."""
    for _, run in groupby(sorted(members, key=_call), key=lambda one: _call(one)[:3]):
        found: list[Member] = []
        first = 0
        for one in run:
            policy, began = one.part.terms.policy, one.row.work.start
            window = policy.merge_minutes * 60 if policy else 0
            if found and began > first + window:
                yield sorted(found, key=_time)
                found = []
            first = first if found else began
            found.append(one)
        yield sorted(found, key=_time)


def _time(one: Member) -> tuple[int, str, int]:
    return one[:3]


def _call(one: Member) -> tuple[str, str, str, int, str, int]:
    policy = one.part.terms.policy
    name = policy.id if policy else ""
    return name, one.part.terms.contract, one.row.disposition, one.row.work.start, one.work, one.place


def _add(policy: Rounding, incident: list[Member], charged: int) -> None:
    due = [one for one in incident if one.part.seconds and _minimum(one) and not _is_spared(policy, one, incident)]
    if not due:
        return
    dearest = max(due, key=lambda one: (_worth(one.part), _minimum(one), one[:3]))
    lacking = _minimum(dearest) - charged - sum([one.part.billed for one in incident])
    if lacking > 0:
        dearest.part.billed += lacking
        dearest.part.topped = lacking


def _minimum(one: Member) -> int:
    return one.part.terms.minimum(one.part.tier)


def _worth(part: Part) -> Fraction:
    price = part.terms.price(part.tier)
    return worth(price.rate if price else None)


def _is_spared(policy: Rounding, one: Member, incident: list[Member]) -> bool:
    facts = [known for known in one.row.work.urgency if known.at <= one.part.start]
    if facts and set(facts[-1].waivers) & set(policy.top_up_waivers):
        return True
    if policy.top_up_contiguous or one.part.base == STANDARD:
        return False
    return _touches_normal_hours(one, incident)


def _touches_normal_hours(one: Member, incident: list[Member]) -> bool:
    """Whether the piece of work lies partly in normal hours, or begins or ends where they do."""
    if any(other.part.base == STANDARD for other in incident if other.work == one.work):
        return True
    calendar, work = one.part.terms.calendar, one.row.work
    if calendar is None:
        return False
    return STANDARD in (calendar.tier_at(work.start - 1), calendar.tier_at(work.spans[-1][1]))
