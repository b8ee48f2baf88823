"""`everyminute period …`: how the months of clients stand, and closing them."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.console import Exit, Format, put, put_json, say
from jobs.ledger_cmd import ClientOption, FormatOption, Period, Tenant, opened

if TYPE_CHECKING:
    from jobs.periods import Statement
    from streams.models.closing import Refused

HELP = """See how the months of clients stand, and close them.

    everyminute period status --client acme

    everyminute period show acme 2026-05

    everyminute period close acme 2026-05
"""
CLOSE = """Close one client's month against what the ledger shows now, and wait for the answer.

After that its rows never change; what comes to light later stands in the next open month, as reversal and replacement.
Only the earliest open month of a client can close. Exit code 1: refused, and the difference is printed.

    everyminute period close acme 2026-05 --by kim
"""
WHY = {
    "different": "the statement changed since you looked at it",
    "stale": "another close of this client came between",
    "out_of_turn": "an earlier month is open",
    "already_closed": "it is closed already",
    "unknown_client": "no such client",
    "bad_period": "no such month",
    "unknown_release": "it names no release",
}
ClientArgument = Annotated[str, typer.Argument(help="Id of the client.")]
PeriodArgument = Annotated[str, typer.Argument(help="Month of the client, as 2026-05.")]


def register(app: typer.Typer) -> None:
    period = typer.Typer(help=HELP, no_args_is_help=True)
    period.command("status", help="Print every month with rows: open, soft (over, not closed) or closed.")(status)
    period.command("show", help="Print one statement with its hash, and what became of its closes.")(show)
    period.command("close", help=CLOSE, short_help="Close one client's month.")(close)
    app.add_typer(period, name="period", short_help="See and close the months of clients.")


def status(
    client: ClientOption = None, period: Period = None, tenant: Tenant = None, format_: FormatOption = Format.table
) -> None:
    from datetime import UTC, datetime

    from jobs import periods
    from jobs.ledger import check_period
    from jobs.output import print_table

    check_period(period)
    with opened(tenant) as ledger:
        found = periods.statements(ledger, datetime.now(UTC).date(), client, period)
    if format_ is Format.json:
        put_json([periods.as_json(one) for one in found])
    else:
        print_table(periods.report(found))


def show(
    client: ClientArgument, period: PeriodArgument, tenant: Tenant = None, format_: FormatOption = Format.table
) -> None:
    from jobs import periods

    one = _statement(client, period, tenant)
    with opened(tenant) as ledger:
        answers = [periods.closing_json(row) for row in periods.closings(ledger, client, period)]
    if format_ is Format.json:
        put_json(periods.as_json(one) | {"closings": answers})
        return
    put(_say(one))
    put(f"hash {one.hash}")
    for row in answers:
        put(f"{row['outcome']} by {row['decision']}" + (f": {WHY.get(row['reason'], '')}" if row["reason"] else ""))


def close(
    client: ClientArgument,
    period: PeriodArgument,
    hash_: Annotated[
        str, typer.Option("--hash", help="Of the statement you looked at (period show); default: as it stands now.")
    ] = "",
    by: Annotated[str, typer.Option("--by", help="Who closes it.")] = "",
    reason: Annotated[str, typer.Option("--reason", help="A note.")] = "",
    timeout: Annotated[float, typer.Option("--timeout", help="Seconds to wait for the answer.")] = 60.0,
    tenant: Tenant = None,
    format_: FormatOption = Format.table,
) -> None:
    from jobs.console import broker_needed
    from jobs.decisions import ask, decision_fact
    from streams.models.closing import decode_closed, decode_refused
    from streams.models.decision import Decision
    from streams.settings import Settings

    one = _statement(client, period, tenant)
    seen = hash_ or one.hash
    decision = Decision(kind="close", client=client, period=period, hash=seen, before=one.closes, by=by, reason=reason)
    settings = Settings()
    fact = decision_fact(tenant or settings.tenant, decision, time.time())
    with broker_needed():
        answer = asyncio.run(ask(settings, fact, timeout))
    if answer.kind == "closed":
        done = decode_closed(bytes(answer.body))
        if format_ is Format.json:
            put_json({"outcome": "closed", "decision": fact.id, "number": done.number, "hash": done.hash})
        else:
            put(f"closed: {_say(one)}, the client's close number {done.number}, hash {done.hash[:12]}")
        return
    refused = decode_refused(bytes(answer.body))
    if format_ is Format.json:
        put_json({"outcome": refused.reason, "decision": fact.id, "saw": seen, "hash": refused.hash,
                  "earliest": refused.earliest, "rows": refused.rows, "amounts": refused.amounts})  # fmt: skip
    else:
        say(_refusal(one, refused))
    raise typer.Exit(Exit.NO)


def _statement(client: str, period: str, tenant: str | None) -> Statement:
    from datetime import UTC, datetime

    from jobs import periods
    from jobs.ledger import check_period

    check_period(period)
    with opened(tenant) as ledger:
        return periods.statement(ledger, datetime.now(UTC).date(), client, period)


def _say(one: Statement) -> str:
    from jobs import periods
    from jobs.output import duration

    return (
        f"{one.client} {one.period} ({one.state}): {one.rows} rows, {duration(one.worked_seconds)} worked, "
        f"{periods.money_text(one)}"
    )


def _refusal(one: Statement, refused: Refused) -> str:
    """Why, and the difference between what was looked at and what stands."""
    text = f"refused: {WHY[refused.reason]}"
    if refused.reason == "out_of_turn":
        return f"{text}: close {refused.earliest} first"
    if refused.reason != "different":
        return f"{text} (closes of {one.client}: {refused.number})"
    lines = [text, f"  you saw  {one.hash[:12]}  {one.rows} rows, {one.worked_seconds} s worked, {one.amounts}"]
    lines.append(
        f"  it is    {refused.hash[:12]}  {refused.rows} rows, {refused.worked_seconds} s worked, {refused.amounts}"
    )
    return "\n".join([*lines, "Look again (everyminute period show), then close it again."])
