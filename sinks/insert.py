"""Getting rows into a sink whatever happens: the same rows again, a bad one put aside, or a clean stop."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from sinks.decode import Refused, Stored, refuse_stored
from sinks.store import Sink, StoreError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Patience:
    """How long to try, in seconds, and how many bad rows to bear in ``bad_window`` seconds."""

    unknown: float = 30.0
    overload: float = 120.0
    first_wait: float = 0.1
    longest_wait: float = 5.0
    bad_rows: int = 20
    bad_window: float = 60.0


class StopRequested(Exception):  # noqa: N818
    """Asked to stop while waiting to try again; nothing of the batch is committed."""


@dataclass
class BadRows:
    """A fuse: where too much is bad, the program or the store is broken, and parking would drain the log."""

    patience: Patience
    seen: deque[float] = field(default_factory=deque)

    def count(self, saw: str) -> None:
        """Raises StoreError ``config`` above the limit."""
        now = time.monotonic()
        self.seen.append(now)
        while self.seen[0] < now - self.patience.bad_window:
            self.seen.popleft()
        if len(self.seen) > self.patience.bad_rows:
            raise StoreError(
                "config",
                f"more than {self.patience.bad_rows} bad rows in {self.patience.bad_window:.0f} s; the last: {saw}. "
                "Nothing more is written until somebody has looked.",
            )


class Inserter:
    """Writes to one sink, from one thread. ``stopping`` ends a wait between two attempts."""

    def __init__(self, sink: Sink, patience: Patience, stopping: threading.Event) -> None:
        self._sink = sink
        self._patience = patience
        self._stopping = stopping
        self.bad = BadRows(patience)
        self.retries = 0

    def write(self, rows: Sequence[Stored]) -> list[Refused]:
        """Store the rows, table by table; returns those the store will not have.

        Raises StoreError when it must stop: a set-up error at once, the others when patience is at its end.
        """
        tables = {stored.table.name: stored.table for stored in rows}
        refused: list[Refused] = []
        for table in tables.values():
            refused += self._bisect([stored for stored in rows if stored.table is table])
        return refused

    def _bisect(self, rows: Sequence[Stored]) -> list[Refused]:
        try:
            self._persist(rows)
        except StoreError as error:
            if error.kind != "data":
                raise
            if len(rows) == 1:
                self.bad.count(str(error))
                return [refuse_stored(rows[0], error)]
            half = len(rows) // 2
            return self._bisect(rows[:half]) + self._bisect(rows[half:])
        return []

    def _persist(self, rows: Sequence[Stored]) -> None:
        """The same rows until they are in, or patience ends."""
        started = time.monotonic()
        wait = self._patience.first_wait
        while True:
            try:
                return self._sink.write(rows[0].table, [stored.row for stored in rows])
            except StoreError as error:
                if error.kind not in ("unknown", "overload"):
                    raise
                limit = self._patience.unknown if error.kind == "unknown" else self._patience.overload
                if time.monotonic() - started + wait > limit:
                    raise
                log.warning("%s; the same %d rows again in %.1f s", error, len(rows), wait)
            self.retries += 1
            if self._stopping.wait(wait):
                raise StopRequested
            wait = min(wait * 2, self._patience.longest_wait)
