"""Decisions applied to the evidence of one island, one after the other.

Each applies to the works as those before it left them: to whichever holds evidence that it names. It moves the minutes
that such a work counts, with the evidence under it, and gives no other work a minute more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec

from billing.decisions import OUTDATED, Made, differs, why
from billing.directory import Directory
from billing.link_decided import piece_id
from billing.link_path import unlinked
from billing.link_resolve import Terms
from billing.overlap import Group, Piece, count_once
from billing.several_clients import share
from billing.spans import Spans, intersect, length, subtract, union
from streams.models.decision import Decision
from streams.models.decision import Piece as Part
from streams.models.work import Step

ESTIMATED = ("estimated_end", "capped_end")
# flags of a link that holds no more
OF_LINK = ("ticket_unknown", "client_unknown", "ticket_stale", "client_conflict", OUTDATED)


def moved(pieces: Sequence[Piece], made: Sequence[Made], directory: Directory, terms: Terms) -> list[Piece]:
    """The pieces as people decided, and the parts that were cut from them."""
    now = list(pieces)
    for one in made:
        now = _apply(now, one, directory, terms)
    return now


def alone(piece: Piece, made: Sequence[Made], directory: Directory) -> None:
    """Decisions about evidence without a second of its own: nothing of it can be cut."""
    for one in made:
        if piece.id in one.decision.evidence:
            _note(piece, one, differs(one.decision, length(piece.spans), piece.client))
            if one.decision.kind == "relink":
                _put(piece, one.decision, directory)


def grouped(pieces: Sequence[Piece], terms: Terms) -> tuple[list[Group], dict[str, str]]:
    """The works that pieces make, and of each piece the work that has it. The pieces carry what was taken."""
    timers = [piece for piece in pieces if piece.timer]
    sessions = [piece for piece in pieces if not piece.timer]
    groups = share(count_once(timers, sessions, terms.merge_gap), terms.overlap)
    takers = {piece.id: group.lead.id for group in groups for piece in group.members}
    return groups, {piece.id: piece.taken_by for piece in pieces if piece.taken_by} | takers


def live(id_: str, takers: dict[str, str]) -> str:
    """The work that has this piece's minutes; what took it may itself have been taken."""
    while takers[id_] != id_:
        id_ = takers[id_]
    return id_


def _apply(pieces: list[Piece], made: Made, directory: Directory, terms: Terms) -> list[Piece]:
    decision, named = made.decision, set(made.decision.evidence)
    groups, takers = grouped([replace(piece, flags=list(piece.flags)) for piece in pieces], terms)
    holder = {piece.id: live(piece.id, takers) for piece in pieces}
    chosen = {holder[piece.id] for piece in pieces if piece.id in named or piece.whole in named}
    ours = [group for group in groups if group.lead.id in chosen]
    if not ours:
        return pieces
    outdated = {g.lead.id for g in ours if differs(decision, length(g.own), g.lead.client)}
    if decision.kind != "confirm":
        for account in sorted({group.lead.account for group in ours}):
            _keep_minutes(pieces, holder, chosen, groups, account)
        pieces = _mended(pieces, holder, chosen)
    ids, parts = {piece.id for piece in pieces}, dict[str, Piece]()
    for piece in pieces:
        if holder[piece.id] not in chosen:
            continue
        _note(piece, made, holder[piece.id] in outdated)
        if decision.kind == "relink":
            _put(piece, decision, directory)
        elif decision.kind == "split":
            _cut(piece, decision, directory, ids, parts)
    return [*pieces, *parts.values()]


def _keep_minutes(
    pieces: Sequence[Piece], holder: dict[str, str], chosen: set[str], groups: Sequence[Group], account: str
) -> None:
    """What the works that move count, and what the others at that client count, stays theirs: so that a session that a
    timer covers in part comes along without the covered part, and gets it not back when the timer moves."""
    at = [group for group in groups if group.lead.account == account]
    own = {side: union(s for g in at if (g.lead.id in chosen) is side for s in g.own) for side in (True, False)}
    held: dict[bool, Spans] = {}
    ids = {group.lead.id for group in at}
    here = [piece for piece in pieces if holder[piece.id] in ids]
    for side in (True, False):
        covers = [s for p in here if p.timer and (holder[p.id] in chosen) is side for s in p.cover]
        others = union((*own[not side], *held.get(not side, ())))
        held[side] = union((*own[side], *subtract(covers, others)))
    for piece in here:
        taken = held[holder[piece.id] not in chosen]
        spans = subtract(piece.spans, taken)
        if piece.spans and not spans and holder[piece.id] != piece.id:
            piece.taken_by = holder[piece.id]
        piece.spans, piece.cover = spans, subtract(piece.cover, taken)


def _mended(pieces: Sequence[Piece], holder: dict[str, str], chosen: set[str]) -> list[Piece]:
    """Without cuts that this decision undoes: parts that move with their interval are one with it again."""
    moving = {piece.id: piece for piece in pieces if holder[piece.id] in chosen}
    found = []
    for piece in pieces:
        base = moving.get(piece.whole)
        if base is None or base is piece or piece.id not in moving:
            found.append(piece)
            continue
        base.spans, base.cover = union((*base.spans, *piece.spans)), union((*base.cover, *piece.cover))
        base.taken_by = "" if base.spans else base.taken_by
    return found


def _cut(piece: Piece, decision: Decision, directory: Directory, known: set[str], parts: dict[str, Piece]) -> None:
    """Add to ``parts`` those of a piece; what lies in none of them stays where it is."""
    first = ""
    for one in decision.pieces:
        bounds = ((one.start, one.end),)
        id_, spans = piece_id(piece.whole, one), intersect(piece.spans, bounds)
        if spans and id_ == piece.id:
            _put(piece, one, directory)
        if not spans or id_ in known:
            continue
        if id_ in parts:  # of one interval, cut before and at two places since
            parts[id_].spans = union((*parts[id_].spans, *spans))
        else:
            parts[id_] = _part(piece, id_, spans, bounds)
            _put(parts[id_], one, directory)
        piece.spans, piece.cover = subtract(piece.spans, bounds), subtract(piece.cover, bounds)
        first = first or id_
    if first and not piece.spans and not piece.running:
        piece.taken_by = first


def _part(piece: Piece, id_: str, spans: Spans, bounds: Spans) -> Piece:
    running = piece.running and spans[-1][1] == piece.spans[-1][1] < bounds[0][1]
    end = None if piece.evidence.open and running else spans[-1][1]
    interval = msgspec.structs.replace(piece.evidence.interval, id=id_, start=spans[0][0], end=end, spans=spans)
    return replace(
        piece,
        evidence=replace(piece.evidence, interval=interval),
        spans=spans,
        cover=intersect(piece.cover, bounds),
        running=running,
        flags=list(piece.flags),
        steps=list(piece.steps),
        origin=piece.whole,
        taken_by="",
    )


def _note(piece: Piece, made: Made, outdated: bool) -> None:
    """What the work shows of the decision; confirmed evidence counts as its source tells it."""
    if made.decision.kind == "confirm":
        piece.flags = [flag for flag in piece.flags if flag not in ESTIMATED]
        piece.confirmed = True
    else:
        piece.flags = [flag for flag in piece.flags if flag not in OF_LINK]
    if outdated:
        piece.flags.append(OUTDATED)
    named = (piece.client and f"client {piece.client}", piece.ticket and f"ticket {piece.ticket}")
    before = " ".join(filter(None, named))
    piece.steps.append(Step("decision", before, made.decision.kind, made.id, why(made.decision)))


def _put(piece: Piece, where: Decision | Part, directory: Directory) -> None:
    """To this ticket, or to this client without a ticket. Where neither is named, or only a client that nobody knows,
    it stays where it is."""
    source, at = piece.evidence.interval.source, piece.evidence.start
    client = directory.known_client(source, where.client) if where.client else None
    if where.client and client is None:
        piece.flags.append("client_unknown")
    if client is None and not where.ticket:
        return
    id_ = directory.known_ticket(source, where.ticket) if where.ticket else None
    ticket = directory.ticket_holds(id_) if id_ else None
    if where.ticket and ticket is None:
        piece.flags.append("ticket_unknown")
    by_ticket = directory.client_of_ticket(ticket, at)
    piece.ticket, piece.client = id_ or where.ticket or None, client or by_ticket or piece.client
    if by_ticket and by_ticket != piece.client:
        piece.flags.append("client_conflict")
    piece.path, piece.confidence, piece.grounds = "decision", 1000, ("decided",)
    piece.suggestions, piece.reason = (), ""
    unlinked(piece, decided=True)
