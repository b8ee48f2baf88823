"""`usage` and `export …`: the lines of finance, as a table or as files; batches of what is closed."""

from __future__ import annotations

import asyncio
import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs.console import Exit, Format, UserError, put, put_json, say
from jobs.ledger_cmd import ClientOption, FormatOption, Period, Tenant, opened, say_why_nothing, title

if TYPE_CHECKING:
    from jobs.exports.batches import Batch
    from jobs.exports.formats import FileFormat
    from jobs.ledger import Ledger

USAGE = """Print every rated line, with totals that equal the lines; or write them to a file.

    everyminute usage --period 2026-03

    everyminute usage --client acme --period 2026-03 --format csv > acme.csv

    everyminute usage --period 2026-03 --format xlsx --output invoices/

A month that is not closed is a draft: its file has `.draft` in its name, and `state` says so in every line.
"""
EXPORT = """Batches of closed months for invoicing: each line in one batch, and the same batch always the same bytes.

    everyminute export new --by kim

    everyminute export get 1 --format xlsx --output invoices/

    everyminute export list
"""
NEW = """Put everything that is closed and in no batch yet into a new one, and print what it holds.

Corrections of a closed month stand in the next month, so they come with the batch that holds it. Exit code 1: there is
nothing new.

    everyminute export new --through 2026-03 --by kim
"""
GET = """Write a batch to a file, with its manifest beside it. The same batch gives the same bytes, always.

    everyminute export get 7 --format csv --output invoices/
"""


class UsageFormat(StrEnum):
    table = "table"
    json = "json"
    csv = "csv"
    jsonl = "jsonl"
    parquet = "parquet"
    xlsx = "xlsx"


BINARY = (UsageFormat.parquet, UsageFormat.xlsx)
Output = Annotated[Path | None, typer.Option("--output", "-o", help="File to write, or a folder for it.")]
Number = Annotated[int, typer.Argument(help="Number of the batch, as `export list` prints it.")]


def register(app: typer.Typer) -> None:
    app.command("usage", help=USAGE, short_help="Print every rated line, or write them to a file.")(usage_command)
    export = typer.Typer(help=EXPORT, no_args_is_help=True)
    export.command("new", help=NEW, short_help="Make a batch of what is closed and new.")(new)
    export.command("get", help=GET, short_help="Write a batch to a file, always the same bytes.")(get)
    export.command("show", help="Print the manifest of a batch: statements, totals, hashes.")(show)
    export.command("list", help="Print all batches.")(list_)
    app.add_typer(export, name="export", short_help="Batches of closed months, for invoicing.")


def usage_command(
    client: ClientOption = None,
    period: Period = None,
    tenant: Tenant = None,
    format_: Annotated[UsageFormat, typer.Option("--format", help="How to print, or which file.")] = UsageFormat.table,
    output: Output = None,
) -> None:
    from jobs import usage
    from jobs.exports import batches
    from jobs.ledger import check_period
    from jobs.output import csv_text, print_table

    check_period(period)
    if output is None and format_ in BINARY:
        raise UserError(f"{format_} is no text: name a file or a folder with --output.")
    with opened(tenant) as ledger:
        if output is not None:
            return _to_file(ledger, client, period, _file_format(format_), output)
        states = batches.states(ledger, client, period)
        lines = usage.lines_of(ledger.entries(period, client))
        if not lines:
            say_why_nothing(ledger, client=client, period=period)
    if format_ is UsageFormat.json:
        put_json(usage.as_json(lines, states))
    elif format_ is UsageFormat.csv:
        put(csv_text(usage.CSV, usage.csv_rows(lines, states)))
    elif format_ is UsageFormat.jsonl:
        _put_lines(usage.csv_rows(lines, states))
    else:
        print_table(usage.report(lines, title("Usage", client, period)))
    return None


def _put_lines(rows: list[list[Any]]) -> None:
    from jobs.exports.formats import json_line

    for row in rows:
        sys.stdout.write(json_line(row).decode())


def _file_format(format_: UsageFormat) -> FileFormat:
    from jobs.exports.formats import FileFormat

    if format_ in (UsageFormat.table, UsageFormat.json):
        raise UserError(f"--output writes csv, jsonl, parquet or xlsx, not {format_}.")
    return FileFormat(format_)


def _to_file(ledger: Ledger, client: str | None, period: str | None, format_: FileFormat, output: Path) -> None:
    from jobs.exports.usage import prepare
    from jobs.output import amount_text

    asked = prepare(ledger, client, period)
    path = output / asked.name(format_) if output.is_dir() else output
    made = asked.write(format_, path)
    if not made.lines:
        say_why_nothing(ledger, client=client, period=period)
    sums = [amount_text(t.amount, t.exponent, t.currency) for t in made.totals if t.client is None and t.currency]
    say(f"{path}: {made.lines:,} lines, {', '.join(sums) or 'no amounts'}; sha256 {made.sha256}")
    if asked.state == "draft":
        say("This is a draft: not all of it is closed (everyminute period status).")


def new(
    client: ClientOption = None,
    through: Annotated[str | None, typer.Option("--through", help="Last month, as 2026-03; all without it.")] = None,
    by: Annotated[str, typer.Option("--by", help="Who makes it; by default who is logged in here.")] = "",
    timeout: Annotated[float, typer.Option("--timeout", help="Seconds to wait until the ledger shows it.")] = 60.0,
    tenant: Tenant = None,
    format_: FormatOption = Format.table,
) -> None:
    from getpass import getuser

    from jobs.console import broker_needed
    from jobs.exports import batches
    from jobs.ledger import check_period

    check_period(through)
    with opened(tenant) as ledger:
        found = batches.unexported(ledger, client, through)
        if not found:
            raise UserError("Nothing is closed that is not in a batch already: everyminute export list", Exit.NO)
        fact = batches.fact_of(ledger.tenant, found, by or getuser(), time.time())
        with broker_needed():
            asyncio.run(batches.append(ledger.settings, fact))
        one = batches.wait(ledger, fact.id, timeout)
        if one is None:
            raise UserError("Another batch was first with all of it: everyminute export list", Exit.NO)
        _print(ledger, one, format_)


def show(number: Number, tenant: Tenant = None, format_: FormatOption = Format.table) -> None:
    from jobs.exports import batches

    with opened(tenant) as ledger:
        _print(ledger, batches.batch(ledger, number), format_)


def _print(ledger: Ledger, one: Batch, format_: Format) -> None:
    from jobs.exports import batches
    from jobs.output import Cell, amount_text, print_table
    from jobs.output import Report as Table

    lines = batches.counted(ledger, one)
    found = batches.manifest(ledger.tenant, one, lines)
    if format_ is Format.json:
        put_json(found)
        return
    rows: list[list[Cell]] = [[s.client, s.period, s.number, s.hash[:12]] for s in one.statements]
    print_table(Table(f"Batch {one.number}, by {one.by}", ("client", "period", "close", "hash"), rows))
    sums = [amount_text(t.amount, t.exponent, t.currency) for t in lines.totals if t.client is None and t.currency]
    put(f"{lines.lines:,} lines, {', '.join(sums) or 'no amounts'}\nmanifest {found['manifest_sha256']}")


def get(
    number: Number,
    format_: Annotated[UsageFormat, typer.Option("--format", help="csv, jsonl, parquet or xlsx.")] = UsageFormat.csv,
    output: Output = None,
    tenant: Tenant = None,
) -> None:
    import orjson

    from jobs.exports import batches
    from jobs.exports.make import file_name, write

    kind = _file_format(format_)
    with opened(tenant) as ledger:
        one = batches.batch(ledger, number)
        name = file_name("batch", (ledger.tenant, str(number)), "closed", kind)
        path = Path(name) if output is None else output / name if output.is_dir() else output
        made = write(batches.read(ledger, one), one.states(), kind, path, one.notes(ledger.tenant))
        found = batches.manifest(ledger.tenant, one, made)
    beside = path.with_name(f"{path.stem}.manifest.json")
    beside.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n")
    say(f"{path}: {made.lines:,} lines, sha256 {made.sha256}")
    say(f"{beside}: manifest {found['manifest_sha256']}")


def list_(tenant: Tenant = None, format_: FormatOption = Format.table) -> None:
    from datetime import UTC, datetime

    from jobs.exports import batches
    from jobs.output import Cell, Report, print_table

    with opened(tenant) as ledger:
        found = batches.batches(ledger)
    if format_ is Format.json:
        put_json([batches.summary(one) for one in found])
        return
    rows: list[list[Cell]] = [
        [one.number, datetime.fromtimestamp(one.at, UTC).strftime("%Y-%m-%d %H:%MZ"), one.by, len(one.statements),
         min(s.period for s in one.statements), max(s.period for s in one.statements)]
        for one in found
    ]  # fmt: skip
    print_table(Report("Batches", ("batch", "made", "by", "statements", "from", "to"), rows))
