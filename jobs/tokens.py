"""Tokens: how programs sign in. A token has one tenant and a few scopes, and is shown once."""

from __future__ import annotations

import hmac
import secrets
import sqlite3
import time
from dataclasses import dataclass
from typing import Literal, get_args

from jobs.access import Access, hashed
from jobs.console import UserError

Scope = Literal["events:write", "ledger:read", "timers", "usage:read", "usage:export"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
MEANING: dict[Scope, str] = {
    "events:write": "send events",
    "ledger:read": "read entries, leakage and periods",
    "timers": "start and stop the timers of the token's technician",
    "usage:read": "read usage, and batches",
    "usage:export": "make batches of what is closed",
}
PREFIX = "em"
USED_EVERY = 60  # seconds: how exact `used` is


@dataclass(frozen=True)
class Token:
    """Instants in seconds since 1970; ``used`` 0 for never."""

    id: str
    name: str
    tenant: str
    scopes: tuple[str, ...]
    technician: str
    created: int
    expires: int | None
    used: int
    revoked: int | None

    def state(self, now: int) -> str:
        if self.revoked is not None:
            return "revoked"
        return "expired" if self.expires is not None and self.expires <= now else "valid"


def create(
    access: Access, name: str, tenant: str, scopes: tuple[Scope, ...], technician: str = "", expires: int | None = None
) -> str:
    """The token, which nobody can read again: em_<id>_<256 random bits>."""
    id_, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    token = f"{PREFIX}_{id_}_{secret}"
    values = (id_, hashed(token), name, tenant, " ".join(scopes), technician, int(time.time()), expires)
    sql = "INSERT INTO tokens (id, hash, name, tenant, scopes, technician, created, expires) VALUES (?,?,?,?,?,?,?,?)"
    access.run(sql, values)
    return token


def tokens(access: Access) -> list[Token]:
    return [_token(row) for row in access.all("SELECT * FROM tokens ORDER BY created, id")]


def revoke(access: Access, id_: str) -> None:
    """Holds at once, in every process."""
    sql = "UPDATE tokens SET revoked = ? WHERE id = ? AND revoked IS NULL"
    if not access.run(sql, (int(time.time()), id_)) and not access.one("SELECT 1 FROM tokens WHERE id = ?", (id_,)):
        raise UserError(f"There is no token {id_}. `everyminute token list` shows their ids.")


def checked(access: Access, text: str, now: int) -> Token | None:
    """The token, if it is one of ours and still holds."""
    prefix, _, rest = text.partition("_")
    id_, _, secret = rest.partition("_")
    if prefix != PREFIX or not secret or len(text) > 200:
        return None
    found = access.one("SELECT * FROM tokens WHERE id = ?", (id_,))
    if not hmac.compare_digest(bytes(32) if found is None else found["hash"], hashed(text)) or found is None:
        return None
    token = _token(found)
    if token.state(now) != "valid":
        return None
    if now - token.used >= USED_EVERY:
        access.run("UPDATE tokens SET used = ? WHERE id = ?", (now, id_))
    return token


def _token(row: sqlite3.Row) -> Token:
    return Token(
        row["id"], row["name"], row["tenant"], tuple(row["scopes"].split()), row["technician"], row["created"],
        row["expires"], row["used"], row["revoked"],
    )  # fmt: skip
