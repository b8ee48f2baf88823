"""`everyminute live` and `everyminute poll`: tools that are read all the time, or once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jobs.access_cmd import Formatted, Tenant, secret_from
from jobs.console import Exit, Format, UserError, broker_needed, checked_tenant, put_json, say, tables

ABOUT = """Tools that are read all the time while `everyminute up` runs: MeshCentral and Tactical RMM.

    everyminute live add tacticalrmm main --url https://api.example.com --secret-file key.txt

docs/connectors.md says how to make the account or the key. `everyminute status` shows how far each is.
"""
POLL = """Read once what happened at a live tool since it was last read, and end.

    everyminute poll tacticalrmm

The tool must have been added with `everyminute live add`. Not while `everyminute up` reads it. Exit codes: 0 done;
3 the tool or Kafka does not answer, or does not let us in.
"""
Connector = Annotated[str, typer.Argument(help="The tool: meshcentral, tacticalrmm.")]
Instance = Annotated[str, typer.Argument(help="Which installation of it; part of the source: meshcentral:main.")]
SecretFile = Annotated[
    Path, typer.Option("--secret-file", help="Password, login key or API key, in its first line; - is standard input.")
]


def register(app: typer.Typer) -> None:
    live = typer.Typer(help=ABOUT, short_help="Tools that are read all the time.", no_args_is_help=True)
    live.command("add", help="Read a tool from the next `everyminute up` on.")(add_command)
    live.command("list", help="All live tools and how far they are. Never a secret.")(list_command)
    live.command("secret", help="Set a new secret; taken up at the next connection.")(secret_command)
    live.command("remove", help="Stop reading a tool. Its cursor is kept, unless you say --forget.")(remove_command)
    app.add_typer(live, name="live")
    app.command("poll", help=POLL, short_help="Read a live tool once.")(poll_command)


def add_command(
    connector: Connector,
    instance: Instance,
    url: Annotated[str, typer.Option("--url", help="Its address: wss://mesh.example.com, https://api.example.com.")],
    secret_file: SecretFile,
    tenant: Tenant = None,
    user: Annotated[str, typer.Option("--user", help="MeshCentral: user of the login token (~t:…), or account.")] = "",
    login_key: Annotated[
        bool, typer.Option("--login-key", help="MeshCentral: the secret is the server's login key, in hex.")
    ] = False,
    domain: Annotated[str, typer.Option("--domain", help="MeshCentral: domain of that account; for a login key.")] = "",
    ca_file: Annotated[str, typer.Option("--ca-file", help="PEM file of your own certificate authority.")] = "",
    every: Annotated[int, typer.Option("--every", min=10, max=86_400, help="Tactical: seconds between looks.")] = 60,
    since: Annotated[
        str | None, typer.Option("--since", help="Begin here, as 2026-03-01T00:00Z. Default: 31 days back.")
    ] = None,
) -> None:
    from connectors.live.source import Target
    from jobs.live import add
    from streams.settings import Settings

    target = Target(
        connector=connector, instance=instance, tenant=checked_tenant(tenant), url=url, user=user, domain=domain,
        login_key=login_key, ca_file=ca_file and str(Path(ca_file).resolve()), every=every, since=_instant(since),
    )  # fmt: skip
    found = add(Settings(), target, secret_from(secret_file))
    say(f"Added {target.source}. It is read from the next `everyminute up` on. To try it now: everyminute poll "
        f"{connector} --instance {instance}")  # fmt: skip
    say(f"Its secret lies in {found.folder}, readable by you alone.")


def list_command(format_: Formatted = Format.table) -> None:
    from jobs.live_status import live_remarks, live_rows, live_table
    from jobs.output import show
    from streams.settings import Settings

    rows = live_rows(Settings())
    if format_ is Format.json:
        return put_json(rows)
    if not rows:
        return say("No live tools yet. `everyminute live add CONNECTOR INSTANCE` adds one.")
    show(live_table(rows), tables())
    for remark in live_remarks(rows):
        tables().print(remark, soft_wrap=True)
    return None


def secret_command(connector: Connector, instance: Instance, secret_file: SecretFile) -> None:
    from jobs.live import find, set_secret
    from streams.settings import Settings

    set_secret(find(Settings(), connector, instance), secret_from(secret_file))
    say("Set. It is taken up at the next connection; after a refusal that can take five minutes.")


def remove_command(
    connector: Connector,
    instance: Instance,
    forget: Annotated[bool, typer.Option("--forget", help="Forget how far it was read, too.")] = False,
) -> None:
    from jobs.live import find, remove
    from streams.settings import Settings

    remove(find(Settings(), connector, instance), forget)
    say(f"Removed {connector}:{instance}; what was read stays. `everyminute up` ends its service at its next start.")


def poll_command(
    connector: Connector,
    instance: Annotated[str, typer.Option("--instance", help="Which installation.")] = "main",
    since: Annotated[
        str | None, typer.Option("--since", help="Read again from here, as 2026-03-01T00:00Z; nothing counts twice.")
    ] = None,
    format_: Formatted = Format.table,
) -> None:
    import asyncio

    from connectors.live.source import Trouble
    from jobs.live import find
    from jobs.live_run import poll
    from streams.settings import Settings

    settings = Settings()
    place = find(settings, connector, instance)
    with place.owned(), broker_needed():
        try:
            progress = asyncio.run(poll(settings, place, _instant(since)))
        except Trouble as trouble:
            raise UserError(str(trouble), Exit.CANNOT) from None
    if format_ is Format.json:
        return put_json({"sent": progress.sent, "gap": progress.gap})
    say(f"New: {progress.sent['events']:,} events, {progress.sent['directory']:,} directory objects, "
        f"{progress.sent['parked']:,} parked.")  # fmt: skip
    if progress.gap:
        say(progress.gap)
    return None


def _instant(text: str | None) -> int | None:
    from jobs.import_cmd import instant

    return instant(text, "--since")
