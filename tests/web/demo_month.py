"""The demo month through the real connectors and the real kernel, into a ledger of its own: no broker, some seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from billing.link import LinkState
from billing.pair import PairState
from billing.rate import RateState
from connectors import CONNECTORS
from connectors.base import BadRow, DirectoryObject
from jobs.catalog_rules import check
from jobs.demo.load import TENANT, generate, options, source_of
from jobs.demo.measured import LATER
from jobs.import_ import object_fact, parked_row
from jobs.simulate import catalogue_facts, interval_fact
from sinks.clickhouse import ClickHouseSink
from sinks.rows import entry_row, interval_row, work_row
from sinks.rows import parked_row as stored
from sinks.tables import ENTRIES, INTERVALS, PARKED, WORK
from streams.models.entry import Entry
from streams.models.event import Event
from streams.models.fact import Fact
from streams.models.interval import Interval
from streams.models.parked import Parked
from streams.models.work import Work, encode_work
from streams.settings import Settings


@dataclass
class Made:
    """What the hops say at the end, by id, with versions."""

    intervals: dict[str, tuple[int, Interval]] = field(default_factory=dict)
    works: dict[str, tuple[int, Work]] = field(default_factory=dict)
    entries: dict[str, tuple[int, Entry]] = field(default_factory=dict)
    parked: dict[str, Parked] = field(default_factory=dict)

    @property
    def rows(self) -> list[Entry]:
        """Rows that hold."""
        return [entry for _, entry in self.entries.values() if not entry.void]


def demo_files(folder: Path, tickets: int) -> tuple[list[Event], list[Fact], list[Parked]]:
    """Events, directory and broken rows of the month's files."""
    events: list[Event] = []
    directory: list[Fact] = []
    broken: list[Parked] = []
    for export in generate(folder, "demo", tickets=tickets):
        with (folder / export.file).open("rb") as stream:
            for outcome in CONNECTORS[export.connector].read(stream, "demo", options(export)):
                if isinstance(outcome, Event):
                    events.append(outcome)
                elif isinstance(outcome, DirectoryObject):
                    directory.append(object_fact(TENANT, outcome))
                elif isinstance(outcome, BadRow):
                    broken.append(parked_row(TENANT, source_of(export, "demo"), export.file, outcome))
    return events, directory, broken


def rated(catalogue: Path, events: list[Event], directory: list[Fact]) -> Made:
    """The month at rest, under a catalogue."""
    made = Made()
    objects, release = catalogue_facts(check([catalogue]), TENANT)
    end = max(event.at or event.started_at or 0 for event in events) // 1000 + LATER
    known = [*objects, release, *directory]
    mark = Fact(kind="mark", tenant="*", id="mark", rev=end)
    for version, interval in PairState().step(events).outputs:
        made.intervals[interval.id] = version, interval
    log = [*known, *(interval_fact(version, one) for version, one in made.intervals.values()), mark]
    link = LinkState(TENANT, 0)
    while log:
        done = link.step(log)
        for version, work in done.outputs:
            made.works[work.id] = version, work
        log = done.appends
    works = [
        Fact(kind="work", tenant=TENANT, id=one.id, rev=version, body=msgspec.Raw(encode_work(one)))
        for version, one in made.works.values()
    ]
    rate = RateState(TENANT, 0)
    log = [*known, *works, mark]
    while log:
        rates = rate.step(log)
        for version, entry in rates.outputs:
            made.entries[entry.id] = version, entry
        log = rates.appends
    return made


def store(settings: Settings, made: Made) -> None:
    sink = ClickHouseSink(settings)
    sink.write(ENTRIES, [entry_row(one) for one in made.rows])
    sink.write(WORK, [work_row(work, version) for version, work in made.works.values()])
    sink.write(INTERVALS, [interval_row(one, version) for version, one in made.intervals.values()])
    sink.write(PARKED, [stored(one) for one in made.parked.values()])
    sink.close()


def demo_month(settings: Settings, folder: Path, tickets: int) -> Made:
    """The month, rated and stored; its files lie in ``folder``."""
    events, directory, broken = demo_files(folder, tickets)
    made = rated(folder / "catalogue", events, directory)
    made.parked = {one.id: one for one in broken}
    store(settings, made)
    return made
