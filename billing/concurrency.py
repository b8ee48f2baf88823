"""How many technicians a contract pays for at one instant: the later start, then the larger id, is capped.

Exact seconds, before rounding: what is capped is neither rounded nor drawn. Two technicians 10:00-11:00 under a cap of
one: an hour billed, an hour `concurrency_cap`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from billing.rate_cut import Part, Row, settle
from billing.spans import Spans, intersect, length, subtract, union
from billing.trail import duration
from streams.models.entry import Disposition
from streams.models.interval import Span
from streams.models.work import Step

CAPPED: Disposition = "concurrency_cap"
_COUNTED = ("billed", "covered")


class Presence(NamedTuple):
    """Somebody at work under a contract; the smaller ``place`` is paid first."""

    place: tuple[int, str, int]  # start and id of the work, and which part
    who: str
    spans: Spans
    row: Row
    part: Part


def cap_concurrency(rows: Iterable[Row]) -> None:
    """Split off what more technicians worked at once than a contract pays for; ``rows`` hold all that overlaps."""
    groups: dict[tuple[str, str], list[Presence]] = {}
    for row in rows:
        for number, part in enumerate(row.parts):
            contract = part.terms.agreement
            if contract is None or contract.max_concurrent_technicians is None or part.disposition not in _COUNTED:
                continue
            spans = intersect(row.work.spans, [(part.start, part.end)])
            ticket = row.work.ticket or row.work.id if contract.concurrency == "ticket" else ""
            who = row.work.technician or row.work.who
            place = row.work.start, row.work.id, number
            groups.setdefault((contract.id, ticket), []).append(Presence(place, who, spans, row, part))
    for present in groups.values():
        contract = present[0].part.terms.agreement
        assert contract is not None
        for one, over in _over(present, contract.max_concurrent_technicians or 0):
            _take(one, over, contract.max_concurrent_technicians or 0)


def _over(present: Sequence[Presence], most: int) -> list[tuple[Presence, Spans]]:
    """Who has seconds beyond the cap, and which."""
    edges = sorted(
        [(start, 1, n) for n, one in enumerate(present) for start, _ in one.spans]
        + [(end, 0, n) for n, one in enumerate(present) for _, end in one.spans]
    )
    over: dict[int, list[Span]] = {}
    active: set[int] = set()
    for (at, begins, n), (until, _, _) in pairwise(edges):
        (active.add if begins else active.discard)(n)
        if at < until and len(active) > most:
            for each in _behind(present, active, most):
                over.setdefault(each, []).append((at, until))
    return [(present[n], union(spans)) for n, spans in sorted(over.items())]


def _behind(present: Sequence[Presence], active: set[int], most: int) -> list[int]:
    """Of those at work at one instant, the ones beyond the first ``most`` technicians."""
    paid: set[str] = set()
    late: list[int] = []
    for n in sorted(active, key=lambda n: present[n].place):
        if present[n].who in paid:
            continue
        if len(paid) < most:
            paid.add(present[n].who)
        else:
            late.append(n)
    return late


def _take(one: Presence, over: Spans, most: int) -> None:
    """Replace a part by stretches in order of time, each paid or capped."""
    row, part = one.row, one.part
    kept = [(start, end, False) for start, end in subtract(one.spans, over)]
    stretches = sorted([*kept, *[(start, end, True) for start, end in over]])
    pieces: list[Part] = []
    for start, end, capped in stretches:
        last = pieces[-1] if pieces else None
        if last is not None and (last.disposition == CAPPED) is capped:
            last.end, last.seconds = end, last.seconds + end - start
            continue
        piece = replace(part, start=start, end=end, seconds=end - start)
        if capped:
            piece.disposition, piece.reason = CAPPED, f"{CAPPED}: {part.terms.contract}"
        pieces.append(piece)
    for piece in pieces:
        if piece.disposition == CAPPED:
            piece.steps = (*piece.steps, _step(part.terms.contract, most, length(over)))
            break
    where = next(n for n, held in enumerate(row.parts) if held is part)
    row.parts[where : where + 1] = pieces
    settle(row)


def _step(contract: str, most: int, seconds: int) -> Step:
    crew = "1 technician" if most == 1 else f"{most} technicians"
    why = f"the contract pays for {crew} at a time; this work began later"
    return Step("concurrency", after=f"{duration(seconds)} capped", rule=contract, why=why)
