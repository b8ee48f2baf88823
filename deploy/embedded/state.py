"""The run files of a home directory: who runs, since when, and the lock that makes it one at a time."""

import contextlib
import fcntl
import os
import signal
import time
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import IO

import psutil
from pydantic import BaseModel, ValidationError

CLOCK_SLACK = 2.0  # seconds a start time may differ: systems derive it from the boot time, which clocks move


class State(StrEnum):
    WAITING = "waiting"  # for those it depends on
    STARTING = "starting"
    READY = "ready"
    DONE = "done"  # ran once and ended well
    RETRYING = "retrying"  # ended, and will be started again
    FAILED = "failed"  # given up
    STOPPED = "stopped"
    LEFT_OVER = "left over"  # still runs although its supervisor was killed


SETTLED = (State.READY, State.DONE)


class Process(BaseModel):
    """A process that cannot be mistaken for a later one of the same number. `created` in epoch seconds."""

    pid: int
    created: float

    @classmethod
    def of(cls, pid: int) -> "Process | None":
        try:
            return cls(pid=pid, created=psutil.Process(pid).create_time())
        except psutil.NoSuchProcess:
            return None

    def alive(self) -> psutil.Process | None:
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.created) < CLOCK_SLACK
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None

    def memory_mb(self) -> float:
        """Resident memory of the process and its children."""
        process = self.alive()
        if process is None:
            return 0.0
        total = 0
        with contextlib.suppress(psutil.Error):
            for one in [process, *process.children(recursive=True)]:
                total += one.memory_info().rss
        return total / 1e6


class Row(BaseModel):
    """One component as the state file has it."""

    name: str
    state: State
    process: Process | None = None
    port: int | None = None
    restarts: int = 0
    log: Path


class Run(BaseModel):
    """The state file. `complete` once every component has been ready."""

    supervisor: Process
    complete: bool = False
    components: list[Row]


class Home:
    """A home directory: `logs/`, and in `run/` the state file and the lock."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser()
        self.logs = self.path / "logs"
        self._run = self.path / "run"
        self._state = self._run / "state.json"
        self._lock: IO[bytes] | None = None

    def create(self) -> None:
        """Raises OSError."""
        self.logs.mkdir(parents=True, exist_ok=True)
        self._run.mkdir(exist_ok=True)

    def lock(self) -> bool:
        """Whether the home directory is now ours, until this process ends. Raises OSError."""
        lock = (self._run / "lock").open("ab")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return False
        self._lock = lock
        return True

    def unlock(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def read(self) -> Run | None:
        try:
            return Run.model_validate_json(self._state.read_bytes())
        except (FileNotFoundError, NotADirectoryError, ValidationError):
            return None

    def write(self, run: Run) -> None:
        new = self._state.with_suffix(".new")
        new.write_text(run.model_dump_json(indent=1))
        new.replace(self._state)

    def clear(self) -> None:
        self._state.unlink(missing_ok=True)

    def left_over(self) -> list[Row]:
        """Components that still run although their supervisor does not."""
        run = self.read()
        if run is None or run.supervisor.alive():
            return []
        return [row for row in run.components if row.process is not None and row.process.alive()]


def end(processes: Iterable[Process], timeout: float) -> None:
    """SIGTERM, and after `timeout` seconds SIGKILL, to each process; then SIGKILL to what is left of its group."""
    alive = [process for process in processes if process.alive()]
    for process in alive:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGTERM)
    wait_until_gone(alive, timeout)
    for process in alive:
        kill_group(process.pid)
    wait_until_gone(alive, 2.0)


def kill_group(pid: int) -> None:
    """SIGKILL to the process group that `pid` leads; each component leads its own."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def wait_until_gone(processes: Sequence[Process], timeout: float) -> bool:
    """Whether all end within `timeout` seconds. One that ended and was not yet reaped is gone."""
    deadline = time.monotonic() + timeout
    while any(process.alive() for process in processes):
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.02)
    return True
