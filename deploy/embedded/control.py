"""`status` and `down`: looking at and ending a run from another process."""

import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from deploy.embedded.errors import Exit
from deploy.embedded.state import SETTLED, Home, Row, State, end, wait_until_gone

STOP = 15.0  # seconds a supervisor needs at most


@dataclass(frozen=True)
class Status:
    """`rows` are ready for JSON: name, state, pid, port, memory_mb, restarts, log."""

    code: Exit
    supervisor: int | None
    rows: list[dict[str, str | int | float | None]]


def status(home: Path) -> Status:
    """What runs now in the home directory. Components that outlived their supervisor are `left over`."""
    place = Home(home)
    run = place.read()
    if run is None:
        return Status(Exit.NOT_RUNNING, None, [])
    if run.supervisor.alive() is None:
        left = [row.model_copy(update={"state": State.LEFT_OVER}) for row in place.left_over()]
        return Status(Exit.NOT_RUNNING, None, [_shown(row) for row in left])
    well = run.complete and all(row.state in SETTLED for row in run.components)
    return Status(Exit.OK if well else Exit.DEGRADED, run.supervisor.pid, [_shown(row) for row in run.components])


def _shown(row: Row) -> dict[str, str | int | float | None]:
    return {
        "name": row.name,
        "state": row.state.value,
        "pid": row.process.pid if row.process else None,
        "port": row.port,
        "memory_mb": round(row.process.memory_mb(), 1) if row.process else None,
        "restarts": row.restarts,
        "log": str(row.log),
    }


def table(found: Status) -> Table:
    """The rows for a terminal."""
    shown = Table(box=None, pad_edge=False)
    for heading in ("component", "state"):
        shown.add_column(heading, no_wrap=True)
    for heading in ("process", "port", "memory", "restarts"):
        shown.add_column(heading, justify="right", no_wrap=True)
    shown.add_column("log", overflow="fold")
    for row in found.rows:
        good = row["state"] in SETTLED
        memory = f"{row['memory_mb']:.0f} MB" if row["memory_mb"] is not None else ""
        shown.add_row(
            str(row["name"]),
            f"[{'green' if good else 'red'}]{row['state']}[/]",
            str(row["pid"] or ""),
            str(row["port"] or ""),
            memory,
            str(row["restarts"]),
            str(row["log"]),
        )
    return shown


def down(home: Path, say: Callable[[str], None] = print) -> Exit:
    """Stop what runs in the home directory, left-over components included; returns when it is gone."""
    place = Home(home)
    run = place.read()
    supervisor = run.supervisor.alive() if run is not None else None
    if run is None or (supervisor is None and not place.left_over()):
        say(f"Nothing runs in {place.path}.")
        place.clear()
        return Exit.NOT_RUNNING
    if supervisor is not None:
        supervisor.send_signal(signal.SIGTERM)
        if not wait_until_gone([run.supervisor], STOP + 5):
            supervisor.kill()
            wait_until_gone([run.supervisor], 5)
    stop_left_over(place, say, STOP)
    say("Stopped.")
    return Exit.OK


def stop_left_over(home: Home, say: Callable[[str], None], timeout: float) -> None:
    """End components that outlived a killed supervisor, last started first. `timeout` in seconds for all."""
    rows = home.left_over()
    for row in reversed(rows):
        assert row.process is not None
        end([row.process], timeout / len(rows))
        say(f"Stopped {row.name} (process {row.process.pid}), left over from a run that was killed.")
    home.clear()
