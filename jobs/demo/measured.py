"""The accuracy of linking, measured without a server: the demo's files through the real connectors and kernel."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from billing.link import LinkState
from billing.pair import PairState
from connectors import CONNECTORS
from connectors.base import DirectoryObject
from jobs.catalog_rules import check
from jobs.demo.accuracy import Accuracy, Linked, measure
from jobs.demo.load import TENANT, TICKETS_A_MONTH, generate, options
from jobs.demo.profiles import PROFILES
from jobs.demo.truthfile import read_truth
from jobs.import_ import object_fact
from jobs.simulate import catalogue_facts, interval_fact
from streams.models.event import Event
from streams.models.fact import Fact
from streams.models.work import Work

LATER = 40 * 86_400  # seconds after the last event: every timer that nobody stopped has lapsed


@dataclass(frozen=True)
class Measured:
    profile: str
    seed: int
    accuracy: Accuracy


def measured(profile: str, seeds: list[int], tickets: int = TICKETS_A_MONTH) -> Iterator[Measured]:
    for seed in seeds:
        with tempfile.TemporaryDirectory(prefix="everyminute-") as folder:
            yield Measured(profile, seed, _accuracy(Path(folder), profile, seed, tickets))


def _accuracy(folder: Path, profile: str, seed: int, tickets: int) -> Accuracy:
    exports = generate(folder, "demo", seed, tickets, PROFILES[profile])
    events: list[Event] = []
    directory: list[Fact] = []
    for export in exports:
        with (folder / export.file).open("rb") as stream:
            for outcome in CONNECTORS[export.connector].read(stream, "demo", options(export)):
                if isinstance(outcome, Event):
                    events.append(outcome)
                elif isinstance(outcome, DirectoryObject):
                    directory.append(object_fact(TENANT, outcome))
    objects, release = catalogue_facts(check([folder / "catalogue"]), TENANT)
    return measure(read_truth(folder / "truth.json"), linked(_works([*objects, release, *directory], events)))


def _works(catalogue: list[Fact], events: list[Event]) -> dict[str, Work]:
    """What holds at the end of each interval's story."""
    intervals = [interval_fact(version, interval) for version, interval in PairState().step(events).outputs]
    end = max(event.at or event.started_at or 0 for event in events) // 1000 + LATER
    state = LinkState(TENANT)
    works: dict[str, Work] = {}
    log = [*catalogue, *intervals, Fact(kind="mark", tenant="*", id="mark", rev=end)]
    while log:
        outcome = state.step(log)
        works |= {work.id: work for _, work in outcome.outputs}
        log = outcome.appends
    return works


def linked(works: Mapping[str, Work]) -> dict[str, Linked]:
    """Of every session the ticket on which its minutes stand, and the path that led it there."""
    found = {}
    for work in works.values():
        if work.kind == "remote_session" and work.state != "void":
            lead = work
            while lead.state == "absorbed":
                lead = works[lead.reason]
            found[work.id] = Linked(lead.ticket, "none" if lead.path == "none" else work.path)
    return found
