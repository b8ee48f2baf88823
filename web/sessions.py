"""Sessions of people: an opaque id in a cookie, its hash in the file; idle and absolute ends; attempts counted."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from jobs.access import Access, hashed
from jobs.users import Account
from streams.settings import Settings

USED_EVERY = 60  # seconds: how exact the idle time is
WINDOW = 15 * 60  # seconds in which failed attempts add up
MOST_NAME_HERE, MOST_HERE, MOST_NAME = 5, 30, 100  # of one name from one address; of an address; of a name
SINGLE = "single"  # what the form token of single-user mode is made from


@dataclass(frozen=True)
class Session:
    account: Account
    csrf: str


def open_session(access: Access, user: str, old: str | None, now: int) -> str:
    """A new id, never one that the browser brought; the old one ends."""
    id_ = secrets.token_urlsafe(32)
    with access.change() as change:
        change.execute("DELETE FROM sessions WHERE hash = ?", (hashed(old or ""),))
        change.execute("INSERT INTO sessions VALUES (?, ?, ?, ?)", (hashed(id_), user, now, now))
        change.execute("UPDATE users SET used = ? WHERE name = ?", (now, user))
    return id_


def close_session(access: Access, id_: str) -> None:
    access.run("DELETE FROM sessions WHERE hash = ?", (hashed(id_),))


def find_session(access: Access, id_: str, settings: Settings, now: int) -> Session | None:
    """The session, if it has not ended."""
    key = hashed(id_)
    found = access.one(
        "SELECT s.created, s.used, u.name, u.role, u.tenant, u.technician, u.created AS made, u.used AS seen "
        "FROM sessions s JOIN users u ON u.name = s.user WHERE s.hash = ?",
        (key,),
    )
    if found is None:
        return None
    idle, age = now - found["used"], now - found["created"]
    if idle >= settings.session_idle_hours * 3600 or age >= settings.session_hours * 3600:
        close_session(access, id_)
        return None
    if idle >= USED_EVERY:
        access.run("UPDATE sessions SET used = ? WHERE hash = ?", (now, key))
    account = Account(found["name"], found["role"], found["tenant"], found["technician"], found["made"], found["seen"])
    return Session(account, form_token(access, key.hex()))


def form_token(access: Access, session: str) -> str:
    """What a form or a script must send along; another one for each session."""
    return hmac.digest(access.key("csrf"), session.encode(), "sha256").hex()


def attempt(access: Access, name: str, address: str, now: int) -> int:
    """Count an attempt to sign in, before it is checked. Gives the seconds to wait; 0 when it may go on."""
    here = _network(address)
    limits = {f"{name}|{here}": MOST_NAME_HERE, f"|{here}": MOST_HERE, f"{name}|": MOST_NAME}
    wait = 0
    with access.change() as change:
        change.execute("DELETE FROM attempts WHERE since <= ?", (now - WINDOW,))
        for key, most in limits.items():
            change.execute(
                "INSERT INTO attempts VALUES (?, 1, ?) ON CONFLICT (key) DO UPDATE SET count = count + 1", (key, now)
            )
            found = change.execute("SELECT count, since FROM attempts WHERE key = ?", (key,)).fetchone()
            if found["count"] > most:
                wait = max(wait, found["since"] + WINDOW - now)
    return wait


def forgive(access: Access, name: str, address: str) -> None:
    """After the right password."""
    here = _network(address)
    access.run("DELETE FROM attempts WHERE key IN (?, ?)", (f"{name}|{here}", f"{name}|"))


def _network(address: str) -> str:
    """An IPv6 caller has 2**64 addresses; they count as one."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    return str(IPv6Address(int(found) >> 64 << 64)) if isinstance(found, IPv6Address) else str(found)
