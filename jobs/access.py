"""Who may do what: one small SQLite file under EVERYMINUTE_HOME, shared by the web processes and the commands.

It holds users, sessions, tokens and the secrets of webhooks; nothing of the ledger. Passwords, sessions and tokens are
hashed; the secrets of webhooks must be readable to check a signature, so the file is readable by its owner alone.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from streams.settings import Settings

BUSY_MS = 5000  # another process may be writing
SCHEMA = """
CREATE TABLE IF NOT EXISTS users (
    name TEXT PRIMARY KEY, role TEXT NOT NULL, tenant TEXT NOT NULL, technician TEXT NOT NULL,
    password TEXT NOT NULL, created INTEGER NOT NULL, used INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE IF NOT EXISTS sessions (
    hash BLOB PRIMARY KEY, user TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
    created INTEGER NOT NULL, used INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS attempts (key TEXT PRIMARY KEY, count INTEGER NOT NULL, since INTEGER NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS attempts_since ON attempts (since);
CREATE TABLE IF NOT EXISTS tokens (
    id TEXT PRIMARY KEY, hash BLOB NOT NULL, name TEXT NOT NULL, tenant TEXT NOT NULL, scopes TEXT NOT NULL,
    technician TEXT NOT NULL, created INTEGER NOT NULL, expires INTEGER, used INTEGER NOT NULL DEFAULT 0,
    revoked INTEGER
) STRICT;
CREATE TABLE IF NOT EXISTS hooks (
    connector TEXT NOT NULL, instance TEXT NOT NULL, tenant TEXT NOT NULL, scheme TEXT NOT NULL,
    options TEXT NOT NULL, created INTEGER NOT NULL, used INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (connector, instance)
) STRICT;
CREATE TABLE IF NOT EXISTS hook_secrets (
    id INTEGER PRIMARY KEY, connector TEXT NOT NULL, instance TEXT NOT NULL, secret BLOB NOT NULL,
    created INTEGER NOT NULL,
    FOREIGN KEY (connector, instance) REFERENCES hooks (connector, instance) ON DELETE CASCADE
) STRICT;
CREATE TABLE IF NOT EXISTS keys (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
"""


class Access:
    """The file, with one connection a thread. Safe with several processes: WAL, and writers wait for each other."""

    def __init__(self, settings: Settings) -> None:
        self.path = settings.home.expanduser() / "web" / "access.sqlite"
        self._local = threading.local()

    def all(self, sql: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        return self._connection().execute(sql, values).fetchall()

    def one(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Row | None:
        found: sqlite3.Row | None = self._connection().execute(sql, values).fetchone()
        return found

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Change rows, durably; gives how many."""
        return self._connection().execute(sql, values).rowcount

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """Several statements as one: all of them or none."""
        connection = self._connection()
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def key(self, name: str) -> bytes:
        """A random key of this installation, drawn once."""
        self.run("INSERT OR IGNORE INTO keys VALUES (?, ?)", (name, secrets.token_bytes(32)))
        found = self.one("SELECT value FROM keys WHERE name = ?", (name,))
        assert found is not None
        return bytes(found["value"])

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = _opened(self.path)
        return connection


def _opened(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)
    connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_MS / 1000)
    connection.row_factory = sqlite3.Row
    deadline = time.monotonic() + BUSY_MS / 1000
    while True:  # the change to WAL does not wait for another process by itself
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")  # what was revoked stays revoked
    connection.executescript(SCHEMA)
    return connection


def hashed(secret: str) -> bytes:
    """For secrets of 256 random bits only: those need no slow hash."""
    return hashlib.sha256(secret.encode()).digest()
