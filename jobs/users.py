"""Who signs in to the pages: name, role, tenant, and the technician of the catalogue they are."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from jobs.access import Access
from jobs.console import UserError

Role = Literal["technician", "analyst", "finance", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,79}")
SHORTEST, LONGEST = 12, 1000  # characters of a password


@dataclass(frozen=True)
class Account:
    """``technician`` is an id of the catalogue, or empty. Instants in seconds; 0 for never."""

    name: str
    role: Role
    tenant: str
    technician: str
    created: int
    used: int


@cache
def hasher() -> PasswordHasher:
    """argon2id as RFC 9106 recommends where memory is scarce: 64 MiB, three passes."""
    return PasswordHasher()


@cache
def _nobody() -> str:
    """A hash to check against where there is no such user, so that both answers take the same time."""
    return hasher().hash("nobody")


def add(access: Access, name: str, role: Role, tenant: str, technician: str, password: str) -> None:
    """Raises UserError for a name that is taken or cannot be one, and for a password that is too short."""
    if not NAME.fullmatch(name):
        raise UserError(f"The name {name!r} cannot be used: small letters, digits and . _ @ + -, at most 80.")
    known = checked_password(name, password)
    values = (name, role, tenant, technician, known, int(time.time()))
    sql = "INSERT OR IGNORE INTO users (name, role, tenant, technician, password, created) VALUES (?, ?, ?, ?, ?, ?)"
    if not access.run(sql, values):
        raise UserError(f"There is a user {name} already. To change the password: everyminute user password {name}")


def checked_password(name: str, password: str) -> str:
    """Its hash. Raises UserError."""
    if not SHORTEST <= len(password) <= LONGEST or password.lower() == name:
        raise UserError(f"A password has {SHORTEST} characters or more, and is not the name. Several words do well.")
    return hasher().hash(password)


def set_password(access: Access, name: str, password: str) -> None:
    """Ends all sessions of the user."""
    known = checked_password(name, password)
    with access.change() as change:
        if not change.execute("UPDATE users SET password = ? WHERE name = ?", (known, name)).rowcount:
            raise unknown(name)
        change.execute("DELETE FROM sessions WHERE user = ?", (name,))


def remove(access: Access, name: str) -> None:
    """With all sessions of the user."""
    if not access.run("DELETE FROM users WHERE name = ?", (name,)):
        raise unknown(name)


def unknown(name: str) -> UserError:
    return UserError(f"There is no user {name}. `everyminute user list` shows them.")


def accounts(access: Access) -> list[Account]:
    rows = access.all("SELECT name, role, tenant, technician, created, used FROM users ORDER BY name")
    return [Account(*row) for row in rows]


def any_user(access: Access) -> bool:
    return access.one("SELECT 1 FROM users LIMIT 1") is not None


def checked(access: Access, name: str, password: str) -> str | None:
    """The user's name if the password is theirs. Takes as long for a user who does not exist."""
    found = access.one("SELECT name, password FROM users WHERE name = ?", (name.strip().lower(),))
    try:
        hasher().verify(_nobody() if found is None else found["password"], password[: LONGEST + 1])
    except (VerificationError, InvalidHashError):
        return None
    return None if found is None else str(found["name"])
