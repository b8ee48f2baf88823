"""`everyminute rebuild`: the ledger made anew from the sources of truth."""

from __future__ import annotations

from typing import Annotated

import typer

from jobs.console import Exit, Format, put, put_json, say
from jobs.ledger_cmd import FormatOption

HELP = """Make the ledger anew from events, catalogue and decisions, with the outcomes they had; exchange the tables.

Stop workers, writers and whatever sends events; leave Kafka and ClickHouse running. The new ledger is made under the
next epoch, in topics with a prefix of their own and in a database beside; if it has the same content as the old one,
the tables are exchanged, and the settings to go on with are printed. Nothing is deleted.

    everyminute rebuild --prefix everyminute.r1.
"""


def register(app: typer.Typer) -> None:
    app.command("rebuild", help=HELP, short_help="Make the ledger anew from the sources of truth.")(rebuild)


def rebuild(
    prefix: Annotated[str, typer.Option("--prefix", help="Of the new topics.")],
    accept: Annotated[
        bool, typer.Option("--accept", help="Exchange also where the content differs (after an upgrade).")
    ] = False,
    timeout: Annotated[
        float, typer.Option("--timeout", help="Seconds until the new ledger must be complete.")
    ] = 3600.0,
    format_: FormatOption = Format.table,
) -> None:
    from jobs import rebuild as job
    from jobs.console import broker_needed
    from streams.settings import Settings

    settings = Settings()
    new = job.target(settings, prefix)
    with broker_needed():
        before, after = job.make(settings, new, timeout)
    same = before == after
    if same or accept:
        job.exchange(settings, new)
    if format_ is Format.json:
        put_json({"same": same, "exchanged": same or accept, "before": before, "after": after,
                  "topic_prefix": new.topic_prefix, "epoch": new.epoch})  # fmt: skip
    else:
        for tenant in sorted(before.keys() | after.keys()):
            put(f"{tenant}: {before.get(tenant, 'nothing')} → {after.get(tenant, 'nothing')}")
    if not same and not accept:
        say(f"The content differs; nothing was exchanged. The new tables are in {new.clickhouse_database}.")
        raise typer.Exit(Exit.NO)
    say(f"Go on with EVERYMINUTE_TOPIC_PREFIX={new.topic_prefix} EVERYMINUTE_EPOCH={new.epoch}")
