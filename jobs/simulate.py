"""A scenario through the kernel, without any server: the same states, one small loop a hop, facts fed back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeVar

import msgspec

from billing.contracts.standing import Standing
from billing.link import LinkState
from billing.outcome import Outcome
from billing.pair import PairState
from billing.rate import RateState
from jobs.catalog_apply import plan, read_head
from jobs.catalog_load import Catalogue
from jobs.scenario import Scenario
from jobs.scenario_decisions import Planned, Step
from jobs.simulate_decisions import as_it_stands, is_locked
from streams.models.catalog import Organisation, Release, object_body
from streams.models.entry import Entry
from streams.models.event import Event
from streams.models.fact import Fact
from streams.models.interval import Interval, encode_interval
from streams.models.parked import Parked
from streams.models.work import Work, encode_work

F = TypeVar("F", contravariant=True)
T = TypeVar("T")
R = TypeVar("R")

BATCH = 1000  # records a step takes at most
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
    catalogue: list[Fact] = field(default_factory=list)  # objects and releases in the order they came in
    decided: list[Fact] = field(default_factory=list)  # decisions, in order
    locked: list[tuple[str, str]] = field(default_factory=list)  # decisions a door refused: name and kind
    outcomes: dict[str, Fact] = field(default_factory=dict)  # by fact key, in order: what a rebuild must know
    balances: list[Standing] = field(default_factory=list)


class Road:
    """How facts travel. As written: the catalogue, then the events, then the clock mark, each once; no worker dies."""

    def events(self, events: list[Event]) -> list[Event]:
        return events

    def facts(self, objects: list[Fact], release: Fact | None, rest: list[Fact]) -> list[Fact]:
        return [*objects, *([release] if release else []), *rest]

    def batch(self) -> int:
        return BATCH

    def start(self, make: Callable[[], State[F, T]]) -> State[F, T]:
        return make()


AS_WRITTEN = Road()


def simulate(scenario: Scenario, road: Road = AS_WRITTEN) -> Result:
    """Run the hops to the end: catalogue and events, then decisions and what arrives between them, one by one."""
    hops = begin(scenario, road)
    for step in scenario.decisions:
        take(step, scenario, hops)
    hops.result.balances = hops.balances(scenario.as_of)
    return hops.result


def begin(scenario: Scenario, road: Road = AS_WRITTEN) -> Hops:
    """The hops after catalogue and events, before the first decision."""
    hops = Hops(scenario.tenant, road)
    objects, release = catalogue_facts(scenario.catalogue, scenario.tenant)
    marks = [] if scenario.as_of is None else [Fact(kind="mark", tenant="*", id="mark", rev=scenario.as_of)]
    hops.arrive(scenario.events, objects, release, marks)
    return hops


class Sent(NamedTuple):
    """What one step of a scenario brings to the doors."""

    events: list[Event]
    catalogue: list[Fact]
    decisions: list[Fact]


def take(step: Step, scenario: Scenario, hops: Hops) -> Sent:
    """One decision as things stand, or what arrives; a decision that a door refuses brings nothing."""
    if isinstance(step, Planned):
        organisation = next(iter(scenario.catalogue.all(Organisation)), Organisation())
        if is_locked(step, hops.result, organisation.grace_days):
            hops.result.locked.append((step.name, step.decision.kind))
            return Sent([], [], [])
        decision = as_it_stands(step, hops.result, scenario.tenant)
        hops.decide(decision)
        return Sent([], [], [decision])
    changed: list[Fact] = []
    if step.catalogue is not None:
        _, changed = plan(read_head(hops.result.catalogue), step.catalogue, scenario.tenant)
    hops.arrive(step.events, changed[:-1], changed[-1] if changed else None, [])
    return Sent(step.events, changed, [])


def catalogue_facts(catalogue: Catalogue, tenant: str) -> tuple[list[Fact], Fact]:
    """The objects as facts of revision 1, and the release that makes them hold."""
    objects = [
        Fact(kind="object", tenant=tenant, id=key, rev=1, body=object_body("release", placed.item))
        for key, placed in sorted(catalogue.objects.items())
    ]
    listed = {fact.id: (fact.rev, fact.digest()) for fact in objects}
    body = msgspec.Raw(msgspec.json.encode(Release(number=1, predecessor="", objects=listed)))
    return objects, Fact(kind="release", tenant=tenant, id="release/1", rev=1, body=body)


def interval_fact(version: int, interval: Interval) -> Fact:
    body = msgspec.Raw(encode_interval(interval))
    return Fact(kind="interval", tenant=interval.tenant, id=interval.id, rev=version, body=body)


def work_fact(version: int, work: Work) -> Fact:
    return Fact(kind="work", tenant=work.tenant, id=work.id, rev=version, body=msgspec.Raw(encode_work(work)))


class Hops:
    """The three kernels, and what they have given so far."""

    def __init__(self, tenant: str, road: Road) -> None:
        self.result = Result()
        self._road = road
        self._pairing: State[Event, Interval] = road.start(PairState)
        self._linking: State[Fact, Work] = road.start(lambda: LinkState(tenant, 0))
        self._rates: list[RateState] = []  # the last one is alive
        self._rating: State[Fact, Entry] = road.start(lambda: self._begin(tenant))
        self._newest: dict[str, int] = {}

    def arrive(self, events: list[Event], objects: list[Fact], release: Fact | None, rest: list[Fact]) -> None:
        """Events, a catalogue and other facts come in, in whatever order the road makes of it."""
        road = self._road
        self.result.catalogue += objects + ([release] if release else [])
        intervals = self._pair(road.events(events))
        work = self._link(road.facts(objects, release, [*intervals, *rest]))
        self._rate(road.facts(objects, release, [*work, *rest]))

    def balances(self, at: int | None) -> list[Standing]:
        """As they stand now."""
        return self._rates[-1].balances(at)

    def _begin(self, tenant: str) -> RateState:
        self._rates.append(RateState(tenant, 0))
        return self._rates[-1]

    def decide(self, fact: Fact) -> None:
        """A decision comes in, and whatever follows from it."""
        self.result.decided.append(fact)
        work = self._link([fact])
        self._rate([fact, *work])

    def recall(self, facts: list[Fact]) -> None:
        """Outcomes of an earlier log come in before anything else: nothing is decided a second time."""
        self._rate(facts)

    def _pair(self, events: list[Event]) -> list[Fact]:
        facts: list[Fact] = []
        for batch in _cut(events, self._road.batch):
            outcome = self._pairing.step(batch)
            for parked in outcome.parked:
                _keep(self.result.parked, self._newest, parked.id, parked.version, parked)
            for version, interval in outcome.outputs:
                facts.append(interval_fact(version, interval))
                _keep(self.result.intervals, self._newest, f"interval {interval.id}", version, interval, interval.id)
        return facts

    def _link(self, log: list[Fact]) -> list[Fact]:
        facts: list[Fact] = []
        for outcome in _fold(self._linking, log, self._road):
            for version, work in outcome.outputs:
                facts.append(work_fact(version, work))
                _keep(self.result.work, self._newest, f"work {work.id}", version, work, work.id)
        return facts

    def _rate(self, log: list[Fact]) -> None:
        for outcome in _fold(self._rating, log, self._road):
            for version, entry in outcome.outputs:
                _keep(self.result.entries, self._newest, entry.id, version, entry)
            for fact in outcome.recorded:
                self.result.outcomes.setdefault(fact.key(), fact)


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


def _keep(
    kept: dict[str, R], newest: dict[str, int], name: str, version: int, record: R, id_: str | None = None
) -> None:
    """Of several versions the largest holds, whatever the order they come in."""
    if version >= newest.get(name, -1):
        newest[name] = version
        kept[id_ or name] = record
