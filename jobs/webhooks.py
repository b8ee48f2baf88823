"""Webhooks that were added: which tool may call, for which tenant, how it signs, and its live secrets (two at most)."""

from __future__ import annotations

import json
import re
import secrets
import sqlite3
import time
from base64 import b64encode
from dataclasses import dataclass
from typing import Literal

from connectors.receive import HOOKS
from connectors.signatures import NONE, SCHEMES, standard_key
from jobs.access import Access
from jobs.console import UserError

INSTANCE = re.compile(r"[A-Za-z0-9_.-]{1,60}")
LIVE = 2  # secrets at once, so that one can be exchanged without losing a delivery
USED_EVERY = 60  # seconds: how exact `used` is
KEY_URL = re.compile(r"https://[!-~]{1,500}|http://127\.0\.0\.1:\d{1,5}/[!-~]{0,500}")


@dataclass(frozen=True)
class Webhook:
    """``key_urls``: where the tool may name its key to be; fetched from nowhere else. Instants in seconds."""

    connector: str
    instance: str
    tenant: str
    scheme: str
    time_unit: Literal["minutes", "hours"]
    key_urls: tuple[str, ...]
    created: int
    used: int

    @property
    def source(self) -> str:
        return f"{self.connector}:{self.instance}"

    @property
    def path(self) -> str:
        return f"/v1/webhooks/{self.connector}/{self.instance}"


def add(
    access: Access, connector: str, instance: str, tenant: str, scheme: str, secret: str | None,
    time_unit: str = "minutes", key_urls: tuple[str, ...] = (),
) -> str | None:  # fmt: skip
    """The secret if it was drawn here, else None. Raises UserError for what cannot be or is there already."""
    if connector not in HOOKS:
        raise UserError(f"No webhook is read from {connector!r}; choose one of {', '.join(HOOKS)}.")
    if not INSTANCE.fullmatch(instance):
        raise UserError(f"The instance {instance!r} cannot be used: letters, digits and . _ -, at most 60.")
    if scheme != NONE and scheme not in SCHEMES:
        raise UserError(f"--scheme {scheme!r}: choose one of {', '.join((*SCHEMES, NONE))}.")
    for url in key_urls:
        if not KEY_URL.fullmatch(url):
            raise UserError(f"--key-url {url!r}: write the whole address, https://…")
    drawn = None if secret is not None or key_urls else new_secret(scheme)
    known = checked_secret(scheme, secret) if secret is not None else drawn
    options = json.dumps({"time_unit": time_unit, "key_urls": key_urls})
    with access.change() as change:
        values = (connector, instance, tenant, scheme, options, int(time.time()))
        sql = "INSERT OR IGNORE INTO hooks (connector, instance, tenant, scheme, options, created) VALUES (?,?,?,?,?,?)"
        if not change.execute(sql, values).rowcount:
            raise UserError(f"There is a webhook {connector}/{instance} already. `everyminute webhook list` shows it.")
        if known is not None:
            _insert(change, connector, instance, known)
    return drawn


def rotate(access: Access, connector: str, instance: str, secret: str | None) -> str | None:
    """A further secret; the one before stays live, older ones end. Gives it if it was drawn here."""
    found = find(access, connector, instance)
    if found is None:
        raise unknown(connector, instance)
    drawn = None if secret is not None else new_secret(found.scheme)
    known = checked_secret(found.scheme, secret) if secret is not None else drawn
    assert known is not None
    with access.change() as change:
        _insert(change, connector, instance, known)
    return drawn


def new_secret(scheme: str) -> str:
    """In the form the scheme wants; also the secret part of an address that nothing signs."""
    return f"whsec_{b64encode(secrets.token_bytes(32)).decode()}" if scheme == "standard" else secrets.token_hex(32)


def checked_secret(scheme: str, secret: str) -> str:
    if scheme == "standard" and standard_key(secret.encode()) is None:
        raise UserError("A secret of Standard Webhooks is whsec_ and 24 to 64 bytes in base64.")
    if len(secret) < 8:
        raise UserError("The secret has fewer than 8 characters; take a longer one.")
    return secret


def _insert(change: sqlite3.Connection, connector: str, instance: str, secret: str) -> None:
    change.execute(
        "INSERT INTO hook_secrets (connector, instance, secret, created) VALUES (?, ?, ?, ?)",
        (connector, instance, secret.encode(), int(time.time())),
    )
    change.execute(
        "DELETE FROM hook_secrets WHERE connector = ? AND instance = ? AND id NOT IN "
        "(SELECT id FROM hook_secrets WHERE connector = ? AND instance = ? ORDER BY id DESC LIMIT ?)",
        (connector, instance, connector, instance, LIVE),
    )


def retire(access: Access, connector: str, instance: str) -> int:
    """End all secrets but the newest. Gives how many ended."""
    return access.run(
        "DELETE FROM hook_secrets WHERE connector = ? AND instance = ? AND id < "
        "(SELECT max(id) FROM hook_secrets WHERE connector = ? AND instance = ?)",
        (connector, instance, connector, instance),
    )


def remove(access: Access, connector: str, instance: str) -> None:
    if not access.run("DELETE FROM hooks WHERE connector = ? AND instance = ?", (connector, instance)):
        raise unknown(connector, instance)


def unknown(connector: str, instance: str) -> UserError:
    return UserError(f"There is no webhook {connector}/{instance}. `everyminute webhook list` shows them.")


def find(access: Access, connector: str, instance: str) -> Webhook | None:
    found = access.one("SELECT * FROM hooks WHERE connector = ? AND instance = ?", (connector, instance))
    return None if found is None else _webhook(found)


def live(access: Access, hook: Webhook) -> list[bytes]:
    """Its secrets, the newest first."""
    sql = "SELECT secret FROM hook_secrets WHERE connector = ? AND instance = ? ORDER BY id DESC"
    return [bytes(row["secret"]) for row in access.all(sql, (hook.connector, hook.instance))]


def webhooks(access: Access) -> list[Webhook]:
    return [_webhook(row) for row in access.all("SELECT * FROM hooks ORDER BY connector, instance")]


def mark_used(access: Access, hook: Webhook, now: int) -> None:
    if now - hook.used >= USED_EVERY:
        sql = "UPDATE hooks SET used = ? WHERE connector = ? AND instance = ?"
        access.run(sql, (now, hook.connector, hook.instance))


def _webhook(row: sqlite3.Row) -> Webhook:
    options = json.loads(row["options"])
    return Webhook(
        row["connector"], row["instance"], row["tenant"], row["scheme"], options["time_unit"],
        tuple(options["key_urls"]), row["created"], row["used"],
    )  # fmt: skip
