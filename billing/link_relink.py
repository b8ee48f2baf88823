"""The work of one island: pure, from evidence and directory to one output for every interval."""

from __future__ import annotations

from collections.abc import Container, Sequence

import msgspec

from billing.decisions import Made
from billing.directory import Directory
from billing.link_ends import pieces_of
from billing.link_move import alone, grouped, live, moved
from billing.link_path import link_timer
from billing.link_resolve import Evidence, Terms
from billing.link_sessions import give_way, link_sessions
from billing.link_trail import group_steps
from billing.overlap import Group, Piece
from billing.site import site_of
from billing.spans import Spans, apart, intersect, length, union
from billing.urgency import urgency_of
from streams.models.event import Kind
from streams.models.interval import Interval
from streams.models.work import PATHS, Path, Proof, Work


def relink(
    island: Sequence[Evidence],
    runs: Sequence[Evidence],
    directory: Directory,
    terms: Terms,
    lapsed: Container[tuple[str, int]],
    made: Sequence[Made] = (),
) -> list[Work]:
    """One work per interval of one person's island, by (start, id); ``runs`` are script runs beside it.

    A lead has the minutes; what another work has is ``absorbed`` and names it; a stop without a start has no
    seconds. ``made`` is what people decided about this evidence; the parts they cut follow.
    """
    pieces = linked(island, runs, directory, terms, lapsed, made)
    groups, takers = grouped(pieces, terms)
    sessions = [piece for piece in pieces if not piece.timer]
    works = {piece.id: absorbed(piece, live(piece.id, takers)) for piece in pieces if takers[piece.id] != piece.id}
    works |= {group.lead.id: _work(group, sessions, directory, terms) for group in groups}
    found = [works[item.id] if item.id in works else _orphan(item, directory, made) for item in island]
    return found + [works[piece.id] for piece in pieces if piece.origin]


def linked(
    island: Sequence[Evidence],
    runs: Sequence[Evidence],
    directory: Directory,
    terms: Terms,
    lapsed: Container[tuple[str, int]],
    made: Sequence[Made] = (),
) -> list[Piece]:
    """Timers and sessions of an island, each with its client and ticket; nothing is taken from anybody yet, but what
    people decided."""
    attended = [item for item in island if item.interval.kind == "script_run"]
    pieces = pieces_of(island, [*runs, *attended], terms, lapsed)
    timers = [piece for piece in pieces if piece.evidence.interval.kind == "ticket_timer"]
    sessions = [piece for piece in pieces if piece.evidence.interval.kind != "ticket_timer"]
    for piece in timers:
        link_timer(piece)
    link_sessions(sessions, timers, directory, terms.merge_gap)
    give_way(timers, sessions)
    return moved([*timers, *sessions], made, directory, terms)


def void_part(id_: str, kind: Kind, tenant: str) -> Work:
    """A part that people once cut, and that is no more."""
    return Work(tenant=tenant, id=id_, state="void", kind=kind)


def void(interval: Interval) -> Work:
    """What is no work: deleted at its source, or a script run that no policy prices."""
    reason = "" if interval.void else "script_without_policy"
    return Work(tenant=interval.tenant, id=interval.id, state="void", kind=interval.kind, reason=reason)


def absorbed(piece: Piece, lead: str) -> Work:
    item = piece.evidence
    return Work(
        tenant=item.interval.tenant,
        id=item.id,
        state="absorbed",
        kind=item.interval.kind,
        technician=item.technician,
        client=piece.client,
        path=piece.path,
        reason=lead,
    )


def _orphan(item: Evidence, directory: Directory, made: Sequence[Made]) -> Work:
    """A stop without a start: shown with whom it concerns, without seconds."""
    piece = Piece(item, ())
    if item.interval.kind == "ticket_timer":
        link_timer(piece)
    else:
        link_sessions((piece,), (), directory, 0)
    alone(piece, made, directory)
    group = Group([piece], piece, ())
    work = _work(group, (), directory, Terms())
    return msgspec.structs.replace(work, reason="orphan_stop")


def _work(group: Group, sessions: Sequence[Piece], directory: Directory, terms: Terms) -> Work:
    lead, item = group.lead, group.lead.evidence
    interval = item.interval
    timer = interval.kind == "ticket_timer"
    best = min(group.members, key=lambda piece: (_STRENGTH[piece.path], piece.id))
    flags = {flag for piece in group.members for flag in (*piece.evidence.interval.flags, *piece.flags)}
    if group.clipped_by:
        flags.add("clipped")
    spans = group.own or ((_moment(group), _moment(group)),)
    ticket = directory.ticket_holds(lead.ticket) if lead.ticket else None
    return Work(
        tenant=interval.tenant,
        id=item.id,
        state="running" if any(piece.running for piece in group.members) else "done",
        kind=interval.kind,
        service=interval.service,
        technician=item.technician,
        who=interval.technician.native_id if interval.technician else "",
        client=lead.client,
        ticket=lead.ticket,
        device=item.device,
        ticket_type=(ticket.type if ticket else None) or "",
        site=site_of(directory, ticket, item.device, item.start),
        spans=spans,
        shared=group.shared,
        parallel=group.parallel,
        recovered=not timer,
        path=best.path,
        reason=best.reason,
        candidates=best.candidates,
        confidence=best.confidence,
        grounds=best.grounds,
        suggestions=best.suggestions,
        urgency=urgency_of(ticket, spans[0][0], spans[-1][1]),
        billable=_billable(group.members),
        authenticated=lead.trusted,
        flags=tuple(sorted(flags)),
        proof=_proof(group, sessions if timer else ()),
        trail=group_steps(group, best, terms),
    )


_STRENGTH: dict[Path, int] = {path: rank for rank, path in enumerate(PATHS)}


def _moment(group: Group) -> int:
    """Where work without a second stands in time."""
    return min(piece.evidence.start for piece in group.members)


def _billable(members: Sequence[Piece]) -> bool | None:
    """Joined evidence is all non-billable or none of it is; what any source calls billable is."""
    said = {piece.evidence.interval.billable for piece in members}
    return True if True in said else False if False in said else None


def _proof(group: Group, sessions: Sequence[Piece]) -> tuple[Proof, ...]:
    """The members, and what a timer has absorbed, each with the seconds it shows of this work."""
    cover: Spans = group.own
    members = list(group.members)
    if sessions:
        lead = group.lead
        cover = union((*group.own, *lead.cover)) if not group.clipped_by else group.own
        members += [
            piece
            for piece in sessions
            if not apart(piece.spans, cover) and piece.account == lead.account and intersect(piece.spans, cover)
        ]
    found: dict[str, Proof] = {}
    for piece in sorted(members, key=lambda piece: piece.evidence.place):
        interval, known = piece.evidence.interval, found.get(piece.whole)
        seconds = _seconds(piece, group, cover) + (known.seconds if known else 0)
        found[piece.whole] = Proof(piece.whole, interval.source, interval.kind, seconds)
    return tuple(found.values())


def _seconds(piece: Piece, group: Group, cover: Spans) -> int:
    return length(intersect(piece.spans, group.own if piece is group.lead else cover))
