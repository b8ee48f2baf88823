"""The whole ledger, computed by a separate program: slow, plain, and written from the rules alone.

It shares no code with the kernel, only the records that travel. What it says and the kernel does not is looked at
by a person, with the rules beside it.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from streams.models.event import Event
from streams.models.fact import Fact
from tests.oracle.book import Book, Plain
from tests.oracle.linking import work_of
from tests.oracle.pairing import intervals
from tests.oracle.rating import Piece, Rating, Row, money

Key = tuple[str, str, str, str, str]  # client, period, work, class, corrects_period
Line = dict[str, Any]


def ledger(
    events: Iterable[Event],
    catalogue: dict[str, dict[str, Plain]],
    directory: Iterable[Fact] = (),
    mark: int | None = None,
) -> dict[Key, Line]:
    """Every row that holds once all of this is known. ``mark``: the largest clock mark, in seconds."""
    book = Book(catalogue, directory)
    rating = Rating(book)
    works = work_of(intervals(events), book, mark)
    return {_key(row): _line(row, rating) for row in rating.rows(works)}


def _key(row: Row) -> Key:
    return row.work.client or "", row.period, row.work.id, "regular", ""


def _line(row: Row, rating: Rating) -> Line:
    worked = sum(piece.end - piece.start for piece in row.pieces)
    added = sum(piece.added for piece in row.pieces)
    billed = row.disposition == "billed"
    segments = [_segment(segment, billed) for segment in row.segments]
    risk, risk_currency = rating.risk(row)
    return {
        "worked_seconds": worked,
        "rounding_seconds": added,
        "quantity_seconds": worked + added,
        "amount": sum(segment[4] for segment in segments),
        "currency": next((piece.currency for piece in row.pieces if not piece.trouble), "") if billed else "",
        "disposition": row.disposition,
        "reason": row.reason,
        "technician": row.work.technician or "",
        "ticket": row.work.ticket,
        "path": row.work.path,
        "recovered": row.work.recovered,
        "risk": (risk, risk_currency),
        "segments": [segment for segment in segments if segment[1] or segment[2]] if billed else [],
    }


def _segment(pieces: list[Piece], billed: bool) -> tuple[str, int, int, Fraction, int]:
    """Tier, seconds worked, seconds billed, rate an hour, amount in minor units."""
    seconds = sum(piece.end - piece.start for piece in pieces)
    quantity = seconds + sum(piece.added for piece in pieces)
    rate = pieces[0].rate or Fraction(0)
    amount = money(quantity, rate, pieces[0].currency) if billed and not pieces[0].trouble else 0
    return pieces[0].tier, seconds, quantity, rate, amount
