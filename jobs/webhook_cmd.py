"""`everyminute webhook`: which tools may call us, and the secrets they sign with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jobs.access_cmd import Formatted, Tenant, open_access, secret_from, show_rows, when
from jobs.console import Format, UserError, checked_tenant, put, say

ABOUT = """Tools that call us. Each has an address of its own, and a secret it signs with.

    everyminute webhook add zammad main

prints the path to enter in the tool, and a secret if none is given. To exchange a secret without losing a delivery:
`rotate` adds the new one, change it in the tool, then `rotate --finish`.
"""
Connector = Annotated[str, typer.Argument(help="The tool: connectwise_psa, standardwebhooks, syncro, toggl, zammad.")]
Instance = Annotated[str, typer.Argument(help="Which of your accounts there; part of the source: toggl:main.")]
SecretFile = Annotated[
    Path | None, typer.Option("--secret-file", help="The tool's secret (- for standard input); else one is drawn.")
]


def register(app: typer.Typer) -> None:
    hook = typer.Typer(help=ABOUT, short_help="Tools that call us.", no_args_is_help=True)
    hook.command("add", help="Let a tool call. Prints its path, and its secret if drawn here.")(add_command)
    hook.command("list", help="All webhooks, and when each was last called. Never a secret.")(list_command)
    hook.command("rotate", help="Add a new secret beside the one in use; --finish ends the old one.")(rotate_command)
    hook.command("remove", help="Stop taking what this tool sends.")(remove_command)
    app.add_typer(hook, name="webhook")


def add_command(
    connector: Connector,
    instance: Instance,
    tenant: Tenant = None,
    secret_file: SecretFile = None,
    scheme: Annotated[str | None, typer.Option("--scheme", help="How it signs, if not as the tool does.")] = None,
    time_unit: Annotated[str, typer.Option("--time-unit", help="Zammad: minutes or hours.")] = "minutes",
    key_url: Annotated[
        list[str] | None,
        typer.Option("--key-url", help="ConnectWise: the key_url of its callbacks, whole; another one is refused."),
    ] = None,
) -> None:
    from connectors.receive import HOOKS
    from connectors.signatures import NONE
    from jobs.webhooks import add, find

    if time_unit not in ("minutes", "hours"):
        raise UserError("--time-unit is minutes or hours.")
    if key_url and connector != "connectwise_psa":
        raise UserError("--key-url is for connectwise_psa alone.")
    chosen = scheme or (HOOKS[connector].scheme if connector in HOOKS else NONE)
    access, secret = open_access(), None if secret_file is None else secret_from(secret_file)
    drawn = add(access, connector, instance, checked_tenant(tenant), chosen, secret, time_unit, tuple(key_url or ()))
    found = find(access, connector, instance)
    assert found is not None
    if chosen == NONE:
        say("Nothing signs what it sends: it is kept, and prices nothing until it is confirmed. Keep the path secret.")
        put(f"{found.path}/{drawn or secret}")
        return
    say(f"Path: {found.path}")
    if drawn:
        say("Secret, not shown again:")
        put(drawn)


def list_command(format_: Formatted = Format.table) -> None:
    from jobs.webhooks import live, webhooks

    access = open_access()
    rows = [
        {"connector": one.connector, "instance": one.instance, "tenant": one.tenant, "scheme": one.scheme,
         "secrets": str(len(live(access, one))), "path": one.path, "created": when(one.created),
         "last_called": when(one.used)}
        for one in webhooks(access)
    ]  # fmt: skip
    show_rows(rows, format_, "No webhooks yet. `everyminute webhook add CONNECTOR INSTANCE` adds one.")


def rotate_command(
    connector: Connector,
    instance: Instance,
    secret_file: SecretFile = None,
    finish: Annotated[bool, typer.Option("--finish", help="End the old secret; the newest stays.")] = False,
) -> None:
    from connectors.signatures import NONE
    from jobs.webhooks import find, retire, rotate, unknown

    access = open_access()
    found = find(access, connector, instance)
    if found is None:
        raise unknown(connector, instance)
    if finish:
        say(f"Ended {retire(access, connector, instance)} old secrets.")
        return
    drawn = rotate(access, connector, instance, None if secret_file is None else secret_from(secret_file))
    say("Both secrets hold. Change it in the tool, then: "
        f"everyminute webhook rotate {connector} {instance} --finish")  # fmt: skip
    if drawn:
        put(f"{found.path}/{drawn}" if found.scheme == NONE else drawn)


def remove_command(connector: Connector, instance: Instance) -> None:
    from jobs.webhooks import remove

    remove(open_access(), connector, instance)
    say(f"Removed {connector}/{instance}.")
