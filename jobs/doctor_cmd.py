"""`everyminute doctor`: what leaks by configuration, with the money at risk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.console import Exit, Format, checked_tenant, put, put_json, say

if TYPE_CHECKING:
    from jobs.doctor import Seen

EPILOG = """Examples:

    everyminute doctor

    everyminute doctor --scenario quote.yaml --format json

Reads the tenant's logs, or a scenario without any server. Each finding and its remedy: docs/doctor.md.

Exit codes: 0 shown; 1 with --strict, something was found; 3 Kafka does not answer."""


def register(app: typer.Typer) -> None:
    app.command("doctor", epilog=EPILOG, short_help="Find what leaks by configuration, with the money at risk.")(
        doctor_command
    )


def doctor_command(
    scenario: Annotated[Path | None, typer.Option("--scenario", help="Examine a scenario instead of the logs.")] = None,
    tenant: Annotated[str | None, typer.Option("--tenant", help="Whose ledger; default: the settings'.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 when anything is found.")] = False,
    format_: Annotated[Format, typer.Option("--format", "-f", help="How to print.")] = Format.table,
) -> None:
    """Find what the catalogue leaves unsaid and what that costs: the most expensive first, with what to do."""
    from jobs.doctor import as_json, examine, remedies, report
    from jobs.output import print_table

    found = examine(_of_scenario(scenario) if scenario is not None else _of_logs(checked_tenant(tenant)))
    if format_ is Format.json:
        put_json(as_json(found))
    elif found:
        print_table(report(found, "What leaks by configuration"))
        put("\n".join(remedies(found)))
    else:
        say("nothing leaks by configuration")
    raise typer.Exit(Exit.NO if strict and found else Exit.DONE)


def _of_scenario(path: Path) -> Seen:
    from billing.book import CatalogState
    from jobs.doctor import Seen
    from jobs.scenario import read_scenario
    from jobs.simulate import simulate

    result = simulate(read_scenario(path))
    book = CatalogState()
    for fact in result.catalogue:
        book.fold(fact)
    return Seen(book, list(result.work.values()), list(result.entries.values()))


def _of_logs(tenant: str) -> Seen:
    import asyncio

    from jobs.console import hush
    from jobs.doctor import Seen
    from jobs.preview import Preview
    from streams.settings import Settings

    hush("aiokafka")
    preview = asyncio.run(Preview.read(Settings(), tenant))
    return Seen(preview.book, preview.works(), preview.entries())
