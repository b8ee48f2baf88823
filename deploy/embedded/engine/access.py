"""Who may do what: `default` everything, `reader` only reading tables."""

import base64
import binascii
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.embedded.engine.errors import ACCESS_DENIED, AUTHENTICATION_FAILED, READONLY, EngineError
from deploy.embedded.engine.native import Handle
from deploy.embedded.engine.sql import first_word

_LOOPBACK = re.compile(r"^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$", re.IGNORECASE)
# Functions that read outside the tables although the engine is in read-only mode: file('/any/path') and Python().
_OUTSIDE = {"file", "python"}
_NAMED = re.compile(r"^\s*(?:Function|Identifier|TableIdentifier) `?(?:file|python)\b", re.IGNORECASE | re.MULTILINE)
_IN_SHOW = re.compile(r"file|python|[\\‘’“”]", re.IGNORECASE)  # the tree of a SHOW leaves out its WHERE
_READER_LIMITS = "SET max_execution_time = 60, max_memory_usage = 500000000, readonly = 1"


@dataclass(frozen=True)
class User:
    """An authenticated user."""

    name: str
    read_only: bool


class Accounts:
    """The two users. Passwords come from files, so that they never stand on a command line."""

    def __init__(self, password_file: Path | None, readonly_password_file: Path | None) -> None:
        self._passwords = {"default": _read(password_file) if password_file else ""}
        if readonly_password_file:
            self._passwords["reader"] = _read(readonly_password_file)

    def authenticate(self, headers: Mapping[str, str], query: Mapping[str, str]) -> User:
        """The user of a request: basic auth, X-ClickHouse-User/-Key, or user/password in the URL."""
        name, password = _credentials(headers, query)
        expected = self._passwords.get(name)
        given = password.encode("utf-8", "surrogateescape")
        if expected is None or not hmac.compare_digest(expected.encode(), given):
            raise EngineError(
                AUTHENTICATION_FAILED,
                f"{name}: Authentication failed: password is incorrect, or there is no user with such name.",
            )
        return User(name, read_only=name == "reader")


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip()


def _credentials(headers: Mapping[str, str], query: Mapping[str, str]) -> tuple[str, str]:
    basic = headers.get("Authorization", "")
    if basic.lower().startswith("basic "):
        try:
            name, _, password = base64.b64decode(basic[6:], validate=True).decode("utf-8").partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise EngineError(AUTHENTICATION_FAILED, "Invalid Basic authorization header.") from None
        return name or "default", password
    if "X-ClickHouse-User" in headers:
        return headers["X-ClickHouse-User"], headers.get("X-ClickHouse-Key", "")
    return query.get("user", "default"), query.get("password", "")


def refuse_browsers(headers: Mapping[str, str]) -> None:
    """Web pages must not reach the engine: a page can post to loopback, and can re-point its own name at it."""
    if "Origin" in headers or "Sec-Fetch-Site" in headers or not _LOOPBACK.match(headers.get("Host", "")):
        raise EngineError(ACCESS_DENIED, "Requests from web pages, or to another host name, are not accepted.")


def make_read_only(handle: Handle) -> None:
    """From here on the handle refuses writes, DDL, SET, and table functions that reach outside."""
    handle.run(_READER_LIMITS)


def check_reader(handle: Handle, statement: str, params: Mapping[str, str]) -> None:
    """Refuse what the engine's read-only mode lets through: control statements, file() and Python()."""
    kind = handle.classify(statement)
    if not kind.read_only:
        raise EngineError(READONLY, "reader: Cannot execute query in readonly mode.")
    named = bool({value.strip("`\"' ").lower() for value in params.values()} & _OUTSIDE)
    if first_word(statement) == "SHOW":
        named = named or bool(_IN_SHOW.search(statement))
    tree, _ = handle.run(f"EXPLAIN AST {statement}", "TSVRaw", params)
    if named or _NAMED.search(tree.decode("utf-8", "replace")):
        raise EngineError(ACCESS_DENIED, "reader: Not enough privileges: file() and Python() are not allowed.")
