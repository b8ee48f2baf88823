"""How reports are printed: a table for people, JSON for programs, CSV for spreadsheets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from jobs.console import put, tables

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

Cell = str | int | Decimal

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")  # full-width forms count as well


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


def amount_text(amount: int, exponent: int, currency: str) -> str:
    """For people: "12,180.00 USD"; a dash where there is no currency, or nothing."""
    return f"{money(amount, exponent):,f} {currency}" if currency else "–"


def duration(seconds: int) -> str:
    """Hours, minutes and seconds, all three always, so that 0:25:00 is never read as 25 seconds."""
    sign = "-" if seconds < 0 else ""
    minutes, rest = divmod(abs(seconds), 60)
    return f"{sign}{minutes // 60:,}:{minutes % 60:02d}:{rest:02d}"


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
    """Numbers to the right. A column that says nothing is left out; what every line says alike stands once, above the
    table. An empty report says so."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    console = tables()
    if not report.rows:
        console.print(f"{escape(report.title)}: nothing.", soft_wrap=True)
        return
    kept, alike = _columns(report)
    title = " · ".join([report.title, *alike])
    grid = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for place in kept:
        right = any(_numeric(row[place]) for row in report.rows)
        grid.add_column(report.columns[place], justify="right" if right else "left", no_wrap=right, overflow="fold")
    for row in report.rows:
        grid.add_row(*[escape(str(row[place])) for place in kept])
    if report.totals:
        grid.add_section()
        for row in report.totals:
            grid.add_row(*[escape(str(row[place])) for place in kept], style="bold")
    console.print(escape(title), style="bold", soft_wrap=True)
    show(grid, console)
    console.print()


def _columns(report: Report) -> tuple[list[int], list[str]]:
    """Places of the columns to show, and "name value" of those that say the same in three lines and more."""
    kept, alike = [], []
    for place, name in enumerate(report.columns):
        cells = {str(row[place]) for row in report.rows}
        below = {str(row[place]) for row in report.totals}
        if cells | below <= {"", "–"}:
            continue
        if len(cells) == 1 and len(report.rows) > 2 and place and below <= {""}:
            alike.append(f"{name} {cells.pop() or '–'}")
        else:
            kept.append(place)
    return kept, alike


def show(grid: Table, console: Console) -> None:
    """A table; in a file it is as wide as it must be, and no line ends in blanks."""
    if console.is_terminal:
        console.print(grid)
        return
    console.width = max(console.width, console.measure(grid, options=console.options.update(width=1000)).maximum)
    with console.capture() as lines:
        console.print(grid)
    put("\n".join(line.rstrip() for line in lines.get().splitlines()))


_NUMBER = re.compile(r"^-?[\d,]+(:\d\d){1,2}$|^-?[\d,]+(\.\d+)?( [A-Z]{3})?$")  # 0:25:00, 16.67, 1,016.67 EUR


def _numeric(cell: Cell) -> bool:
    return not isinstance(cell, str) or bool(_NUMBER.match(cell))
