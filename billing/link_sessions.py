"""The sessions of one island: each linked by the first path of rules.md that its evidence supports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from billing.directory import Directory
from billing.directory_tickets import Assignment
from billing.link_ends import device_of
from billing.link_path import conflict, unlinked
from billing.link_ticket import CLIENT, OTHER, PATH_OF, Candidate, Other, Sitting, choose, weigh
from billing.link_timeline import EVER
from billing.overlap import Piece, touches
from billing.spans import intersect, length, subtract

NAMED = {"field": 990, "property": 980, "note": 960, "tag": 970}  # confidence of a number on the event
TIMED = {"covers": 980, "brushes": 930, "open": 900}  # of a timer over it


def link_sessions(sessions: Sequence[Piece], timers: Sequence[Piece], directory: Directory, gap: int) -> None:
    """Numbers and timers first; what they say of one session counts as evidence for the others."""
    for piece in sessions:
        _begin(piece, timers, directory)
    sittings = [(members, _around(others)) for members, others in _sittings(sessions, timers, gap)]
    for members, around in sittings:
        _settle(members, around, directory)
    for piece in sessions:
        if piece.path == "none" and piece.client is not None:
            piece.path = "alias"
        unlinked(piece)


def give_way(timers: Sequence[Piece], sessions: Sequence[Piece]) -> None:
    """A timer that nobody stopped leaves the minutes in which its technician worked on something else."""
    for timer in timers:
        others = [piece for piece in sessions if timer.id in piece.refused and (piece.trusted or not timer.trusted)]
        if taken := [span for piece in others for span in piece.spans]:
            timer.spans, timer.cover = subtract(timer.spans, taken), subtract(timer.cover, taken)
            timer.flags.append("interrupted")


def _begin(piece: Piece, timers: Sequence[Piece], directory: Directory) -> None:
    item = piece.evidence
    named = item.interval.ticket
    piece.client, piece.ticket = item.client, item.ticket
    conflict(piece)
    if named is not None and item.ticket is None and not item.stale:
        piece.flags.append("ticket_unknown")
    if item.stale:
        piece.flags.append("ticket_stale")
    if piece.ticket is not None and named is not None:
        piece.path, piece.confidence, piece.grounds = "ticket", NAMED[named.evidence], (named.evidence,)
        piece.refused = [one.id for one in timers if _guessed(one) and _over(piece, one) and one.ticket != piece.ticket]
    else:
        _timed(piece, timers, directory)


def _timed(piece: Piece, timers: Sequence[Piece], directory: Directory) -> None:
    """The timer of the technician at that client that covers most of the session, unless evidence speaks against it."""
    ranked = []
    for timer in timers:
        if _over(piece, timer):
            seen = _seen(piece, timer, directory)
            shared = length(intersect(piece.spans, timer.cover))
            covers = 2 * shared >= length(piece.spans)
            ranked.append((not covers, -seen.points, -shared, timer.evidence.place, timer, seen))
    for brushes, _, _, _, timer, seen in sorted(ranked, key=lambda one: one[:4]):
        guessed = _guessed(timer)
        if (guessed or brushes) and _against(piece, seen, directory):
            if guessed:
                piece.refused.append(timer.id)
            continue
        how = "open" if guessed else "brushes" if brushes else "covers"
        piece.path, piece.ticket = "timer", timer.ticket
        piece.confidence, piece.grounds = TIMED[how], (how, *seen.notes)
        return


def _guessed(timer: Piece) -> bool:
    """Nobody stopped it; where it ended is an estimate."""
    return timer.evidence.open and not timer.running


def _over(piece: Piece, timer: Piece) -> bool:
    if timer.ticket is None or timer.client is None or timer.client != piece.client:
        return False
    return (timer.trusted or not piece.trusted) and touches(piece, timer.cover)


def _seen(piece: Piece, timer: Piece, directory: Directory) -> Candidate:
    """The timer's ticket, as it fits the session."""
    item = piece.evidence
    ticket = directory.tickets.seen(item.technician, timer.ticket or "")
    if ticket is None:  # only its source knows it
        return Candidate(Assignment(timer.ticket or "", -EVER, EVER, timer.client, None, mine=False), CLIENT)
    return weigh(ticket, item, Sitting(*piece.hull), (), directory)


def _against(piece: Piece, seen: Candidate, directory: Directory) -> bool:
    """It names another device; or the technician wrote on another ticket then, and not on this one."""
    if seen.fit != CLIENT or seen.notes:
        return seen.fit == OTHER
    item, sitting = piece.evidence, Sitting(*piece.hull)
    if item.technician is None:
        return False
    open_ = directory.tickets.concerning(item.technician, piece.client, item.device, item.start)
    return any(weigh(one, item, sitting, (), directory).notes for one in open_ if one.id != seen.ticket.id)


def _sittings(
    sessions: Sequence[Piece], timers: Sequence[Piece], gap: int
) -> Iterator[tuple[list[Piece], list[Piece]]]:
    """Sessions on one device without a longer gap, and all other evidence at their client."""
    chains: dict[tuple[str | None, str, bool], list[list[Piece]]] = {}
    reach: dict[tuple[str | None, str, bool], int] = {}
    for piece in sorted(sessions, key=lambda piece: piece.evidence.place):
        key = (piece.client, device_of(piece.evidence) or piece.id, piece.trusted)
        start, end = piece.hull
        if key in reach and start - reach[key] <= gap:
            chains[key][-1].append(piece)
        else:
            chains.setdefault(key, []).append([piece])
        reach[key] = max(reach.get(key, end), end)
    everything = [*timers, *sessions]
    for (client, _, trusted), some in chains.items():
        for members in some:
            ids = {piece.id for piece in members}
            near = [one for one in everything if one.id not in ids and one.client == client]
            yield members, [one for one in near if one.trusted or not trusted]


def _around(others: Sequence[Piece]) -> list[Other]:
    return [Other(*one.hull, one.ticket if one.path != "none" else None, one.evidence) for one in others]


def _settle(members: Sequence[Piece], around: Sequence[Other], directory: Directory) -> None:
    open_ = [piece for piece in members if piece.path == "none"]
    if not open_:
        return
    sitting = Sitting(min(piece.hull[0] for piece in members), max(piece.hull[1] for piece in members))
    for piece in open_:
        choice = choose(piece.evidence, piece.client, sitting, around, directory)
        piece.suggestions = choice.suggestions
        if choice.won is not None:
            ticket = choice.won.ticket
            piece.path, piece.ticket = PATH_OF[choice.won.fit], ticket.id
            piece.client = piece.client or ticket.client
            piece.confidence, piece.grounds = choice.confidence, choice.won.why
