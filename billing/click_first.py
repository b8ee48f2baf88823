"""A click goes before what started by itself: a timer that only followed from an opened ticket gives up the minutes
that a clicked timer of the same technician has, or still claims."""

from __future__ import annotations

from collections.abc import Sequence

from billing.link_resolve import Evidence
from billing.overlap import Piece
from billing.spans import apart, subtract

AUTOMATIC = "automatic"


def automatic(item: Evidence) -> bool:
    return item.interval.kind == "ticket_timer" and AUTOMATIC in item.interval.flags


def click_first(pieces: Sequence[Piece]) -> None:
    """Take from each automatic timer what lies under clicked ones. A click nobody authenticated takes nothing
    from what somebody did."""
    clicked = [
        each for each in pieces if each.evidence.interval.kind == "ticket_timer" and not automatic(each.evidence)
    ]
    for piece in pieces:
        if clicked and automatic(piece.evidence):
            _give_up(piece, [each for each in clicked if each.trusted or not piece.trusted])


def _give_up(piece: Piece, clicked: Sequence[Piece]) -> None:
    over = [each for each in clicked if not apart(piece.cover, each.cover)]
    holes = [span for each in over for span in each.cover]
    spans, cover = subtract(piece.spans, holes), subtract(piece.cover, holes)
    if cover == piece.cover:
        return
    piece.flags.append("gave_way")
    if not cover:
        piece.taken_by = min(over, key=lambda each: each.evidence.place).id
    piece.spans, piece.cover = spans, cover
