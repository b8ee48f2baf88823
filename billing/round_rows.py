"""Rounding of a client's rows: parts gather in scopes, each scope is rounded once, every part gets its share."""

from __future__ import annotations

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
        _round(policy, members, zone)
        if policy.merge_minutes:
            merged += members
        else:
            top_up(members)
    for incident in incidents(merged):
        top_up(incident)


def _round(policy: Rounding, members: list[Member], zone: Zone) -> None:
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


def _scopes(rows: list[Row]) -> dict[Scope, list[Member]]:
    """Parts under a policy by scope; what has none is billed as worked. What is not billed never shares a scope
    with what is."""
    scopes: dict[Scope, list[Member]] = {}
    place = 0
    for row in rows:
        work = row.work
        for part in row.parts:
            policy = part.terms.policy
            part.billed = part.seconds
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
