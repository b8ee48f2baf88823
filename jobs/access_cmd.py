"""`everyminute user` and `everyminute token`: who may sign in, and which programs may send or read."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.console import Format, UserError, checked_tenant, put, put_json, say, tables

if TYPE_CHECKING:
    from jobs.access import Access

ABOUT_USERS = """People who sign in to the pages. Until there is one, the pages are open on this machine.

    everyminute user add dana --role technician --technician dana

Roles: technician (own timers), analyst (reads), finance (also closes periods and decides), admin (everything).
"""
ABOUT_TOKENS = """Tokens: how programs sign in. Each has one tenant and the scopes you give it.

    everyminute token create "toggl bridge" --scope events:write

Scopes: events:write (send events), ledger:read (entries, leakage, periods), timers (start and stop the timers of
--technician), usage:read (usage exports).
"""
Formatted = Annotated[Format, typer.Option("--format", help="How to print it.")]
Tenant = Annotated[str | None, typer.Option("--tenant", help="Whose. Default: EVERYMINUTE_TENANT.")]
Technician = Annotated[str, typer.Option("--technician", help="Id of the technician in the catalogue.")]
Password = Annotated[
    Path | None, typer.Option("--password-file", help="Read the password from here (- for standard input).")
]


def register(app: typer.Typer) -> None:
    user = typer.Typer(help=ABOUT_USERS, short_help="Who signs in to the pages.", no_args_is_help=True)
    user.command("add", help="Add a user. Asks for the password.")(user_add)
    user.command("list", help="All users.")(user_list)
    user.command("password", help="Set a password anew. Ends the user's sessions.")(user_password)
    user.command("remove", help="Remove a user and their sessions.")(user_remove)
    app.add_typer(user, name="user")
    token = typer.Typer(help=ABOUT_TOKENS, short_help="How programs sign in.", no_args_is_help=True)
    token.command("create", help="Make a token and print it, once.")(token_create)
    token.command("list", help="All tokens: scopes, tenant, when last used. Never the token itself.")(token_list)
    token.command("revoke", help="End a token at once.")(token_revoke)
    app.add_typer(token, name="token")


def user_add(
    name: str,
    role: Annotated[str, typer.Option("--role", help="technician, analyst, finance or admin.")],
    tenant: Tenant = None,
    technician: Technician = "",
    password_file: Password = None,
) -> None:
    from jobs.users import ROLES, add

    found = next((one for one in ROLES if one == role), None)
    if found is None:
        raise UserError(f"--role {role!r}: choose one of {', '.join(ROLES)}.")
    if found == "technician" and not technician:
        raise UserError("A technician's timers need --technician, the id of the technician in the catalogue.")
    add(open_access(), name, found, checked_tenant(tenant), technician, _password(password_file))
    say(f"Added {name}, {found} of {checked_tenant(tenant)}. The pages now ask everybody to sign in.")


def user_list(format_: Formatted = Format.table) -> None:
    from jobs.users import accounts

    rows = [
        {"name": one.name, "role": one.role, "tenant": one.tenant, "technician": one.technician,
         "created": when(one.created), "last_sign_in": when(one.used)}
        for one in accounts(open_access())
    ]  # fmt: skip
    show_rows(rows, format_, "No users yet: the pages are open on this machine.")


def user_password(name: str, password_file: Password = None) -> None:
    from jobs.users import set_password

    set_password(open_access(), name, _password(password_file))
    say(f"Set. All sessions of {name} are ended.")


def user_remove(name: str) -> None:
    from jobs.users import any_user, remove

    access = open_access()
    remove(access, name)
    say(f"Removed {name}." if any_user(access) else f"Removed {name}. No user is left: the pages are open here again.")


def token_create(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    scope: Annotated[list[str], typer.Option("--scope", help="What it may do; several: --scope A --scope B.")],
    tenant: Tenant = None,
    technician: Technician = "",
    expires: Annotated[str | None, typer.Option("--expires", help="Last day it holds, such as 2026-12-31.")] = None,
) -> None:
    from jobs.tokens import SCOPES, create

    scopes = tuple(one for one in SCOPES if one in scope)
    if wrong := sorted(set(scope) - set(SCOPES)):
        raise UserError(f"--scope {wrong[0]!r}: choose from {', '.join(SCOPES)}.")
    if not 1 <= len(name) <= 100:
        raise UserError("Give the token a name of up to 100 characters.")
    if "timers" in scopes and not technician:
        raise UserError("The scope timers needs --technician, the id of the technician in the catalogue.")
    token = create(open_access(), name, checked_tenant(tenant), scopes, technician, _until(expires))
    say("Keep it now: it is not shown again.")
    put(token)


def token_list(format_: Formatted = Format.table) -> None:
    from jobs.tokens import tokens

    now = int(datetime.now(UTC).timestamp())
    rows = [
        {"id": one.id, "name": one.name, "tenant": one.tenant, "scopes": " ".join(one.scopes),
         "technician": one.technician, "state": one.state(now), "created": when(one.created),
         "expires": when(one.expires), "last_used": when(one.used)}
        for one in tokens(open_access())
    ]  # fmt: skip
    show_rows(rows, format_, "No tokens yet. `everyminute token create NAME --scope events:write` makes one.")


def token_revoke(id_: Annotated[str, typer.Argument(metavar="ID", help="From `token list`.")]) -> None:
    from jobs.tokens import revoke

    revoke(open_access(), id_)
    say(f"Revoked {id_}.")


def open_access() -> Access:
    from jobs.access import Access
    from streams.settings import Settings

    return Access(Settings())


def _password(file: Path | None) -> str:
    """The first line of the file, or typed twice."""
    if file is None:
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt="Again", err=True))
    return secret_from(file)


def secret_from(file: Path) -> str:
    """The first line of the file; of standard input where it is -."""
    text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    return (text.splitlines() or [""])[0]


def _until(day: str | None) -> int | None:
    """The end of that day, UTC."""
    if day is None:
        return None
    try:
        return int(datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()) + 86_400
    except ValueError:
        raise UserError(f"--expires {day!r}: write the day as 2026-12-31.") from None


def when(at: int | None) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC") if at else ""


def show_rows(rows: list[dict[str, str]], format_: Format, nothing: str) -> None:
    if format_ is Format.json:
        put_json(rows)
    elif not rows:
        say(nothing)
    else:
        from rich.markup import escape
        from rich.table import Table

        table = Table()
        for name in rows[0]:
            table.add_column(name.replace("_", " "))
        for row in rows:
            table.add_row(*map(escape, row.values()))
        tables().print(table)
