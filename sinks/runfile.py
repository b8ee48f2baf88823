"""The run file of a process: its counters, for ``everyminute status`` and the watchdog."""

from __future__ import annotations

import os
import time
from pathlib import Path

import orjson

EVERY_SECONDS = 2.0


class RunFile:
    """``<home>/run/<name>.json``, replaced as a whole every two seconds."""

    def __init__(self, home: Path, name: str) -> None:
        self._path = home.expanduser() / "run" / f"{name}.json"
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._name = name
        self._started = time.time()

    def write(self, counts: dict[str, object]) -> None:
        """``started`` and ``updated`` are seconds since 1970."""
        head = {"name": self._name, "pid": os.getpid(), "started": self._started, "updated": time.time()}
        new = self._path.with_suffix(".new")
        new.write_bytes(orjson.dumps(head | counts))
        new.replace(self._path)

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)
