"""`everyminute simulate`: try a contract, show a rule, test a ledger; without any server."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs.console import Exit, LedgerFormat, put, put_json, say, tables

if TYPE_CHECKING:
    from jobs.scenario import Scenario
    from jobs.scenario_figures import Figures
    from jobs.simulate import Result

EPILOG = """Examples:

    everyminute simulate examples/scenarios/remote_support.yaml

    everyminute simulate quote.yaml --format json

    everyminute simulate tests/stories/RS2.yaml --check

    everyminute simulate examples/scenarios/remote_support.yaml --what-if examples/catalogue

Exit codes: 0 done; 1 with --check, the ledger is not as expected; 2 the scenario cannot be read; 3 it uses something
that is not built yet."""


def register(app: typer.Typer) -> None:
    app.command("simulate", epilog=EPILOG, short_help="Try a contract, without any server.")(simulate_command)


@contextmanager
def uncollected() -> Iterator[None]:
    """Without the garbage collector: all that a run makes is kept to its end, it would only search in vain."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def simulate_command(
    file: Annotated[Path, typer.Argument(help="A scenario: catalogue, events, and optionally the expected ledger.")],
    format_: Annotated[LedgerFormat, typer.Option("--format", "-f", help="How to print.")] = LedgerFormat.table,
    check: Annotated[bool, typer.Option("--check", help="Compare with `expect:`; exit 1 when they differ.")] = False,
    other: Annotated[
        Path | None,
        typer.Option("--what-if", metavar="CATALOGUE", help="Show the difference in money under another catalogue."),
    ] = None,
) -> None:
    """Run a scenario through the kernel and print its ledger, with the reason for every amount."""
    from jobs.scenario import read_scenario
    from jobs.simulate import simulate
    from jobs.simulate_ledger import exact_figures, ledger, rows

    with uncollected():
        scenario = read_scenario(file)
        for warning in scenario.warnings:
            say(str(warning))
        result = simulate(scenario)
        whole = ledger(scenario, result)
    if check:
        from jobs.simulate_ledger import comparable

        seen = [comparable(entry, scenario.names) for entry in rows(result, scenario.names)]
        raise typer.Exit(_check(scenario, seen, whole, exact_figures(scenario, result), format_))
    if other is not None:
        _what_if(scenario, result, whole, other, format_)
        return
    _print(whole, format_, scenario.names)
    if scenario.given is not None and format_ is LedgerFormat.table:
        _print_figures(whole)


def _print_figures(whole: dict[str, Any]) -> None:
    from jobs.scenario_figures import lines

    for line in lines(whole["figures"]):
        put(line)


def _what_if(scenario: Scenario, result: Result, whole: dict[str, Any], other: Path, format_: LedgerFormat) -> None:
    from jobs.money_diff import CSV, csv_rows, report
    from jobs.output import csv_text, print_table
    from jobs.what_if import other_catalogue, what_if, what_if_json

    changes = what_if(scenario, result, other_catalogue(other))
    if format_ is LedgerFormat.json:
        put_json(what_if_json(whole, changes))
    elif format_ is LedgerFormat.csv:
        put(csv_text(CSV, csv_rows(changes)))
    elif changes:
        print_table(report(changes, f"With {other}"))
    else:
        say("no amount changes")


def _print(whole: dict[str, Any], format_: LedgerFormat, names: dict[str, str]) -> None:
    from jobs.simulate_print import csv_text, print_ledger

    if format_ is LedgerFormat.json:
        put_json(whole)
    elif format_ is LedgerFormat.csv:
        put(csv_text(whole))
    else:
        print_ledger(tables(), whole, names)


def _check(
    scenario: Scenario, seen: list[dict[str, Any]], whole: dict[str, Any], figures: Figures, format_: LedgerFormat
) -> Exit:
    from jobs.simulate_print import differences, print_side_by_side

    if scenario.expected is None:
        say(f"everyminute: {scenario.path} has no `expect:` to compare with")
        return Exit.USAGE
    found = differences(scenario.expected, seen, whole, figures)
    if format_ is LedgerFormat.json:
        put_json({"as_expected": not found, "differences": found, "ledger": whole})
    elif found and scenario.expected.entries is not None:
        print_side_by_side(tables(), scenario.expected, seen)
    for sentence in found:
        say(f"{scenario.path}: {sentence}")
    if not found and format_ is not LedgerFormat.json:
        say(f"{scenario.path}: as expected")
    return Exit.NO if found else Exit.DONE
