"""`everyminute unlinked`: work without a ticket, and the tickets it could belong to."""

from __future__ import annotations

import typer

from jobs.console import LedgerFormat, put, put_json
from jobs.ledger_cmd import ClientOption, LedgerFormatOption, Period, Tenant, opened, say_why_nothing

UNLINKED = """Print work without a ticket, the money at risk, and the tickets it could belong to, the likeliest first.

    everyminute unlinked --period 2026-03

    everyminute unlinked --client acme --format json
"""


def register(app: typer.Typer) -> None:
    app.command("unlinked", help=UNLINKED, short_help="Print work without a ticket, and what it could be.")(
        unlinked_command
    )


def unlinked_command(
    client: ClientOption = None,
    period: Period = None,
    tenant: Tenant = None,
    format_: LedgerFormatOption = LedgerFormat.table,
) -> None:
    from jobs import unlinked
    from jobs.ledger import check_period
    from jobs.output import csv_text, print_table

    check_period(period)
    with opened(tenant) as ledger:
        found = unlinked.unlinked(ledger, period, client)
        if not found:
            say_why_nothing(ledger, client=client, period=period)
    if format_ is LedgerFormat.json:
        put_json(unlinked.data(found))
    elif format_ is LedgerFormat.csv:
        put(csv_text(unlinked.COLUMNS, unlinked.rows(found)))
    else:
        print_table(unlinked.report(found))
