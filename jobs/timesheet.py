"""Timesheet exports as rows: solidtime, Toggl, Clockify, Harvest, Kimai, and our own generic columns.

The tool is recognised by its exact header, never guessed from the data. Seconds that an export lost stay lost: a row
says how finely it was measured (``grade``), so that nobody compares it by equality.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Literal

from jobs.timesheet_tools import TOOLS, Columns, Tool

MAX_ROWS = 1_000_000
TICKET = re.compile(r"#?(\d{4,})\b")
CURRENCY = re.compile(r"\(([A-Z]{3})\)|\b([A-Z]{3})$")


@dataclass(frozen=True, slots=True, kw_only=True)
class TimesheetRow:
    """One entry. ``start``/``end`` as written: with an offset, or naive in the zone of whoever exported it.

    ``seconds`` worked as the file counts them; ``billed_seconds`` after the tool's own rounding; money in major units.
    """

    line: int
    tool: str
    grade: Literal["interval", "day"]
    technician: str
    email: str = ""
    client: str = ""
    ticket: str = ""
    day: date
    start: datetime | None = None
    end: datetime | None = None
    seconds: int = 0
    billed_seconds: int | None = None
    billable: bool | None = None
    rate: Decimal | None = None
    amount: Decimal | None = None
    currency: str = ""
    invoice: str = ""
    notes: str = ""


@dataclass(slots=True)
class Timesheet:
    """``dropped`` counts total rows; ``bad`` are (line, what is wrong with it)."""

    tool: str
    rows: list[TimesheetRow] = field(default_factory=list)
    dropped: int = 0
    bad: list[tuple[int, str]] = field(default_factory=list)


class NotATimesheetError(ValueError):
    """The header is of no tool we know, or the file cannot be read without a question answered first."""


def read_timesheet(path: Path, day_first: bool | None = None) -> Timesheet:
    """Read an export. ``day_first`` settles 02/03/2026 where the file itself does not."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotATimesheetError(f"{path}: byte {error.start} is no UTF-8; export it as UTF-8") from error
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        header = next(lines, [])
        tool = recognise(header)
        if tool is None:
            raise NotATimesheetError(
                f"{path}: no timesheet we know begins with {', '.join(header[:4]) or 'nothing'}; "
                f"known: {', '.join(sorted({known.name for known in TOOLS}))}"
            )
        rows = [(lines.line_num, cells) for cells in lines]
    except csv.Error as error:
        raise NotATimesheetError(f"{path}:{lines.line_num}: broken CSV: {error}") from error
    return _read(path, tool, header, rows, day_first)


def recognise(header: list[str]) -> Tool | None:
    """The tool whose columns are all there. Two columns of one name refuse the file where we would read them."""
    names = [_plain(name) for name in header]
    for tool in TOOLS:
        if all(name in names for name in tool.known_by):
            doubled = [name for name in tool.columns.names() if names.count(_plain(name)) > 1]
            if doubled:
                raise NotATimesheetError(f"column {doubled[0]} stands twice in the header; remove one and try again")
            return tool
    return None


def _plain(name: str) -> str:
    """A header without the currency some tools put into it: "Amount (USD)" is "amount"."""
    return re.sub(r"\s*\((?:[A-Z]{3})?\)$", "", name.strip()).casefold()


def _delimiter(text: str) -> str:
    first = text.split("\n", 1)[0]
    return max((",", ";", "\t"), key=lambda mark: (first.count(mark), mark == ","))


def _read(
    path: Path, tool: Tool, header: list[str], rows: list[tuple[int, list[str]]], day_first: bool | None
) -> Timesheet:
    sheet = Timesheet(tool.name)
    places = {_plain(name): n for n, name in reversed(list(enumerate(header)))}
    order = _date_order(path, tool.columns, places, rows, day_first)
    reader = _Reader(tool, places, _header_currency(header), order)
    for line, cells in rows:
        if not any(cells):
            continue
        if cells[0].strip().casefold() in ("total", "sum", "gesamt"):
            sheet.dropped += 1
            continue
        try:
            sheet.rows.append(reader.row(line, cells))
        except (ValueError, InvalidOperation, IndexError) as error:
            sheet.bad.append((line, str(error) or "a number that is none"))
    return sheet


def _header_currency(header: list[str]) -> str:
    found = {match[1] for name in header if (match := re.search(r"\(([A-Z]{3})\)$", name.strip()))}
    return found.pop() if len(found) == 1 else ""


def _date_order(
    path: Path, columns: Columns, places: dict[str, int], rows: list[tuple[int, list[str]]], told: bool | None
) -> bool:
    """Day first or month first for the whole file: from any cell above 12, never row by row."""
    slashed = [
        m for cell in _cells(columns.day, places, rows) if (m := re.match(r"(\d{1,2})[/.](\d{1,2})[/.]\d{4}", cell))
    ]
    if not slashed:
        return False
    day_first = any(int(match[1]) > 12 for match in slashed)
    month_first = any(int(match[2]) > 12 for match in slashed)
    if day_first and month_first:
        raise NotATimesheetError(f"{path}: dates are both day first and month first; export again with ISO dates")
    if not day_first and not month_first and told is None:
        raise NotATimesheetError(f"{path}: {slashed[0][0]} may be day first or month first; say which")
    return day_first or bool(told and not month_first)


def _cells(name: str, places: dict[str, int], rows: list[tuple[int, list[str]]]) -> Iterator[str]:
    place = places.get(_plain(name), -1)
    for _, cells in rows:
        if 0 <= place < len(cells):
            yield cells[place].strip()


@dataclass(slots=True)
class _Reader:
    tool: Tool
    places: dict[str, int]
    currency: str
    day_first: bool

    def row(self, line: int, cells: list[str]) -> TimesheetRow:
        def cell(name: str) -> str:
            place = self.places.get(_plain(name), -1) if name else -1
            return cells[place].strip() if 0 <= place < len(cells) else ""

        c = self.tool.columns
        start, end = self._instant(cell(c.start), cell(c.day)), self._instant(cell(c.end), cell(c.end_day or c.day))
        day = start.date() if start else self._day(cell(c.day))
        notes = cell(c.notes)
        name = " ".join(part for part in (cell(c.technician), cell(c.last_name)) if part)
        seconds = duration(cell(c.duration), self.tool.unit)
        if seconds is None and start and end:
            seconds = round((end - start).total_seconds())
        billed = duration(cell(c.billed), "hours") if c.billed else None
        rate, amount = number(cell(c.rate)), number(cell(c.amount))
        return TimesheetRow(
            line=line, tool=self.tool.name, grade="interval" if start else "day", technician=name,
            email=cell(c.email), client=cell(c.client), ticket=cell(c.ticket) or _ticket(notes, cell(c.link)), day=day,
            start=start, end=end, seconds=seconds or 0, billed_seconds=billed, billable=truth(cell(c.billable)),
            rate=rate, amount=amount, currency=_currency(cell(c.currency)) or self.currency,
            invoice=cell(c.invoice), notes=notes,
        )  # fmt: skip

    def _instant(self, text: str, day: str) -> datetime | None:
        if not text:
            return None
        if re.match(r"\d{4}-\d{2}-\d{2}[T ]", text):
            return datetime.fromisoformat(text)
        clock = re.fullmatch(r"(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([AaPp][Mm])?", text)
        if clock is None:
            raise ValueError(f"`{text}` is no time of day")
        hour = int(clock[1]) % 12 + (12 if clock[4].lower() == "pm" else 0) if clock[4] else int(clock[1])
        at = self._day(day)
        return datetime(at.year, at.month, at.day, hour, int(clock[2]), int(clock[3] or 0))  # noqa: DTZ001 - as written

    def _day(self, text: str) -> date:
        slashed = re.fullmatch(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})", text)
        if slashed is None:
            return date.fromisoformat(text)
        first, second, year = (int(part) for part in slashed.groups())
        return date(year, second, first) if self.day_first else date(year, first, second)


def duration(text: str, unit: Literal["hours", "seconds"]) -> int | None:
    """Seconds of "0:26:35", "0:26", "0.44" or "0,44" hours, or plain seconds."""
    clock = re.fullmatch(r"(\d+):(\d{2})(?::(\d{2}))?", text)
    if clock:
        return int(clock[1]) * 3600 + int(clock[2]) * 60 + int(clock[3] or 0)
    value = number(text)
    if value is None:
        return None
    return int(value) if unit == "seconds" else int((value * 3600).to_integral_value())


def number(text: str) -> Decimal | None:
    """An exact number; "1.234,50" and "0,44" are read with a decimal comma."""
    if not text:
        return None
    plain = text.replace("\u00a0", "").replace(" ", "").lstrip("$€£")
    if "," in plain and plain.rfind(",") > plain.rfind("."):
        plain = plain.replace(".", "").replace(",", ".") if re.search(r",\d{1,2}$", plain) else plain.replace(",", "")
    value = Decimal(plain.replace(",", ""))
    if not value.is_finite():
        raise ValueError(f"`{text}` is no number")
    return value


def truth(text: str) -> bool | None:
    known = {"yes": True, "true": True, "1": True, "ja": True, "no": False, "false": False, "0": False, "nein": False}
    return known.get(text.casefold())


def _ticket(*texts: str) -> str:
    """A ticket number in notes or link, if there is exactly one."""
    found = {match[1] for text in texts for match in TICKET.finditer(text)}
    return found.pop() if len(found) == 1 else ""


def _currency(text: str) -> str:
    match = CURRENCY.search(text)
    return (match[1] or match[2]) if match else ""
