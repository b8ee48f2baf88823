"""Truth against what closed statements booked: corrections in the first open period, and nothing else changes.

Closed 1500.00, in truth 1650.00: a reversal of −1500.00 and a replacement of 1650.00, for the period of the service.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from billing import trail
from billing.closes import Piece, Statements, booked
from streams.models.closing import substance
from streams.models.entry import Entry, Identity, RowClass, Segment

ADDED = (
    "worked_seconds", "rounding_seconds", "quantity_seconds", "overlap_seconds", "machine_seconds", "amount",
    "risk_amount",
)  # fmt: skip
ADDED_IN_SEGMENTS = ("seconds", "billed_seconds", "amount", "risk_amount", "drawn_seconds")
TEXTS = ("exact",)  # amounts as decimal text
SEGMENT_TEXTS = ("exact", "fee")


def corrected(statements: Statements, ids: Iterable[str], truth: Iterable[Entry]) -> list[Entry]:
    """Of these pieces of work: their closed rows as they were closed, their rows of open periods, and for each piece
    of a closed period where truth is not what stands booked, what makes the sum right."""
    rows: list[Entry] = []
    due: dict[Piece, Entry] = {}
    for row in truth:
        if row.identity.period > statements.through:
            rows.append(row)
        else:
            due[row.identity.period, row.identity.work] = row
    stood: dict[Piece, Entry] = {}
    for id_ in sorted(ids):
        closed = statements.of(id_)
        rows += closed
        stood |= booked(closed)
    for piece in sorted(due.keys() | stood.keys()):
        rows += _correct(statements, stood.get(piece), due.get(piece))
    return rows


def _correct(statements: Statements, stood: Entry | None, due: Entry | None) -> Iterator[Entry]:
    if stood is not None and due is not None and substance(stood) == substance(due):
        return
    if stood is not None:
        yield _reversal(statements, stood, due is None)
    if due is not None:
        where = _identity(statements, due.identity, "replacement")
        steps = trail.replaced(due.identity.period, stood is None)
        link = stood.id if stood is not None else ""
        yield replace(due, identity=where, corrects=link, trail=(*due.trail, *steps))


def _identity(statements: Statements, of: Identity, row_class: RowClass) -> Identity:
    return Identity(of.client, statements.open, of.work, row_class, of.corrects_period or of.period)


def _reversal(statements: Statements, row: Entry, vanished: bool) -> Entry:
    """Exactly the negative of what stands booked."""
    where = _identity(statements, row.identity, "reversal")
    return replace(
        row,
        identity=where,
        corrects=row.id,
        segments=tuple(_negated_segment(one) for one in row.segments),
        cost=None if row.cost is None else -row.cost,
        trail=trail.reversed_(where.corrects_period, row.id, vanished),
        **{name: -getattr(row, name) for name in ADDED},
        **{name: negated_text(getattr(row, name)) for name in TEXTS},
    )


def _negated_segment(segment: Segment) -> Segment:
    return replace(
        segment,
        **{name: -getattr(segment, name) for name in ADDED_IN_SEGMENTS},
        **{name: negated_text(getattr(segment, name)) for name in SEGMENT_TEXTS},
    )


def negated_text(text: str) -> str:
    """ "10.125" → "-10.125" and back; zero and nothing stay."""
    if not text.strip("-0."):
        return text
    return text[1:] if text.startswith("-") else f"-{text}"
