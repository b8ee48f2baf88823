"""Rounding of a client's rows: parts gather in scopes, each scope is rounded once, every part gets its share.

A scope that goes on over several statements is charged statement by statement: each pays what the whole comes to by
then, less what those before it paid. 45 min in May are 60, with 45 more in June 120: June pays 60.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from billing.calendar import Zone
from billing.rate_cut import Row
from billing.rounding import instants, quantity_of
from billing.scopes import Scope, Where, scope_of
from billing.surplus import Share, distribute
from billing.top_up import Member, incidents, top_up
from streams.models.catalog import Rounding


def round_rows(rows: list[Row], zone: Zone) -> None:
    """Set the billed seconds of every part; ``rows`` hold all that shares a scope."""
    merged: list[Member] = []
    for members in _scopes(rows).values():
        if len(members) > 1:
            members.sort(key=lambda one: one[:3])
        policy = members[0].part.terms.policy
        assert policy is not None
        if members[0].row.disposition == "orphan_stop":
            continue
        worked = charged = 0
        for run in _statements(members):
            _round(run, zone, worked, charged)
            if policy.merge_minutes:
                merged += run
            else:
                top_up(run, charged)
            worked += sum([one.part.seconds for one in run])
            charged += sum([one.part.billed for one in run])
    for incident in incidents(merged):
        top_up(incident)


def _statements(members: list[Member]) -> Iterator[list[Member]]:
    """The members of a scope by statement, where it may hold several pieces of work of several months."""
    if members[0].part.scope[0] != "ticket" or members[0].row.period == members[-1].row.period:
        yield members
        return
    for _, run in groupby(members, key=lambda one: one.row.period):
        yield list(run)


def _round(members: list[Member], zone: Zone, before: int, charged: int) -> None:
    """``before`` seconds of the scope were worked in earlier statements, which paid ``charged``."""
    policy = members[0].part.terms.policy
    assert policy is not None  # a scope exists under a policy only
    if before:
        _go_on(policy, members, before, charged)
        return
    if len(members) == 1 and policy.basis == "duration":
        part = members[0].part
        part.billed = part.scope_quantity = quantity_of(policy, part.seconds)
        part.scope_seconds = part.seconds
        return
    parts = [member.part for member in members]
    billed = distribute(policy, _shares(policy, members), _quantity(policy, members, zone))
    worked, quantity = sum([part.seconds for part in parts]), sum(billed)
    for part, seconds in zip(parts, billed, strict=True):
        part.billed, part.scope_seconds, part.scope_quantity = seconds, worked, quantity


def _go_on(policy: Rounding, members: list[Member], before: int, charged: int) -> None:
    """What the scope comes to by now, less what was charged of it."""
    whole = before + sum([one.part.seconds for one in members])
    quantity = max(0, quantity_of(policy, whole) - charged)
    billed = distribute(policy, _shares(policy, members), quantity)
    for member, seconds in zip(members, billed, strict=True):
        part = member.part
        part.billed, part.scope_seconds, part.scope_charged = seconds, whole, charged
        part.scope_quantity = charged + quantity


def _scopes(rows: list[Row]) -> dict[Scope, list[Member]]:
    """Parts under a policy by scope; what has none is billed as worked. What is not billed never shares a scope
    with what is."""
    scopes: dict[Scope, list[Member]] = {}
    place = 0
    for row in rows:
        work = row.work
        for part in row.parts:
            policy = part.terms.policy
            part.billed = part.seconds + part.flat
            if policy is None or part.disposition == "concurrency_cap":
                continue
            where = Where(
                policy.id,
                work.id,
                part.terms.contract,
                work.ticket or "",
                work.technician or "",
                part.day,
                row.period,
                part.terms.project,
            )
            part.scope = (*scope_of(policy, where), row.disposition)
            place += 1
            scopes.setdefault(part.scope, []).append(Member(part.start, work.id, place, part, row))
    return scopes


def _shares(policy: Rounding, members: list[Member]) -> list[Share]:
    """What the surplus rule looks at; prices and segments only where it does."""
    if policy.surplus in ("last_segment", "pro_rata", "first_swallows"):
        return [Share(member.part.seconds, None, None) for member in members]
    shares = []
    for member in members:
        part = member.part
        price = part.terms.price(part.tier)
        segment = member.work, member.row.period, part.tier, price, part.terms.contract
        shares.append(Share(part.seconds, price.rate if price else None, segment))
    return shares


def _quantity(policy: Rounding, members: list[Member], zone: Zone) -> int | None:
    """What a scope comes to where it is more than a matter of its seconds: by the instants of a piece of work."""
    if policy.basis != "instants":
        return None
    parts = [member.part for member in members]
    begin, end = min(part.start for part in parts), max(part.end for part in parts)
    return instants(policy, zone.wall(begin), zone.wall(end), sum(part.seconds for part in parts))
