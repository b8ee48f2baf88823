"""The demo month: loaded in order as `everyminute demo load` does, and in the worst order we can think of."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from connectors import CONNECTORS
from jobs.demo.load import TENANT, apply_catalogue, generate, options
from jobs.import_ import Report, import_file
from streams.doors import Door
from streams.models.event import Event
from streams.models.fact import Fact, decode_fact
from streams.models.parked import Parked
from streams.settings import Settings
from tests.integration.pipeline import Pipeline


@dataclass
class Month:
    """What the month's files bring, in the order in which they are handed in."""

    folder: Path
    report: Report = field(default_factory=Report)
    events: list[Event] = field(default_factory=list)
    broken: list[Parked] = field(default_factory=list)
    catalogue: list[Fact] = field(default_factory=list)  # objects, and last the release
    directory: list[Fact] = field(default_factory=list)


@dataclass
class Noting:
    """A door that remembers what went through it."""

    door: Door
    month: Month

    async def send_events(self, events: Iterable[Event]) -> int:
        some = list(events)
        self.month.events += some
        return await self.door.send_events(some)

    async def send_facts(self, topic: str, facts: Sequence[Fact]) -> None:
        await self.door.send_facts(topic, facts)

    async def park(self, items: Sequence[Parked]) -> None:
        self.month.broken += items
        await self.door.park(items)


def load(pipeline: Pipeline, folder: Path) -> Month:
    """Generate the month into ``folder`` and put it in, in order."""
    month = Month(folder)
    asyncio.run(_load(pipeline.settings, month))
    facts = [decode_fact(record.value) for record in pipeline.records("catalog")]
    after = 1 + next(at for at, fact in enumerate(facts) if fact.kind == "release")
    month.catalogue, month.directory = facts[:after], facts[after:]
    return month


async def _load(settings: Settings, month: Month) -> None:
    exports = generate(month.folder, "demo")
    await apply_catalogue(settings, month.folder / "catalogue")
    async with Door(settings) as door:
        for export in exports:
            source, connector = f"{export.connector}:demo", CONNECTORS[export.connector]
            path = month.folder / export.file
            await import_file(path, connector, source, options(export), month.report, Noting(door, month))


@dataclass(frozen=True)
class Part:
    """What one import brings: events, facts for the catalogue's topic in order, broken rows."""

    events: list[Event]
    facts: list[Fact]
    broken: list[Parked]

    def send(self, pipeline: Pipeline) -> None:
        """Through the door; returns once Kafka has acknowledged everything."""

        async def send() -> None:
            async with Door(pipeline.settings) as door:
                await door.send_facts("catalog", self.facts)
                await door.send_events(self.events)
                await door.park(self.broken)

        asyncio.run(send())


def shuffled(month: Month, seed: int) -> list[Part]:
    """Everything twice and in any order, in three parts; the release comes with the last, after its objects."""
    dice = random.Random(seed)
    *objects, release = month.catalogue
    events = dice.sample(month.events * 2, 2 * len(month.events))
    facts = [*month.directory, *objects]
    facts = dice.sample(facts * 2, 2 * len(facts))
    parts = [Part(events[at::3], facts[at::3], month.broken) for at in range(3)]
    parts[2].facts.extend([release, release])
    return parts


__all__ = ["TENANT", "Month", "Part", "load", "shuffled"]
