"""Usage: every rated line of a client or of all, with totals that equal the lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from jobs.output import Cell, Report, amount_text, duration, hours, money
from streams.models.entry import Entry, Segment
from streams.models.ids import label


@dataclass(frozen=True)
class Line:
    """A segment, or an entry without segments. Seconds; money in minor units."""

    entry: Entry
    segment: Segment

    @property
    def disposition(self) -> str:
        return self.segment.disposition or self.entry.disposition

    @property
    def reason(self) -> str:
        return self.segment.reason if self.segment.disposition else self.entry.reason

    @property
    def started(self) -> str:
        """Local date and time in the client's zone."""
        zone = ZoneInfo(self.entry.zone) if self.entry.zone else UTC
        return datetime.fromtimestamp(self.segment.start, zone).strftime("%Y-%m-%d %H:%M")


@dataclass(frozen=True)
class Total:
    """Of the lines of one client ("": unknown, None: of all) in one currency ("": lines without a price)."""

    client: str | None
    currency: str
    exponent: int
    lines: int
    worked_seconds: int
    quantity_seconds: int
    amount: int


def lines_of(entries: Iterable[Entry]) -> list[Line]:
    """Lines by client, then time, then id."""
    ordered = sorted(entries, key=lambda e: (e.identity.client, e.start, e.identity.work, e.identity))
    return [Line(entry, segment) for entry in ordered for segment in entry.segments or (_whole(entry),)]


def _whole(entry: Entry) -> Segment:
    return Segment(
        "", entry.start, entry.end, entry.worked_seconds, entry.quantity_seconds,
        amount=entry.amount, exact=entry.exact,
    )  # fmt: skip


def totals(lines: Sequence[Line]) -> list[Total]:
    """Per client and currency, then over all clients per currency; sums of the very lines that are shown."""
    groups: dict[tuple[bool, str, str, int], list[Line]] = {}
    for line in lines:
        own = line.entry
        groups.setdefault((False, own.identity.client, own.currency, own.exponent), []).append(line)
        groups.setdefault((True, "", own.currency, own.exponent), []).append(line)
    return [
        Total(
            client=None if everything else client,
            currency=currency,
            exponent=exponent,
            lines=len(some),
            worked_seconds=sum(line.segment.seconds for line in some),
            quantity_seconds=sum(line.segment.billed_seconds for line in some),
            amount=sum(line.segment.amount for line in some),
        )
        for (everything, client, currency, exponent), some in sorted(groups.items())
    ]


TABLE = ("client", "start", "technician", "ticket", "service", "tier", "worked", "quantity", "rate", "amount",
         "disposition", "entry")  # fmt: skip
CSV = ("client", "period", "start", "zone", "technician", "ticket", "device", "service", "contract", "tier",
       "worked_seconds", "quantity_seconds", "worked_hours", "quantity_hours", "rate", "amount", "currency",
       "disposition", "reason", "ticket_id", "entry", "charge", "project")  # fmt: skip


def report(lines: Sequence[Line], title: str) -> Report:
    """For people; a single client stands in the title and not in every line."""
    rows: list[list[Cell]] = [_table_row(line) for line in lines]
    single = len({line.entry.identity.client for line in lines}) == 1
    below = [_total_row(total) for total in totals(lines) if not single or total.client is None]
    if not single:
        return Report(title, TABLE, rows, below)
    below = [["", *row[:1], *row[2:]] for row in below]  # the word "total" moves to the next column
    return Report(title, TABLE[1:], [row[1:] for row in rows], [row[1:] for row in below])


def _total_row(total: Total) -> list[Cell]:
    client = "total" if total.client is None else total.client or "?"
    return [
        client, "", "", "", "", "", duration(total.worked_seconds), duration(total.quantity_seconds), "",
        amount_text(total.amount, total.exponent, total.currency), "", f"{total.lines:,} lines",
    ]  # fmt: skip


def _table_row(line: Line) -> list[Cell]:
    own, part = line.entry, line.segment
    currency = own.currency if part.amount or line.disposition == "billed" else ""
    return [
        own.identity.client or "?", line.started, own.technician or own.who or ("" if own.charge else "?"),
        label(own.ticket), own.service or own.charge.replace("_", " "),
        part.tier, duration(part.seconds), duration(part.billed_seconds), part.rate,
        amount_text(part.amount, own.exponent, currency), line.disposition, own.id[:8],
    ]  # fmt: skip


def csv_rows(lines: Sequence[Line]) -> list[list[Cell]]:
    """For spreadsheets: seconds are exact, hours are for reading."""
    return [
        [own.identity.client, own.identity.period, line.started, own.zone, own.technician or own.who, label(own.ticket),
         own.device, own.service, own.contract, part.tier, part.seconds, part.billed_seconds, hours(part.seconds),
         hours(part.billed_seconds), part.rate, money(part.amount, own.exponent), own.currency, line.disposition,
         line.reason, own.ticket, own.id, own.charge, own.project]
        for line in lines
        for own, part in [(line.entry, line.segment)]
    ]  # fmt: skip


def as_json(lines: Sequence[Line]) -> dict[str, Any]:
    """For programs: the columns of CSV, money as text in major units, and the totals."""
    return {
        "lines": [
            {name: cell if isinstance(cell, int | str) else str(cell) for name, cell in zip(CSV, row, strict=True)}
            for row in csv_rows(lines)
        ],
        "totals": [
            {
                "client": t.client, "currency": t.currency, "lines": t.lines,
                "worked_seconds": t.worked_seconds, "quantity_seconds": t.quantity_seconds,
                "amount": str(money(t.amount, t.exponent)),
            }
            for t in totals(lines)
        ],
    }  # fmt: skip
