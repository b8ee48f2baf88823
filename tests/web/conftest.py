"""The real application on a port of its own over a migrated database in the real engine, read by its read-only user."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread

import httpx
import pytest
import uvicorn

from sinks.clickhouse import ClickHouseSink
from sinks.migrate import migrate
from streams.settings import Settings
from tests.engine_fixture import READER_PASSWORD, Database, database, engine, fresh_database, shared_engine, until
from tests.web.seed import MONTH, write
from web.app import create_app
from web.timer_service import Clock, wall_clock

__all__ = ["database", "engine"]

_running = ExitStack()


def settings_of(made: Database, home: Path) -> Settings:
    """Settings that lead to a database, and the read-only user beside it as `everyminute up` leaves it."""
    (home / "secrets").mkdir(parents=True)
    (home / "secrets" / "reader.password").write_text(READER_PASSWORD)
    return Settings(home=home, clickhouse_port=made.engine.port, clickhouse_database=made.name)


@contextmanager
def served(settings: Settings, clock: Clock = wall_clock) -> Iterator[str]:
    """The address of an application that serves until the end of the block."""
    server = uvicorn.Server(
        uvicorn.Config(create_app(settings, clock), port=0, log_level="error", timeout_graceful_shutdown=1)
    )
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    until(20, lambda: server.started, "the application serves")
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)


def pages_of(settings: Settings) -> httpx.Client:
    """A client of an application; both end with the module."""
    address = _running.enter_context(served(settings))
    return _running.enter_context(httpx.Client(base_url=address, timeout=60, trust_env=False))


@pytest.fixture(scope="module", autouse=True)
def ended() -> Iterator[None]:
    yield
    _running.close()


@pytest.fixture(scope="session")
def month(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A database with the month of `tests.web.seed`; nobody changes it."""
    made = fresh_database(shared_engine())
    settings = settings_of(made, tmp_path_factory.mktemp("month"))
    migrate(settings)
    write(settings, MONTH)
    yield settings
    client = made.engine.client()
    client.command(f"DROP DATABASE {made.name}")
    client.close()


@pytest.fixture(scope="module")
def pages(month: Settings) -> httpx.Client:
    return pages_of(month)


@pytest.fixture
def sink(month: Settings) -> Iterator[ClickHouseSink]:
    """For asking the same database by other queries."""
    found = ClickHouseSink(month)
    yield found
    found.close()


@pytest.fixture
def empty(database: Database, tmp_path: Path) -> Settings:
    """Migrated tables without a row."""
    settings = settings_of(database, tmp_path / "home")
    migrate(settings)
    return settings
