"""Usage: every rated line of a client or of all, with totals that equal the lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from jobs.output import Cell, Report, amount_text, duration, hours, money
from streams.models.entry import Entry, Segment
from streams.models.ids import label


@dataclass(frozen=True)
class Line:
    """A segment, or an entry without segments. Seconds; money in minor units. ``number`` counts from 1 inside an entry,
    0 where it has no segments."""

    entry: Entry
    segment: Segment
    number: int = 0

    @property
    def key(self) -> str:
        """The same for ever, unless the line is another one: for programs that must not book a line twice."""
        return f"{self.entry.id}/{self.number}"

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
    return [line for entry in ordered for line in lines_of_entry(entry)]


def lines_of_entry(entry: Entry) -> list[Line]:
    if not entry.segments:
        return [Line(entry, _whole(entry))]
    return [Line(entry, segment, number) for number, segment in enumerate(entry.segments, start=1)]


def _whole(entry: Entry) -> Segment:
    return Segment(
        "", entry.start, entry.end, entry.worked_seconds, entry.quantity_seconds,
        amount=entry.amount, exact=entry.exact,
    )  # fmt: skip


class Sums:
    """Totals of lines, taken one by one."""

    def __init__(self) -> None:
        self._groups: dict[tuple[bool, str, str, int], list[int]] = {}

    def add(self, line: Line) -> None:
        own, part = line.entry, line.segment
        for everything, client in ((False, own.identity.client), (True, "")):
            sums = self._groups.setdefault((everything, client, own.currency, own.exponent), [0, 0, 0, 0])
            for place, more in enumerate((1, part.seconds, part.billed_seconds, part.amount)):
                sums[place] += more

    def totals(self) -> list[Total]:
        """Per client and currency, then over all clients per currency."""
        return [
            Total(None if everything else client, currency, exponent, *sums)
            for (everything, client, currency, exponent), sums in sorted(self._groups.items())
        ]


def totals(lines: Iterable[Line]) -> list[Total]:
    """Sums of the very lines that are shown."""
    sums = Sums()
    for line in lines:
        sums.add(line)
    return sums.totals()


TABLE = ("client", "start", "technician", "ticket", "service", "tier", "worked", "quantity", "rate", "amount",
         "disposition", "entry")  # fmt: skip
CSV = ("client", "period", "start", "zone", "technician", "ticket", "device", "service", "contract", "tier",
       "worked_seconds", "quantity_seconds", "worked_hours", "quantity_hours", "rate", "amount", "currency",
       "disposition", "reason", "ticket_id", "entry", "charge", "project", "class", "corrects_period", "corrects",
       "line", "line_key", "started_at", "ended_at", "state")  # fmt: skip
States = Mapping[tuple[str, str], str]  # by client and period; a statement that is not in it is a draft
DRAFT, CLOSED = "draft", "closed"


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


def cells(line: Line, state: str) -> list[Cell]:
    """A line under the columns of ``CSV``. Seconds are exact, hours are for reading; money in major units."""
    own, part = line.entry, line.segment
    who = own.identity
    return [
        who.client, who.period, line.started, own.zone, own.technician or own.who, label(own.ticket),
        own.device, own.service, own.contract, part.tier, part.seconds, part.billed_seconds, hours(part.seconds),
        hours(part.billed_seconds), part.rate, money(part.amount, own.exponent), own.currency, line.disposition,
        line.reason, own.ticket, own.id, own.charge, own.project, who.row_class, who.corrects_period, own.corrects,
        line.number, line.key, instant_text(part.start), instant_text(part.end), state,
    ]  # fmt: skip


def instant_text(seconds: int) -> str:
    """UTC: 2026-03-02T14:56:00Z."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def csv_rows(lines: Sequence[Line], states: States) -> list[list[Cell]]:
    return [cells(line, state_of(line, states)) for line in lines]


def state_of(line: Line, states: States) -> str:
    who = line.entry.identity
    return states.get((who.client, who.period), DRAFT)


def named(row: Sequence[Cell]) -> dict[str, int | str]:
    """A row of ``cells`` for programs: money and hours as text, so that no program makes a float of them."""
    return {name: cell if isinstance(cell, int | str) else str(cell) for name, cell in zip(CSV, row, strict=True)}


def total_json(one: Total) -> dict[str, Any]:
    return {
        "client": one.client, "currency": one.currency, "lines": one.lines, "worked_seconds": one.worked_seconds,
        "quantity_seconds": one.quantity_seconds, "amount": str(money(one.amount, one.exponent)),
    }  # fmt: skip


def as_json(lines: Sequence[Line], states: States) -> dict[str, Any]:
    """For programs: the columns of CSV, money as text in major units, and the totals."""
    return {
        "lines": [named(row) for row in csv_rows(lines, states)],
        "totals": [total_json(one) for one in totals(lines)],
    }
