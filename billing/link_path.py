"""To which client and ticket a piece belongs, and by which path."""

from __future__ import annotations

from billing.link_resolve import Evidence
from billing.overlap import Piece


def link_timer(piece: Piece) -> None:
    """A timer belongs to the ticket it was started for, even if nobody but its source knows that ticket."""
    item = piece.evidence
    named = item.interval.ticket
    piece.client, piece.ticket = item.client, item.ticket
    conflict(piece)
    if item.ticket is not None:
        piece.path, piece.confidence, piece.grounds = "ticket", 995, ("started_for",)
    elif named is not None and item.client is not None:
        piece.path, piece.ticket = "ticket", named.native_id
        piece.confidence, piece.grounds = 950, ("started_for",)
        piece.flags.append("ticket_unknown")
    elif item.client is not None:
        piece.path = "alias"
    unlinked(piece)


def conflict(piece: Piece) -> None:
    if piece.evidence.conflict:
        piece.flags.append("client_conflict")


def unlinked(piece: Piece, decided: bool = False) -> None:
    """Work of somebody unknown, or for somebody unknown, is kept with the reason. Where people ``decided`` whose it is,
    whoever did it may be unknown."""
    reason = "" if decided else unknown(piece.evidence)
    if not reason and piece.client is None:
        named = piece.evidence.interval.ticket is not None
        reason = "client_unknown" if piece.ticket is not None or not named else "ticket_unknown"
    if reason:
        piece.path, piece.reason, piece.confidence, piece.grounds = "none", reason, 0, ()


def unknown(item: Evidence) -> str:
    """Why nobody known did this; "" if somebody did."""
    if item.technician is not None:
        return ""
    named = item.interval.technician is not None and item.interval.technician.native_id != ""
    return "technician_unknown" if named else "no_technician"
