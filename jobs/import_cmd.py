"""`everyminute import CONNECTOR FILE…`"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from jobs.console import Exit, Format, UserError, checked_tenant, hush, put_json, say, tables

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from connectors.base import Connector, Options
    from jobs.import_ import Destination, Report

HELP = """Read files that a tool exported, and send what happened to the pipeline.

    everyminute import meshcentral events.json --dry-run

The same file twice changes nothing, nor does an older export after a newer one. Rows that cannot be read are parked
with their reason and stop nothing else. docs/connectors.md says what to export where.
"""


def register(app: typer.Typer) -> None:
    app.command("import", help=HELP, short_help="Read files that a tool exported.")(import_command)


def import_command(
    connector: Annotated[str, typer.Argument(help="The tool; 'list' shows all.")],
    files: Annotated[list[Path] | None, typer.Argument(metavar="FILE…", help="Exported files.")] = None,
    instance: Annotated[str, typer.Option(help="Which of several installations of the tool.")] = "main",
    tenant: Annotated[str | None, typer.Option(help="Tenant; by default the one of the settings.")] = None,
    as_of: Annotated[str | None, typer.Option(help="When it was exported, as 2026-03-02T18:00Z.")] = None,
    zone: Annotated[str | None, typer.Option(help="Zone of times written without one, as America/New_York.")] = None,
    ticket_column: Annotated[str, typer.Option(help="ScreenConnect: the property that holds a ticket number.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and count, send nothing.")] = False,
    format_: Annotated[Format, typer.Option("--format", help="How to print the counts.")] = Format.table,
) -> None:
    from connectors import CONNECTORS
    from connectors.base import Options
    from jobs.import_ import Report

    if connector == "list":
        return list_connectors(format_)
    if connector not in CONNECTORS:
        raise UserError(f"There is no connector {connector!r}. There are: {', '.join(sorted(CONNECTORS))}.")
    check_arguments(files, instance)
    options = Options(checked_tenant(tenant), instant(as_of), zone_of(zone), ticket_column)
    report, problem = Report(), None
    try:
        run(files or [], CONNECTORS[connector], f"{connector}:{instance}", options, report, dry_run)
    except UserError as error:
        problem = error  # what was read before it is reported all the same
    where = f" --tenant {tenant}" if tenant else ""
    show(report, format_, dry_run, where, failed=problem is not None)
    if problem is not None:
        raise problem
    return None


def list_connectors(format_: Format) -> None:
    from connectors import CONNECTORS

    if format_ is Format.json:
        return put_json({name: connector.about for name, connector in sorted(CONNECTORS.items())})
    for name, connector in sorted(CONNECTORS.items()):
        tables().print(f"{name:14} {connector.about}", soft_wrap=True, markup=False)
    return None


def check_arguments(files: list[Path] | None, instance: str) -> None:
    if not files:
        raise UserError("Name at least one file to import; docs/connectors.md says what to export where.")
    if not instance or len(instance) > 60 or not all(sign.isalnum() or sign in "._-" for sign in instance):
        raise UserError(f"--instance {instance!r}: use up to 60 letters, digits, dots, dashes and underscores.")
    for path in files:
        if not path.is_file():
            raise UserError(f"{path} is no file. Give the path of an exported file, unpacked.")


def instant(text: str | None, option: str = "--as-of") -> int | None:
    """An option that is an instant, in ms since 1970."""
    from connectors.instants import NotAnInstant, parse_instant
    from streams.models.event import EARLIEST_MS, LATEST_MS

    if text is None:
        return None
    try:
        found = parse_instant(text).readings(None)
    except NotAnInstant:
        found = []
    if not found or not EARLIEST_MS <= found[0] < LATEST_MS:
        how = "write date, time and zone, as 2026-03-02T18:00Z or 2026-03-02T13:00-05:00"
        raise UserError(f"{option} {text!r}: {how}.")
    return found[0]


def zone_of(name: str | None) -> ZoneInfo | None:
    try:
        return None if name is None else ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise UserError(f"--zone {name!r} is no time zone. Write it as America/New_York or Europe/Berlin.") from None


def run(files: list[Path], connector: Connector, source: str, options: Options, report: Report, dry_run: bool) -> None:
    """Import the files in order. Refusals and failures of the broker become a UserError."""
    from aiokafka.errors import KafkaError

    problem = ""
    hush("aiokafka")
    try:
        asyncio.run(_run(files, connector, source, options, report, dry_run))
    except* (KafkaError, TimeoutError) as group:
        problem = "; ".join(sorted({str(error) or type(error).__name__ for error in leaves(group)}))
    except* UserError as group:
        raise leaves(group)[0] from None
    if problem:
        raise UserError(
            f"Kafka did not take everything: {problem}. Start it with `everyminute up`, or set EVERYMINUTE_KAFKA, and "
            "import the files again: what has arrived will not count twice.",
            Exit.CANNOT,
        )


def leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    """The errors inside groups of groups."""
    found: list[BaseException] = []
    for error in group.exceptions:
        found += leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found


async def _run(
    files: list[Path], connector: Connector, source: str, options: Options, report: Report, dry_run: bool
) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    from streams.settings import Settings

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        if dry_run:
            return await import_all(files, connector, source, options, report, None, progress)
        from streams.doors import Door

        async with Door(Settings()) as door:
            await import_all(files, connector, source, options, report, door, progress)
    return None


async def import_all(
    files: list[Path],
    connector: Connector,
    source: str,
    options: Options,
    report: Report,
    destination: Destination | None,
    progress: Progress,
) -> None:
    from connectors.base import Refused
    from jobs.import_ import import_file

    for path in files:
        task = progress.add_task(path.name, total=path.stat().st_size)

        def advance(place: int, task: TaskID = task) -> None:
            progress.update(task, completed=place)

        try:
            await import_file(path, connector, source, options, report, destination, advance)
        except Refused as refused:
            raise UserError(f"{path}: {refused}") from refused
        except OSError as error:
            raise UserError(f"{path} cannot be read: {error.strerror}.") from error


def show(report: Report, format_: Format, dry_run: bool, where: str, *, failed: bool) -> None:
    """The counts, and what to do about rows that were parked."""
    if format_ is Format.json:
        return put_json(report.data() | {"dry_run": dry_run})
    if failed and not report.read:
        return None
    from rich.table import Table

    table = Table(show_header=False, box=None)
    table.add_row("read", f"{report.read:,}", "rows")
    for title, counts in (
        ("accepted", report.accepted),
        ("directory", report.directory),
        ("skipped", report.skipped),
        ("parked", report.parked),
    ):
        for reason, count in sorted(counts.items()):
            table.add_row(title, f"{count:,}", reason)
    tables().print(table)
    for item in report.examples:
        say(f"{item.place}: {item.reason}: saw {item.saw}, expected {item.expected}. {item.remedy}")
    if report.parked and not dry_run:
        say(f"Parked rows are kept with their bytes: everyminute parked list{where}. The other rows went on.")
    if not report.read and not failed:
        say("The files hold no rows. docs/connectors.md says what to export where.")
    if dry_run:
        say("This was a dry run: nothing was sent.")
    return None
