"""The real ClickHouse engine for tests: one process per pytest process, a fresh database per test.

In a `conftest.py`: `from tests.engine_fixture import database, engine` (and name both in `__all__`).
The engine starts when the first test asks for it, and however many modules import the fixture, only once.
"""

import atexit
import functools
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import clickhouse_connect
import pytest

from tests import containers

__all__ = ["Database", "EngineProcess", "database", "engine", "fresh_database", "shared_engine", "until"]

HOST = "127.0.0.1"
READER_PASSWORD = "reads-only"
_START_S = 60.0
_ROOT = Path(__file__).resolve().parent.parent


@dataclass
class EngineProcess:
    """A running engine on a directory of its own; `port` is the one it listens on."""

    directory: Path
    arguments: tuple[str, ...] = ("--test-faults",)
    host: str = HOST
    port: int = 0
    process: "subprocess.Popen[str] | None" = field(default=None, repr=False)

    def start(self) -> "EngineProcess":
        """Start the process and wait until it listens; raises RuntimeError with its log when it ends instead."""
        self.directory.mkdir(parents=True, exist_ok=True)
        password = self.directory.parent / f"{self.directory.name}-reader-password"
        password.write_text(READER_PASSWORD, encoding="utf-8")
        command = [
            *(sys.executable, "-m", "deploy.embedded.engine", "--dir", str(self.directory)),
            *("--port", str(self.port), "--readonly-password-file", str(password), *self.arguments),
        ]
        log = (self.directory.parent / f"{self.directory.name}.log").open("a+")
        with log:
            self.process = subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, stderr=log, text=True)
            assert self.process.stdout is not None
            line = self.process.stdout.readline()  # ends at the latest when the process does
            if not line.startswith("listening on"):
                log.seek(0)
                raise RuntimeError(f"the engine did not start: {log.read()}")
        self.port = int(line.rsplit(":", 1)[1])
        return self

    def client(self, **options: Any) -> Any:
        """A clickhouse-connect client as the project makes them: aware datetimes, no automatic session."""
        defaults = {"tz_mode": "aware", "autogenerate_session_id": False}
        return clickhouse_connect.get_client(host=self.host, port=self.port, **(defaults | options))

    def reader(self, **options: Any) -> Any:
        """A client of the read-only user."""
        return self.client(username="reader", password=READER_PASSWORD, **options)

    def kill(self) -> None:
        """kill -9, and wait for the end."""
        assert self.process is not None
        self.process.kill()
        self._wait()

    def stop(self) -> int:
        """SIGTERM, and wait for the end; returns the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self._wait()

    def _wait(self) -> int:
        assert self.process is not None
        code = self.process.wait(timeout=_START_S)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def rss_mib(self) -> int:
        """Resident memory of the process in MiB (Linux)."""
        assert self.process is not None
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(status.split("VmRSS:")[1].split()[0]) // 1024


@functools.cache
def shared_engine() -> EngineProcess:
    """The engine of this process, listening. It stops, and its data goes, when the process ends. Where containers are
    asked for it is a server in one, which can neither be killed nor have faults."""
    if containers.WANTED:
        return EngineProcess(Path(), port=containers.clickhouse_port(READER_PASSWORD))
    folder = tempfile.TemporaryDirectory(prefix="everyminute-engine-")
    running = EngineProcess(Path(folder.name) / "data")
    atexit.register(folder.cleanup)
    running.start()
    atexit.register(running.stop)  # the last registered runs first
    return running


@pytest.fixture(scope="session")
def engine() -> EngineProcess:
    """The engine, started once per pytest process (with faults that tests may plant)."""
    return shared_engine()


@dataclass(frozen=True)
class Database:
    """A database of one test, and the engine it is in."""

    name: str
    engine: EngineProcess

    def client(self, **options: Any) -> Any:
        """A client whose default database is this one."""
        return self.engine.client(**({"database": self.name} | options))


def fresh_database(running: EngineProcess) -> Database:
    """Make an empty database with a name of its own."""
    name = f"t_{secrets.token_hex(6)}"
    client = running.client()
    client.command(f"CREATE DATABASE {name}")
    client.close()
    return Database(name, running)


@pytest.fixture
def database(engine: EngineProcess) -> Iterator[Database]:
    """An empty database, dropped after the test."""
    made = fresh_database(engine)
    yield made
    client = engine.client()
    client.command(f"DROP DATABASE IF EXISTS {made.name}")
    client.close()


def until(deadline_s: float, condition: Callable[[], bool], what: str) -> None:
    """Poll until condition() is true; fails the test with `what` when the deadline passes first."""
    end = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > end:
            pytest.fail(f"not within {deadline_s} s: {what}")
        time.sleep(0.05)
