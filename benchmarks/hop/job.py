"""The job all contenders do: sessions whose starts and stops are paired, one record a pair, and what must come out.

300 sessions are open at any time; a random one of them stops when another starts. Events are one second apart and
about 300 bytes: CloudEvents as `streams.models.cloudevent` reads them, keyed by tenant/activity.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from streams.ports import Record

OPEN = 300
SEED = 20260302
BEGIN = datetime(2026, 3, 2, 8, tzinfo=UTC)
VALUE = (
    '{{"specversion":"1.0","id":"mesh:1/{number}","source":"/connectors/mesh/1",'
    '"type":"everyminute.remote_session.{phase}.v1","data":{{"source":"mesh:1","source_event_id":"{number}",'
    '"activity_id":"{session}","kind":"remote_session","phase":"{phase}","at":"{at}Z",'
    '"technician":{{"native_id":"user//t{technician}"}}}}}}'
)


@dataclass(slots=True)
class Job:
    """``records`` in order; ``pairs[i]`` (session, seconds) is complete after ``closed_at[i]`` + 1 records."""

    records: list[Record] = field(default_factory=list)
    pairs: list[tuple[str, int]] = field(default_factory=list)
    closed_at: list[int] = field(default_factory=list)

    def pairs_within(self, events: int) -> int:
        """How many pairs the first ``events`` records complete."""
        return bisect_left(self.closed_at, events)

    def events_of(self, pairs: int) -> int:
        """How many records have been read for sure when the first ``pairs`` pairs are out."""
        return self.closed_at[min(pairs, len(self.closed_at)) - 1] + 1 if pairs and self.closed_at else 0


def make(events: int) -> Job:
    """The first ``events`` records of one endless stream."""
    job = Job()
    opened: dict[str, int] = {}
    for number, (phase, session) in zip(range(events), _signals(random.Random(SEED)), strict=False):
        at = BEGIN + timedelta(seconds=number, milliseconds=number * 7919 % 1000)
        seconds = int(at.timestamp())
        if phase == "start":
            opened[session] = seconds
        else:
            job.pairs.append((session, seconds - opened.pop(session)))
            job.closed_at.append(number)
        value = VALUE.format(
            number=number, phase=phase, session=session, at=at.isoformat(timespec="milliseconds")[:-6],
            technician=number % 40,
        )  # fmt: skip
        job.records.append(Record(f"main/{session}".encode(), value.encode()))
    return job


def _signals(chance: random.Random) -> Iterator[tuple[str, str]]:
    sessions: list[str] = []
    while True:
        session = str(UUID(int=chance.getrandbits(128), version=4))
        sessions.append(session)
        yield "start", session
        if len(sessions) > OPEN:
            place = chance.randrange(len(sessions))
            sessions[place], sessions[-1] = sessions[-1], sessions[place]
            yield "stop", sessions.pop()
