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
from jobs.leakage import REMEDIES, Sum, sums
from jobs.ledger import Ledger
from jobs.output import money
from streams.settings import Settings

PATHS = {
    "ticket": "number on the session itself",
    "timer": "the technician's running timer",
    "device_ticket": "the one open ticket of the device",
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
    console.print()
    console.print(_head(summary, figures))
    console.print()
    console.print(_leaks(sums(leaks, "disposition", "reason")))
    console.print()
    console.print(_links(figures))
    _next(console, sums(leaks, "disposition", "reason"), summary)


def _head(summary: dict[str, Any], figures: Figures) -> Table:
    accepted = sum(summary["import"]["accepted"].values())
    table = Table(title="One month, March 2026", box=None, show_header=False, title_justify="left", pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column()
    table.add_row("events", f"{accepted:,}", "", "from timers, remote sessions and scripts of five tools")
    table.add_row("worked", hours(figures.worked), "", "every second in one row of the ledger")
    for total in figures.totals:
        if total.currency and total.billed:
            amount = f"{money(total.amount, total.exponent)} {total.currency}"
            table.add_row("billed", hours(total.billed), amount, "after rounding, by each client's contract and rates")
            found = f"{money(total.recovered_amount, total.exponent)} {total.currency}"
            table.add_row("[bold green]recovered[/]", f"[bold green]{hours(total.recovered)}[/]",
                          f"[bold green]{found}[/]", "of it: work that no timer covered")  # fmt: skip
    table.add_row(
        "automation", hours(figures.machine_seconds), "", f"{figures.runs:,} script runs; never billed by the clock"
    )
    return table


def _leaks(found: list[Sum]) -> Table:
    table = Table(title="What leaks, and why", box=None, title_justify="left", pad_edge=False)
    table.add_column("why", no_wrap=True)
    for heading in ("entries", "worked", "at risk"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("what to do")
    for one in found:
        why = " · ".join(part for part in one.label if part)
        risk = f"{money(one.risk, one.exponent)} {one.currency}" if one.risk else "–"
        table.add_row(why, f"{one.entries:,}", hours(one.worked_seconds), risk, REMEDIES.get(one.label[0], ""))
    return table


def _links(figures: Figures) -> Table:
    accuracy = figures.accuracy
    assert accuracy is not None
    table = Table(title="Sessions linked to tickets, against what really happened", box=None, title_justify="left",
                  pad_edge=False)  # fmt: skip
    for heading in ("by", "linked", "right", "precision"):
        table.add_column(heading, justify="left" if heading == "by" else "right", no_wrap=True)
    for path, score in accuracy.by_path.items():
        table.add_row(
            PATHS.get(path, path), f"{score.linked:,}", f"{score.right:,}", percent(score.right, score.linked)
        )
    total = accuracy.total
    table.add_row("[bold]all[/]", f"{total.linked:,}", f"{total.right:,}", percent(total.right, total.linked))
    table.caption = (
        f"Recall {percent(total.right, accuracy.ticketed)} of {accuracy.ticketed:,} sessions that had a ticket; "
        f"{accuracy.ambiguous:,} of {accuracy.sessions:,} had two or more plausible ones."
    )
    table.caption_justify = "left"
    return table


def _next(console: Console, found: list[Sum], summary: dict[str, Any]) -> None:
    worst = next((one for one in found if one.label[0] != "non_billable"), None)
    parked = sum(summary["import"]["parked"].values())
    console.print("\nWhat to look at next", style="bold")
    console.print(
        "  everyminute leakage --tenant demo --period 2026-03"
        + (f"    most at risk: {worst.label[0]}" if worst else "")
    )
    console.print("  everyminute usage --tenant demo --client acorn-dental --period 2026-03")
    console.print("  everyminute explain ENTRY --tenant demo    why an amount is what it is")
    if parked:
        console.print(
            f"  everyminute parked list --tenant demo    {parked} rows could not be read; each says what to do"
        )


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
