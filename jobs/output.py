"""How reports are printed: a table for people, JSON for programs, CSV for spreadsheets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from jobs.console import tables

Cell = str | int | Decimal

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True)
class Report:
    """Rows under headings. ``totals`` stand below the rows in a table and are left out of CSV."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    totals: Sequence[Sequence[Cell]] = field(default=())


def money(amount: int, exponent: int) -> Decimal:
    """Minor units as major units, exactly: 7500 at 2 is 75.00."""
    return Decimal(amount).scaleb(-exponent)


def duration(seconds: int) -> str:
    """Hours and minutes, with seconds where there are some: "1:30", "0:25:07", "-0:05"."""
    sign = "-" if seconds < 0 else ""
    minutes, rest = divmod(abs(seconds), 60)
    text = f"{sign}{minutes // 60}:{minutes % 60:02d}"
    return f"{text}:{rest:02d}" if rest else text


def hours(seconds: int) -> Decimal:
    """Decimal hours for spreadsheets, to four places: 25 minutes are 0.4167. For display: sums use seconds."""
    return (Decimal(seconds) / 3600).quantize(Decimal("0.0001"))


def safe_cell(cell: Cell) -> str:
    """A cell that no spreadsheet runs as a formula: text that starts like one gets an apostrophe, numbers do not."""
    if isinstance(cell, str):
        return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell
    return str(cell)


def csv_text(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """RFC 4180 with plain line ends: a heading, then the rows. (Python's own writer leaves a carriage return bare
    unless line ends have one too.)"""
    lines = [list(columns), *([safe_cell(cell) for cell in row] for row in rows)]
    return "".join((",".join(map(_quoted, line)) or '""') + "\n" for line in lines)


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if set(cell) & set('",\r\n') else cell


def print_table(report: Report) -> None:
    """Numbers to the right; an empty report says so."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    console = tables()
    if not report.rows:
        console.print(f"{escape(report.title)}: nothing.")
        return
    grid = Table(title=escape(report.title), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    for place, name in enumerate(report.columns):
        right = any(_numeric(row[place]) for row in report.rows)
        grid.add_column(name, justify="right" if right else "left", no_wrap=right, overflow="fold")
    for row in report.rows:
        grid.add_row(*[escape(str(cell)) for cell in row])
    if report.totals:
        grid.add_section()
        for row in report.totals:
            grid.add_row(*[escape(str(cell)) for cell in row], style="bold")
    if not console.is_terminal:  # a file has no edge to wrap at
        console.width = max(console.width, console.measure(grid, options=console.options.update(width=1000)).maximum)
    console.print(grid)


_NUMBER = re.compile(r"^-?\d+(:\d\d){1,2}$|^-?\d+(\.\d+)?( [A-Z]{3})?$")  # 0:25, 16.67, 16.67 EUR


def _numeric(cell: Cell) -> bool:
    return not isinstance(cell, str) or bool(_NUMBER.match(cell))
