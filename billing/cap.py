"""The maximum of an entry: what a piece of work has beyond it is capped, from its end, to the second."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby

from billing.rate_cut import Part, Row, settle
from billing.trail import OVER
from streams.models.work import Work

SUSPECT = "suspect_timer"
_CAPPED = ("billed", "covered")


def cap(rows: Iterable[Row]) -> None:
    """Cap each piece of work by its policy; ``rows`` of one piece of work follow each other, in time order."""
    limited = [row for row in rows if any(_has_maximum(part) for part in row.parts)]
    for _, run in groupby(limited, key=lambda row: row.work.id):
        mine = list(run)
        policies = {part.terms.policy.id: part.terms.policy for row in mine for part in row.parts if part.terms.policy}
        for name, policy in policies.items():
            if policy.maximum_minutes:
                _cap(mine, name, policy.maximum_minutes * 60)


def _has_maximum(part: Part) -> bool:
    return part.terms.policy is not None and part.terms.policy.maximum_minutes > 0


def _cap(rows: list[Row], policy: str, maximum: int) -> None:
    under = [part for row in rows for part in row.parts if _is_under(part, policy)]
    over = sum([part.billed for part in under]) - maximum
    for row in reversed(rows) if over > 0 else ():
        for part in reversed([part for part in row.parts if _is_under(part, policy)]):
            taken = min(part.billed, over)
            if taken > 0:
                _take(row, part, taken)
                over -= taken
        row.flags = (*row.flags, SUSPECT)
        settle(row)


def _is_under(part: Part, policy: str) -> bool:
    named = part.terms.policy
    return named is not None and named.id == policy and part.disposition in _CAPPED


def _take(row: Row, part: Part, taken: int) -> None:
    """The last ``taken`` billed seconds of a part become capped; what rounding added goes first."""
    if taken == part.billed:
        part.disposition, part.reason = "capped", OVER
        return
    kept = part.billed - taken
    worked = min(part.seconds, kept)
    at = _instant(row.work, part.start, worked) if worked < part.seconds else part.end
    rest = replace(part, start=at, seconds=part.seconds - worked, billed=taken, topped=min(part.topped, taken))
    rest.disposition, rest.reason = "capped", OVER
    part.topped -= rest.topped
    part.end, part.seconds, part.billed = at, worked, kept
    row.parts.insert(row.parts.index(part) + 1, rest)


def _instant(work: Work, start: int, seconds: int) -> int:
    """When so many seconds after ``start`` have been worked; pauses do not count."""
    for begins, ends in work.spans:
        begin = max(begins, start)
        if ends - begin >= seconds > 0 or (ends > begin and not seconds):
            return begin + seconds
        seconds -= max(0, ends - begin)
    return work.spans[-1][1]
