"""Fixtures of the engine's tests, and the server the conformance suite talks to."""

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import clickhouse_connect
import pytest

from tests.engine_fixture import READER_PASSWORD, database, engine, shared_engine

__all__ = ["database", "engine", "server", "space"]

# A real server for the conformance suite, for example http://default:secret@127.0.0.1:8123; it must have a user
# `reader` with the profile readonly = 1 and SELECT on everything, whose password is in the second variable.
URL = os.environ.get("EVERYMINUTE_TEST_CLICKHOUSE_URL", "")
SERVER_READER_PASSWORD = os.environ.get("EVERYMINUTE_TEST_CLICKHOUSE_READER_PASSWORD", "")


@dataclass(frozen=True)
class Server:
    """Where the suite's server is and how to log in."""

    host: str
    port: int
    username: str
    password: str
    reader_password: str
    embedded: bool

    def options(self, **options: Any) -> dict[str, Any]:
        """Arguments of get_client, as the project uses them, with options laid over."""
        login = {"host": self.host, "port": self.port, "username": self.username, "password": self.password}
        return login | {"tz_mode": "aware", "autogenerate_session_id": False} | options

    def client(self, **options: Any) -> Any:
        """A synchronous client."""
        return clickhouse_connect.get_client(**self.options(**options))

    def reader(self, **options: Any) -> Any:
        """A client of the read-only user."""
        return self.client(username="reader", password=self.reader_password, **options)


@pytest.fixture(scope="session")
def server() -> Server:
    """The server under test: the embedded engine, or the one EVERYMINUTE_TEST_CLICKHOUSE_URL names."""
    if URL:
        parts = urlsplit(URL)
        user, password = unquote(parts.username or "default"), unquote(parts.password or "")
        host, port = parts.hostname or "127.0.0.1", parts.port or 8123
        return Server(host, port, user, password, SERVER_READER_PASSWORD, embedded=False)
    running = shared_engine()
    return Server(running.host, running.port, "default", "", READER_PASSWORD, embedded=True)


@dataclass(frozen=True)
class Space:
    """A database of one test on the server under test, with a client in it."""

    name: str
    server: Server
    client: Any

    def another(self, **options: Any) -> Any:
        """One more client in the same database."""
        return self.server.client(**({"database": self.name} | options))

    def reader(self) -> Any:
        """The read-only user in the same database."""
        return self.server.reader(database=self.name)

    def one(self, query: str, **options: Any) -> Any:
        """The single value of a query."""
        ((value,),) = self.client.query(query, **options).result_rows
        return value


@pytest.fixture
def space(server: Server) -> Iterator[Space]:
    """An empty database with a client in it, dropped after the test."""
    name = f"t_{secrets.token_hex(6)}"
    admin = server.client()
    admin.command(f"CREATE DATABASE {name}")
    client = server.client(database=name)
    yield Space(name, server, client)
    client.close()
    admin.command(f"DROP DATABASE IF EXISTS {name}")
    admin.close()
