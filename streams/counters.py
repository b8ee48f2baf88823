"""What a worker tells the outside every two seconds: one small JSON file, replaced atomically."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson

from streams.agents.copy import Copy
from streams.hop import Hop

EVERY_SECONDS = 2.0


class Report:
    """``run/worker-<name>.json``: pid, readiness, and per hop what came in, where it is, how far it got.

    ``progress`` is when a hop last took a batch or had nothing to take, ``lag`` how many records it has not
    acknowledged, None where the broker has not said. A watchdog kills a worker that has lag and makes no progress.
    """

    def __init__(self, run: Path, name: str, hops: Mapping[str, Hop[Any, Any] | Copy]) -> None:
        self.path = run / f"worker-{name}.json"
        self._hops = hops
        self._started = time.time()
        self._seen: dict[str, tuple[int, float]] = dict.fromkeys(hops, (0, self._started))

    def write(self, ready: bool, lag: Callable[[str], int | None]) -> None:
        """Raises OSError when the folder cannot be written."""
        state = {
            "pid": os.getpid(),
            "at": time.time(),
            "started": self._started,
            "ready": ready,
            "hops": {name: self._hop(name, hop, lag(name)) for name, hop in self._hops.items()},
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_suffix(f".{os.getpid()}.tmp")
        draft.write_bytes(orjson.dumps(state))
        draft.replace(self.path)

    def remove(self) -> None:
        """A worker that stopped in order leaves no report behind."""
        self.path.unlink(missing_ok=True)

    def _hop(self, name: str, hop: Hop[Any, Any] | Copy, lag: int | None) -> dict[str, Any]:
        counts, batches = hop.counts(), hop.traffic.batches
        if batches != self._seen[name][0] or lag == 0:
            self._seen[name] = (batches, time.time())
        return {
            "received": counts.received,
            "done": counts.done,
            "waiting": counts.waiting,
            "parked": counts.parked,
            "records": hop.traffic.records,
            "progress": self._seen[name][1],
            "lag": lag,
        }
