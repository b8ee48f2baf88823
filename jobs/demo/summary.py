"""What the demo month shows, as `make run` prints it and as the pages read it."""

from __future__ import annotations

from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

from jobs.console import Exit, UserError, tables
from jobs.demo.figures import Figures, read_figures
from jobs.demo.load import demo_folder
from jobs.demo.truthfile import read_truth
from jobs.import_ import Report
from jobs.leakage import REMEDIES, Sum, is_leak, sums
from jobs.ledger import Ledger
from jobs.output import amount_text, show
from streams.settings import Settings

PATHS = {
    "ticket": "number on the session itself",
    "timer": "the technician's running timer",
    "device_ticket": "the one open ticket of the device",
    "contact_ticket": "the one open ticket of the contact",
    "client_ticket": "the one open ticket of the client",
}


def write_summary(settings: Settings, report: Report, instance: str) -> None:
    """``<home>/demo/summary.json``: counts of the import and the accuracy of linking."""
    folder = demo_folder(settings)
    with Ledger(settings) as ledger:
        accuracy = read_figures(ledger, read_truth(folder / "truth.json")).accuracy
    assert accuracy is not None
    content = {
        "instance": instance,
        "import": report.data(),
        "accuracy": {
            "sessions": accuracy.sessions,
            "ambiguous": accuracy.ambiguous,
            "ticketed": accuracy.ticketed,
            "recall": percent(accuracy.total.right, accuracy.ticketed),
            "precision": percent(accuracy.total.right, accuracy.total.linked),
            "paths": [
                {"path": path, "linked": score.linked, "right": score.right} for path, score in accuracy.by_path.items()
            ],
        },
    }
    (folder / "summary.json").write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))


def print_summary(settings: Settings) -> None:
    folder = demo_folder(settings)
    if not (folder / "summary.json").exists():
        raise UserError("The demo month is not loaded: everyminute demo load", Exit.CANNOT)
    summary = orjson.loads((folder / "summary.json").read_bytes())
    with Ledger(settings) as ledger:
        figures = read_figures(ledger, read_truth(folder / "truth.json"))
        leaks = ledger.leakage(None, None, None)
    console = tables()
    found = sums([group for group in leaks if is_leak(group)], "disposition", "reason")
    for title, table in (
        ("One month, March 2026", _head(summary, figures)),
        ("What leaks, and why", _leaks(found)),
        ("Sessions and their tickets, against what really happened", _links(figures)),
    ):
        console.print()
        console.print(title, style="italic")
        show(table, console)
    console.print(_recall(figures), soft_wrap=True)
    _next(console, found, summary)


def _grid(*headings: str) -> Table:
    """Words to the left, figures to the right, and what to do at the end, where it may wrap."""
    table = Table(box=None, pad_edge=False, show_header=any(headings))
    for place, heading in enumerate(headings):
        last = place == len(headings) - 1
        words = place == 0 or (last and heading in ("", "what to do"))
        table.add_column(heading, justify="left" if words else "right", no_wrap=not last)
    return table


def _head(summary: dict[str, Any], figures: Figures) -> Table:
    accepted = sum(summary["import"]["accepted"].values())
    table = _grid("", "", "", "")
    table.add_row("events", f"{accepted:,}", "", "from timers, remote sessions and scripts of five tools")
    table.add_row("worked", hours(figures.worked), "", "every second in one row of the ledger")
    for total in figures.totals:
        if total.currency and total.billed:
            amount = amount_text(total.amount, total.exponent, total.currency)
            table.add_row("billed", hours(total.billed), amount, "after rounding, by each client's contract and rates")
            found = amount_text(total.recovered_amount, total.exponent, total.currency)
            table.add_row("[bold green]recovered[/]", f"[bold green]{hours(total.recovered)}[/]",
                          f"[bold green]{found}[/]", "of it: work that no timer covered")  # fmt: skip
    table.add_row(
        "automation", hours(figures.machine_seconds), "", f"{figures.runs:,} script runs; never billed by the clock"
    )
    return table


def _leaks(found: list[Sum]) -> Table:
    table = _grid("why", "entries", "worked", "at risk", "what to do")
    for one in found:
        why = " · ".join(part for part in one.label if part)
        risk = amount_text(one.risk, one.exponent, one.currency if one.risk else "")
        table.add_row(why, f"{one.entries:,}", hours(one.worked_seconds), risk, REMEDIES.get(one.label[0], ""))
    return table


def _links(figures: Figures) -> Table:
    assert figures.accuracy is not None
    table = _grid("linked by", "linked", "right", "share")
    for path, score in figures.accuracy.by_path.items():
        share = percent(score.right, score.linked)
        table.add_row(PATHS.get(path, path), f"{score.linked:,}", f"{score.right:,}", share)
    total = figures.accuracy.total
    table.add_row("[bold]all[/]", f"{total.linked:,}", f"{total.right:,}", percent(total.right, total.linked))
    return table


def _recall(figures: Figures) -> str:
    accuracy = figures.accuracy
    assert accuracy is not None
    found = percent(accuracy.total.right, accuracy.ticketed)
    several = f"of all {accuracy.sessions:,}, {accuracy.ambiguous:,} could have meant two tickets or more."
    return f"Of {accuracy.ticketed:,} sessions that had a ticket, {found} found it; {several}"


def _next(console: Console, found: list[Sum], summary: dict[str, Any]) -> None:
    parked = sum(summary["import"]["parked"].values())
    lines = [("leakage --tenant demo --period 2026-03", f"most at risk: {found[0].label[0]}" if found else ""),
             ("usage --tenant demo --client acorn-dental --period 2026-03", "every line of an invoice"),
             ("explain ENTRY --tenant demo", "why an amount is what it is")]  # fmt: skip
    if parked:
        lines.append(("parked list --tenant demo", f"{parked} rows could not be read; each says what to do"))
    console.print("\nWhat to look at next", style="bold")
    for command, about in lines:
        console.print(f"  everyminute {command:58}  {about}".rstrip(), soft_wrap=True)


def hours(seconds: int) -> str:
    """Hours with one decimal, rounded half up, without floats: "1,391.7 h"."""
    tenths = (seconds * 10 + 1800) // 3600
    return f"{tenths // 10:,}.{tenths % 10} h"


def percent(part: int, whole: int) -> str:
    """One decimal, rounded down: 99.97 % never reads as 100.0 %."""
    if not whole:
        return "–"
    permille = part * 1000 // whole
    return f"{permille // 10}.{permille % 10} %"
