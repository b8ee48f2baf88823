"""A scenario through the kernel, without any server: the same states, one small loop a hop, facts fed back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import msgspec

from billing.contracts.standing import Standing
from billing.link import LinkState
from billing.outcome import Outcome
from billing.pair import PairState
from billing.rate import RateState
from jobs.catalog_load import Catalogue
from jobs.scenario import Scenario
from streams.models.catalog import Release, object_body
from streams.models.entry import Entry
from streams.models.event import Event
from streams.models.fact import Fact
from streams.models.interval import Interval, encode_interval
from streams.models.parked import Parked
from streams.models.work import Work, encode_work

F = TypeVar("F", contravariant=True)
T = TypeVar("T")
R = TypeVar("R")

BATCH = 50  # records a step takes at most
ENOUGH = 10_000  # steps after which a hop that keeps feeding itself is our defect


class State(Protocol[F, T]):
    """What the three hops have in common."""

    def restore(self, key: str, value: bytes) -> None: ...

    def step(self, facts: Sequence[F]) -> Outcome[T]: ...


@dataclass(slots=True)
class Result:
    """What holds at the end, of each output its largest version."""

    intervals: dict[str, Interval] = field(default_factory=dict)
    work: dict[str, Work] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)
    parked: dict[str, Parked] = field(default_factory=dict)
    balances: list[Standing] = field(default_factory=list)


class Road:
    """How facts travel. As written: the catalogue, then the events, then the clock mark, each once; no worker dies."""

    def events(self, events: list[Event]) -> list[Event]:
        return events

    def facts(self, objects: list[Fact], release: Fact, rest: list[Fact]) -> list[Fact]:
        return [*objects, release, *rest]

    def batch(self) -> int:
        return BATCH

    def start(self, make: Callable[[], State[F, T]]) -> State[F, T]:
        return make()


AS_WRITTEN = Road()


def simulate(scenario: Scenario, road: Road = AS_WRITTEN) -> Result:
    """Run the hops to the end."""
    result = Result()
    objects, release = catalogue_facts(scenario.catalogue, scenario.tenant)
    marks = [] if scenario.as_of is None else [Fact(kind="mark", tenant="*", id="mark", rev=scenario.as_of)]
    intervals = _pair(road.events(scenario.events), road, result)
    work = _link(scenario.tenant, road.facts(objects, release, [*intervals, *marks]), road, result)
    _rate(scenario.tenant, road.facts(objects, release, [*work, *marks]), road, result, scenario.as_of)
    return result


def catalogue_facts(catalogue: Catalogue, tenant: str) -> tuple[list[Fact], Fact]:
    """The objects as facts of revision 1, and the release that makes them hold."""
    objects = [
        Fact(kind="object", tenant=tenant, id=key, rev=1, body=object_body("release", placed.item))
        for key, placed in sorted(catalogue.objects.items())
    ]
    listed = {fact.id: (fact.rev, fact.digest()) for fact in objects}
    body = msgspec.Raw(msgspec.json.encode(Release(number=1, predecessor="", objects=listed)))
    return objects, Fact(kind="release", tenant=tenant, id="release/1", rev=1, body=body)


def _pair(events: list[Event], road: Road, result: Result) -> list[Fact]:
    state = road.start(PairState)
    facts: list[Fact] = []
    newest: dict[str, int] = {}
    for batch in _cut(events, road.batch):
        outcome = state.step(batch)
        for parked in outcome.parked:
            _keep(result.parked, newest, parked.id, parked.version, parked)
        for version, interval in outcome.outputs:
            facts.append(interval_fact(version, interval))
            _keep(result.intervals, newest, interval.id, version, interval)
    return facts


def interval_fact(version: int, interval: Interval) -> Fact:
    body = msgspec.Raw(encode_interval(interval))
    return Fact(kind="interval", tenant=interval.tenant, id=interval.id, rev=version, body=body)


def work_fact(version: int, work: Work) -> Fact:
    return Fact(kind="work", tenant=work.tenant, id=work.id, rev=version, body=msgspec.Raw(encode_work(work)))


def _link(tenant: str, log: list[Fact], road: Road, result: Result) -> list[Fact]:
    facts: list[Fact] = []
    newest: dict[str, int] = {}
    for outcome in _fold(road.start(lambda: LinkState(tenant, 0)), log, road):
        for version, work in outcome.outputs:
            facts.append(work_fact(version, work))
            _keep(result.work, newest, work.id, version, work)
    return facts


def _rate(tenant: str, log: list[Fact], road: Road, result: Result, as_of: int | None) -> None:
    newest: dict[str, int] = {}
    states: list[RateState] = []  # the last one is alive

    def make() -> RateState:
        states.append(RateState(tenant, 0))
        return states[-1]

    for outcome in _fold(road.start(make), log, road):
        for version, entry in outcome.outputs:
            _keep(result.entries, newest, entry.id, version, entry)
    result.balances = states[-1].balances(as_of)


def _fold(state: State[Fact, T], log: list[Fact], road: Road) -> Iterator[Outcome[T]]:
    """Step over a log whose hop may append to it, until it is quiet."""
    queue = list(log)
    for _ in range(ENOUGH):
        if not queue:
            return
        size = _batch_size(queue, road.batch())
        batch, queue = queue[:size], queue[size:]
        outcome = state.step(batch)
        queue.extend(outcome.appends)
        yield outcome
    raise AssertionError("a hop keeps appending to its own log")


def _batch_size(queue: list[Fact], most: int) -> int:
    """Up to ``most`` facts; one that ends the fold is the last."""
    for n, fact in enumerate(queue[:most]):
        if fact.ends_fold:
            return n + 1
    return min(most, len(queue))


def _cut(events: list[Event], size: Callable[[], int]) -> Iterator[list[Event]]:
    at = 0
    while at < len(events):
        step = size()
        yield events[at : at + step]
        at += step


def _keep(kept: dict[str, R], newest: dict[str, int], id_: str, version: int, record: R) -> None:
    """Of several versions the largest holds, whatever the order they come in."""
    if version >= newest.get(id_, -1):
        newest[id_] = version
        kept[id_] = record
