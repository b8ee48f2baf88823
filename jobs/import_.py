"""Imports exported files: rows → connector → Kafka, in batches that wait for the broker.

Counts add up: read = accepted + directory objects + skipped + parked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from connectors.base import BadRow, Connector, DirectoryObject, Options, Outcome, Skipped
from streams.models.catalog import object_body
from streams.models.event import Event
from streams.models.fact import Fact
from streams.models.parked import Parked, parked_id

CATALOG = "catalog"  # topic
BATCH = 1000  # outcomes between two waits for the broker
BATCH_BYTES = 4 * 1024 * 1024  # of parked rows
EXAMPLES = 5  # parked rows shown for each reason


class Destination(Protocol):
    """Where an import goes. Each call returns once the broker has acknowledged every record."""

    async def send_events(self, events: Iterable[Event]) -> int: ...

    async def send_facts(self, topic: str, facts: Sequence[Fact]) -> None: ...

    async def park(self, items: Sequence[Parked]) -> None: ...


@dataclass(slots=True)
class Report:
    """What became of the rows."""

    read: int = 0
    accepted: Counter[str] = field(default_factory=Counter)  # by kind
    directory: Counter[str] = field(default_factory=Counter)  # by type of object
    skipped: Counter[str] = field(default_factory=Counter)  # by reason
    parked: Counter[str] = field(default_factory=Counter)  # by reason
    examples: list[Parked] = field(default_factory=list)

    def add(self, outcome: Outcome, parked: Parked | None) -> None:
        self.read += 1
        if isinstance(outcome, Event):
            self.accepted[outcome.kind] += 1
        elif isinstance(outcome, DirectoryObject):
            self.directory[outcome.kind] += 1
        elif isinstance(outcome, Skipped):
            self.skipped[outcome.reason] += 1
        elif parked is not None:
            self.parked[parked.reason] += 1
            if self.parked[parked.reason] <= EXAMPLES:
                self.examples.append(parked)

    def data(self) -> dict[str, Any]:
        """For ``--format json``."""
        return {
            "read": self.read,
            "accepted": dict(sorted(self.accepted.items())),
            "directory": dict(sorted(self.directory.items())),
            "skipped": dict(sorted(self.skipped.items())),
            "parked": dict(sorted(self.parked.items())),
            "examples": [
                {"id": item.id, "reason": item.reason, "place": item.place, "saw": item.saw,
                 "expected": item.expected, "remedy": item.remedy}
                for item in self.examples
            ],
        }  # fmt: skip


@dataclass(slots=True)
class Batch:
    """Outcomes that wait to be sent; they count once they are."""

    outcomes: list[tuple[Outcome, Parked | None]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    parked: list[Parked] = field(default_factory=list)
    size: int = 0

    @property
    def full(self) -> bool:
        return len(self.outcomes) >= BATCH or self.size >= BATCH_BYTES

    def add(self, outcome: Outcome, tenant: str, source: str, file: str) -> None:
        """``file`` is where bad rows are said to come from."""
        parked = None
        if isinstance(outcome, Event):
            self.events.append(outcome)
        elif isinstance(outcome, DirectoryObject):
            self.facts.append(object_fact(tenant, outcome))
        elif isinstance(outcome, BadRow):
            parked = parked_row(tenant, source, file, outcome)
            self.parked.append(parked)
            self.size += len(parked.value)
        self.outcomes.append((outcome, parked))

    async def send(self, destination: Destination) -> None:
        if self.facts:
            await destination.send_facts(CATALOG, self.facts)
        if self.events:
            await destination.send_events(self.events)
        if self.parked:
            await destination.park(self.parked)


async def import_file(
    path: Path,
    connector: Connector,
    source: str,
    options: Options,
    report: Report,
    destination: Destination | None,
    advance: Callable[[int], None] = lambda place: None,
) -> None:
    """Import one file into ``report``. ``source`` is "connector:instance"; without destination nothing is sent.

    ``advance`` is told the place in the file, in bytes. Raises Refused, OSError, and what the broker's client raises.
    """
    batch = Batch()
    with path.open("rb") as stream:
        for outcome in connector.read(stream, source.partition(":")[2], options):
            batch.add(outcome, options.tenant, source, path.name)
            if batch.full:
                await _flush(batch, destination, report)
                batch = Batch()
                advance(stream.tell())
    await _flush(batch, destination, report)
    advance(path.stat().st_size)


async def _flush(batch: Batch, destination: Destination | None, report: Report) -> None:
    if destination is not None:
        await batch.send(destination)
    for outcome, parked in batch.outcomes:
        report.add(outcome, parked)


def object_fact(tenant: str, outcome: DirectoryObject) -> Fact:
    """The fact of a directory object: holds at once, without a release."""
    body = object_body("directory", outcome.item)
    return Fact(kind="object", tenant=tenant, id=f"{outcome.kind}/{outcome.item.id}", rev=outcome.rev, body=body)


def parked_row(tenant: str, source: str, file: str, bad: BadRow) -> Parked:
    """A broken row with its bytes and its place. The same bytes from the same source are the same item."""
    return Parked(
        tenant=tenant, id=parked_id(tenant, f"import:{source}", b"", bad.data), reason=bad.reason, saw=bad.saw,
        expected=bad.expected, remedy=bad.remedy, place=f"{file}:{bad.line}", connector=source, value=bad.data,
    )  # fmt: skip
