"""`leakage`, `explain`, `parked …` and `ledger …`: what the ledger says."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.console import Exit, Format, LedgerFormat, UserError, put, put_json, say

if TYPE_CHECKING:
    from jobs.ledger import Ledger
    from streams.models.parked import Parked

Period = Annotated[str | None, typer.Option("--period", help="Month of the client, as 2026-03; all without it.")]
ClientOption = Annotated[str | None, typer.Option("--client", help="Id of one client; all without it.")]
Technician = Annotated[str | None, typer.Option("--technician", help="Id of one technician; all without it.")]
Tenant = Annotated[str | None, typer.Option("--tenant", help="Tenant; by default the one of the settings.")]
FormatOption = Annotated[Format, typer.Option("--format", help="How to print.")]
LedgerFormatOption = Annotated[LedgerFormat, typer.Option("--format", help="How to print.")]

LEAKAGE = """Print the hours that brought nothing, the money at risk, and what to look at next.

    everyminute leakage --period 2026-03

    everyminute leakage --client acme --format json
"""
EXPLAIN = """Print why an entry has its amount: evidence, link, contract, tiers, rounding, rate, sum.

    everyminute explain 3f2a9c1e

The first digits of the id are enough while they name one entry. `usage` and `leakage` print ids.
"""
PARKED = """See and mend what could not go on.

    everyminute parked list

    everyminute parked show 7be1 --raw > event.json

    everyminute parked replay 7be1 --file event.json
"""
HASH = """Print a hash of the ledger: the same facts give the same hash, on any machine, in any order.

    everyminute ledger hash --period 2026-03

With --client and --period it is the hash of that statement, which a close has to name:

    everyminute ledger hash --client acme --period 2026-03
"""


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command("leakage", help=LEAKAGE, short_help="Print what was worked and not billed, why, and what it costs.")(
        leakage_command
    )
    app.command("explain", help=EXPLAIN, short_help="Print why an entry has its amount.")(explain_command)
    parked = typer.Typer(help=PARKED, no_args_is_help=True)
    parked.command("list", help="Print what is parked, with its reason and what to do.")(parked_list)
    parked.command("show", help="Print everything about one item; --raw prints its exact bytes.")(parked_show)
    parked.command("replay", help="Send items back to where they came from, as they are or corrected.")(parked_replay)
    app.add_typer(parked, name="parked")
    ledger = typer.Typer(help="Prove the ledger.", no_args_is_help=True)
    ledger.command("hash", help=HASH, short_help="Print one hash of all that the ledger says.")(hash_command)
    app.add_typer(ledger, name="ledger")


def opened(tenant: str | None) -> Ledger:
    """The ledger of the settings. Raises UserError."""
    from jobs.console import checked_tenant
    from jobs.ledger import Ledger
    from streams.settings import Settings

    return Ledger(Settings(), checked_tenant(tenant))


def leakage_command(
    client: ClientOption = None,
    period: Period = None,
    technician: Technician = None,
    tenant: Tenant = None,
    format_: LedgerFormatOption = LedgerFormat.table,
) -> None:
    from jobs import leakage
    from jobs.ledger import check_period
    from jobs.output import csv_text, print_table

    check_period(period)
    with opened(tenant) as ledger:
        groups = ledger.leakage(period, client, technician)
        recovered = ledger.recovered(period, client, technician)
        following = leakage.look_next(groups, ledger.examples(period, client, technician))
        if not groups and not recovered:
            say_why_nothing(ledger, client=client, period=period, technician=technician)
    if format_ is LedgerFormat.json:
        return put_json(leakage.as_json(groups, recovered, following))
    if format_ is LedgerFormat.csv:
        return put(csv_text(leakage.CSV, leakage.csv_rows(groups)))
    by = [name for name, chosen in (("client", client), ("technician", technician)) if chosen is None]
    for report in leakage.reports(groups, title("Leakage", client, period, technician), by):
        print_table(report)
    print_table(leakage.recovered_report(recovered))
    put("\n".join(leakage.said(following, tenant)) if following else "")
    return None


def explain_command(
    entry: Annotated[str, typer.Argument(metavar="ENTRY", help="Id of an entry, or its first digits.")],
    tenant: Tenant = None,
    format_: FormatOption = Format.table,
) -> None:
    from jobs.explain import as_json, explanation

    if not entry:
        raise UserError("Name an entry by its id, or by the first digits of it.")
    with opened(tenant) as ledger:
        found = ledger.find(entry)
        if not found:
            gone = ledger.was_ever(entry)
            where = f" in tenant {ledger.tenant}; another one is named with --tenant"
            raise UserError(
                f"Entry {entry} no longer holds." if gone else f"There is no entry {entry}{where}.", Exit.NO
            )
        if len(found) > 1:
            some = ", ".join(one.id[:13] for one in found)
            raise UserError(
                f"{entry} names several entries: {some}{', …' if len(found) > 4 else ''}. Give more digits."
            )
        intervals = ledger.intervals([proof.interval for proof in found[0].proof])
    if format_ is Format.json:
        put_json(as_json(found[0], intervals))
    else:
        put(explanation(found[0], intervals))


def parked_list(
    reason: Annotated[str | None, typer.Option(help="Only items parked for this reason.")] = None,
    tenant: Tenant = None,
    format_: FormatOption = Format.table,
) -> None:
    from jobs import parked
    from jobs.output import print_table
    from streams.models.parked import MEANING

    if reason is not None and reason not in MEANING:
        raise UserError(f"--reason {reason!r} is none. There are: {', '.join(MEANING)}.")
    with opened(tenant) as ledger:
        items, count = ledger.parked(reason), ledger.parked_count()
    if format_ is Format.json:
        put_json([parked.as_json(item) for item in items])
    else:
        print_table(parked.report(items))
        put("\n".join(parked.remedies(items)) if items else "")
    if reason is None and count > len(items):
        say(f"{count} items are parked; these are the first {len(items)}.")


def parked_show(
    item: Annotated[str, typer.Argument(metavar="ITEM", help="Id of a parked item, or its first digits.")],
    raw: Annotated[bool, typer.Option("--raw", help="Print the exact bytes of its value and nothing else.")] = False,
    tenant: Tenant = None,
    format_: FormatOption = Format.table,
) -> None:
    from jobs import parked

    with opened(tenant) as ledger:
        found = one_item(ledger, item)
    if raw:
        sys.stdout.buffer.write(found.value)
        sys.stdout.buffer.flush()
    elif format_ is Format.json:
        put_json(parked.as_json(found))
    else:
        put(parked.shown(found))


def parked_replay(
    items: Annotated[list[str], typer.Argument(metavar="ITEM…", help="Ids of parked items, or their first digits.")],
    file: Annotated[Path | None, typer.Option(help="Send these bytes instead of the original.")] = None,
    key: Annotated[str | None, typer.Option(help="Send it under this key, tenant/activity.")] = None,
    tenant: Tenant = None,
) -> None:
    from jobs import parked

    if (file is not None or key is not None) and len(items) > 1:
        raise UserError("--file and --key correct one item: name one.")
    try:
        value = file.read_bytes() if file else None
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror}.") from error
    with opened(tenant) as ledger:
        found = [one_item(ledger, item) for item in items]
        settings = ledger.settings
    parked.replay(settings, found, value, None if key is None else key.encode())
    where = f" --tenant {tenant}" if tenant else ""
    say(f"Sent back: {len(found)}. What still cannot go on is parked again: everyminute parked list{where}")


def one_item(ledger: Ledger, prefix: str) -> Parked:
    """The one parked item with that prefix. Raises UserError."""
    found = ledger.parked(prefix=prefix, most=5)
    if not found:
        raise UserError(f"No item {prefix} is parked in tenant {ledger.tenant}.", Exit.NO)
    if len(found) > 1:
        raise UserError(f"{prefix} names several items: {', '.join(i.id[:13] for i in found)}, … Give more digits.")
    return found[0]


def hash_command(
    period: Period = None, client: ClientOption = None, tenant: Tenant = None, format_: FormatOption = Format.table
) -> None:
    from jobs.ledger import check_period, ledger_hash
    from streams.models.closing import hash_of

    check_period(period)
    with opened(tenant) as ledger:
        if client is not None and period is not None:  # a statement: what a close names
            rows = list(ledger.entries(period, client))
            digest, count = hash_of(rows), len(rows)
        else:
            digest, count = ledger_hash(ledger.entries(period, client, trail=True))
    if format_ is Format.json:
        put_json({"sha256": digest, "entries": count, "period": period, "client": client})
    else:
        put(f"{digest}  entries: {count}")


def say_why_nothing(ledger: Ledger, **asked: str | None) -> None:
    """Which of the conditions nothing fits, and what there is instead."""
    from difflib import get_close_matches

    for column, value in asked.items():
        there = ledger.known(column)
        if not there:
            how = "everyminute demo load" if ledger.tenant == "demo" else "everyminute import list"
            other = "" if ledger.tenant == "demo" else " The demo month is in another: --tenant demo."
            return say(f"Tenant {ledger.tenant} has no entries yet: {how}.{other}")
        if value is not None and value not in there:
            some = there[-12:] if column == "period" else get_close_matches(value, there, 5, 0.5) or there[:12]
            more = ", …" if len(some) < len(there) else ""
            listed = ", ".join(one or "(unknown)" for one in some)
            return say(f"Tenant {ledger.tenant} has no entry of {column} {value!r}. There is: {listed}{more}")
    return None


def title(what: str, client: str | None, period: str | None, technician: str | None = None) -> str:
    """Of a report."""
    by = f", {technician}" if technician else ""
    return f"{what} of {client or 'all clients'}{by}, {period or 'all periods'}"
