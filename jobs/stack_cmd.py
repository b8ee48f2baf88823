"""`everyminute up`, `down`, `status` and `topics`."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from jobs.console import Exit, Format, UserError, broker_needed, put_json, say, tables

UP = """Run everything on this machine: Kafka, the ClickHouse engine, the pipeline and the pages.

    everyminute up

It runs until Ctrl-C, or in the background, until `everyminute down`:

    everyminute up --detach

A second `up` says what already runs. Exit codes: 0 stopped in order; 1 could not start, nothing is left running;
3 runs already.
"""
STATUS = """What runs: state, process, port, memory, restarts; what each hop has received, done, waiting and parked; and
how far each live tool has been read.

    everyminute status --format json

Exit codes: 0 all is well; 4 nothing runs; 5 something of it does not.
"""


def register(app: typer.Typer) -> None:
    app.command("up", help=UP, short_help="Run everything on this machine.")(up_command)
    app.command("down", help="Stop what `up` started. Exit code 4 when nothing runs.")(down_command)
    app.command("status", help=STATUS, short_help="What runs, and what the pipeline has done.")(status_command)
    app.command("topics", help="Create the topics that are missing, and check the rest.")(topics_command)


def up_command(
    detach: Annotated[bool, typer.Option("--detach", help="Leave it running in the background.")] = False,
) -> None:
    raise typer.Exit(start_stack(detach))


def start_stack(detach: bool) -> int:
    """Bring the stack up; returns its exit code when it has ended, or, detached, once it runs."""
    from deploy.embedded.stack import components
    from deploy.embedded.supervisor import StartError, up
    from streams.settings import Settings

    settings = Settings()
    try:
        found = components(settings)
    except StartError as error:
        raise UserError(f"{error.problem}\n{error.remedy}", Exit.NO) from error
    greeting = f"Pages: http://127.0.0.1:{settings.web_port}/    Stop: Ctrl-C or `everyminute down`"
    return int(up(settings.home, found, detach, greeting))


def down_command() -> None:
    from deploy.embedded.supervisor import down
    from streams.settings import Settings

    raise typer.Exit(int(down(Settings().home)))


def status_command(
    format_: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.table,
) -> None:
    from deploy.embedded.errors import Exit as Stack
    from deploy.embedded.supervisor import status, table
    from jobs.hops import hop_rows, hop_table
    from jobs.live_status import live_remarks, live_rows, live_table, well
    from jobs.output import show
    from streams.settings import Settings

    settings = Settings()
    found = status(settings.home)
    hops, live = hop_rows(settings.home), live_rows(settings)
    code = Stack.DEGRADED if found.code == Stack.OK and not all(map(well, live)) else found.code
    if format_ is Format.json:
        put_json({"components": found.rows, "hops": hops, "live": live})
    elif not found.rows:
        say("Nothing runs. Start it with `everyminute up`.")
    else:
        console = tables()
        show(table(found), console)
        console.print()
        show(hop_table(hops), console)
        if live:
            console.print()
            show(live_table(live), console)
        for remark in live_remarks(live):
            console.print(remark, soft_wrap=True)
    raise typer.Exit(int(code))


def topics_command() -> None:
    from streams.settings import Settings
    from streams.topics import audit, provision

    async def run(settings: Settings) -> tuple[list[str], list[str]]:
        return await provision(settings), await audit(settings)

    with broker_needed():
        made, wrong = asyncio.run(run(Settings()))
    say(f"Created {len(made)} topics." if made else "All topics exist.")
    for finding in wrong:
        say(finding)
    raise typer.Exit(Exit.NO if wrong else Exit.DONE)
