"""Usage lines as an Excel workbook, in constant memory. Text stays text, whatever it begins with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter

from jobs.exports.formats import Notes
from jobs.output import Cell
from jobs.usage import CSV

MOST_ROWS = 1_048_576  # of a sheet, the heading included
MOST_TEXT = 32_767  # characters of a cell
MOST_DIGITS = 15  # what a number of a spreadsheet holds exactly
MADE = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)  # a fixed date: the same lines are the same bytes
OPTIONS = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
WIDE = {"entry": 38, "line_key": 40, "corrects": 38, "ticket_id": 24, "started_at": 21, "ended_at": 21, "start": 17}


class XlsxFile:
    """A sheet of lines (more, where one is full), then a sheet with the ``notes``."""

    def __init__(self, path: Path, notes: Notes) -> None:
        self._book = xlsxwriter.Workbook(str(path), OPTIONS)
        self._book.set_properties({"created": MADE, "title": notes.get("title", "")})
        self._bold = self._book.add_format({"bold": True})
        self._formats: dict[int, Any] = {}
        self._notes = notes
        self._sheets: list[Any] = []
        self._row = MOST_ROWS

    def _next_sheet(self) -> None:
        number = len(self._sheets) + 1
        sheet = self._book.add_worksheet("Usage" if number == 1 else f"Usage {number}")
        sheet.freeze_panes(1, 0)
        sheet.set_header(f"&L{_header(self._notes.get('title', ''))}&R{_header(self._notes.get('state', '').upper())}")
        sheet.set_landscape()
        for place, name in enumerate(CSV):
            sheet.set_column(place, place, WIDE.get(name, 14))
        for place, name in enumerate(CSV):
            sheet.write_string(0, place, name, self._bold)
        self._sheets.append(sheet)
        self._row = 1

    def add(self, row: Sequence[Cell], exponent: int) -> None:
        if self._row >= MOST_ROWS:
            self._next_sheet()
        sheet = self._sheets[-1]
        for place, (name, cell) in enumerate(zip(CSV, row, strict=True)):
            if isinstance(cell, str) or not _exact(cell):
                sheet.write_string(self._row, place, _cut(str(cell)))
            else:
                sheet.write_number(self._row, place, cell, self._format(exponent if name == "amount" else None, cell))
        self._row += 1

    def _format(self, exponent: int | None, cell: Cell) -> Any:
        places = exponent if exponent is not None else 4 if isinstance(cell, Decimal) else 0
        if places not in self._formats:
            shape = "#,##0" + ("." + "0" * places if places else "")
            self._formats[places] = self._book.add_format({"num_format": shape})
        return self._formats[places]

    def close(self) -> None:
        if not self._sheets:
            self._next_sheet()
        sheet = self._book.add_worksheet("About")
        sheet.set_column(0, 0, 24)
        sheet.set_column(1, 1, 70)
        for place, (name, text) in enumerate(self._notes.items()):
            sheet.write_string(place, 0, name, self._bold)
            sheet.write_string(place, 1, _cut(text))
        self._book.close()


def _exact(number: int | Decimal) -> bool:
    """Whether a spreadsheet shows the very number: it keeps 15 digits."""
    return len(str(number).lstrip("-0.").replace(".", "")) <= MOST_DIGITS and math.isfinite(number)


def _cut(text: str) -> str:
    return text if len(text) <= MOST_TEXT else text[: MOST_TEXT - 1] + "…"


def _header(text: str) -> str:
    """In the head of a printed page & begins a command."""
    return text.replace("&", "&&")[:100]
