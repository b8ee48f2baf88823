"""To which client and ticket a piece belongs, and by which path."""

from __future__ import annotations

from collections.abc import Sequence

from billing.directory import Directory
from billing.link_resolve import Evidence
from billing.overlap import Piece, touches


def link_timer(piece: Piece) -> None:
    """A timer belongs to the ticket it was started for, even if nobody but its source knows that ticket."""
    item = piece.evidence
    named = item.interval.ticket
    piece.client, piece.ticket = item.client, item.ticket
    _conflict(piece)
    if item.ticket is not None:
        piece.path = "ticket"
    elif named is not None and item.client is not None:
        piece.path, piece.ticket = "ticket", named.native_id
        piece.flags.append("ticket_unknown")
    elif item.client is not None:
        piece.path = "alias"
    _unlinked(piece)


def link_session(piece: Piece, timers: Sequence[Piece], directory: Directory) -> None:
    """The ticket on the event; a timer over it; the one open ticket of its device, then of its client; the client."""
    item = piece.evidence
    piece.client, piece.ticket = item.client, item.ticket
    _conflict(piece)
    if item.interval.ticket is not None and item.ticket is None:
        piece.flags.append("ticket_unknown")
    if item.ticket is not None:
        piece.path = "ticket"
    elif (timer := _timer_over(piece, timers)) is not None:
        piece.path, piece.ticket = "timer", timer.ticket
    elif item.technician is not None:
        _open_ticket(piece, item.technician, directory)
    if piece.path == "none" and piece.client is not None:
        piece.path = "alias"
    _unlinked(piece)


def _conflict(piece: Piece) -> None:
    if piece.evidence.conflict:
        piece.flags.append("client_conflict")


def _timer_over(piece: Piece, timers: Sequence[Piece]) -> Piece | None:
    """The earliest timer with a ticket at the same client that covers part of the session."""
    over = [
        timer
        for timer in timers
        if timer.ticket is not None
        and timer.client is not None
        and timer.client == piece.client
        and (timer.trusted or not piece.trusted)
        and touches(piece, timer.cover)
    ]
    return min(over, key=lambda timer: timer.evidence.place, default=None)


def _open_ticket(piece: Piece, technician: str, directory: Directory) -> None:
    item = piece.evidence
    found = []
    if item.device is not None:
        held = directory.assigned(technician, item.device, item.start)
        found = [entry for entry in held if piece.client is None or entry.client in (None, piece.client)]
    if len(found) == 1:
        piece.path, piece.ticket = "device_ticket", found[0].id
        piece.client = piece.client or found[0].client
    elif not found and piece.client is not None:
        found = directory.assigned_at(technician, piece.client, item.start)
        if len(found) == 1:
            piece.path, piece.ticket = "client_ticket", found[0].id
    if len(found) > 1:
        piece.candidates = tuple(entry.id for entry in found)


def _unlinked(piece: Piece) -> None:
    """Work of somebody unknown, or for somebody unknown, is kept with the reason."""
    reason = unknown(piece.evidence)
    if not reason and piece.client is None:
        named = piece.evidence.interval.ticket is not None
        reason = "client_unknown" if piece.ticket is not None or not named else "ticket_unknown"
    if reason:
        piece.path, piece.reason = "none", reason


def unknown(item: Evidence) -> str:
    """Why nobody known did this; "" if somebody did."""
    if item.technician is not None:
        return ""
    named = item.interval.technician is not None and item.interval.technician.native_id != ""
    return "technician_unknown" if named else "no_technician"
