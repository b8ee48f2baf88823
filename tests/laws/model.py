"""The hops as a model: real kernel states on a log that remembers, workers that die, wake up late and finish last.

Each ``yield`` of a worker is a point where it may crash or be paused. The order of effects is that of streams/hop.py:
appends, outputs (in any order: they go to several partitions), changelog in input order, acknowledgement. The
changelog keeps the last record of a key; a record holds one fact or a few, so that workers cut the same facts at
different places. A worker that is no longer the owner cannot acknowledge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Any

import msgspec

from billing.link import LinkState
from billing.outcome import Outcome
from billing.pair import PairState
from billing.rate import RateState
from streams.changelog import pack, unpack
from streams.models.entry import Entry, encode_entry
from streams.models.event import Event, decode_event
from streams.models.fact import Fact
from streams.models.interval import encode_interval
from streams.models.parked import Parked
from streams.models.work import encode_work
from tests.laws.pool import FIRST, TENANT

HOPS = ("pair", "link", "rate")
State = Any
Sent = tuple[str, str, int, bytes]  # hop, id, version, content


@dataclass
class Rules:
    """How the hops are built; each field but the default is a planted defect."""

    suppress_unchanged: bool = False  # outputs equal to what this process sent before are not sent
    suppress_seen: bool = False  # a fact already known sends nothing
    facts_in_place: bool = False  # the changelog key forgets revision and digest
    identities_first: bool = True
    changelog_first: bool = False
    version_of: Callable[[int, int], int] | None = None  # (right version, offset) → version
    new_state: Callable[[str], State] | None = None  # a kernel with a defect, for some hop


@dataclass
class World:
    rules: Rules
    random: Random
    logs: dict[str, list[Any]] = field(default_factory=lambda: {hop: [] for hop in HOPS})
    changelogs: dict[str, dict[bytes, bytes]] = field(default_factory=lambda: {hop: {} for hop in HOPS})
    committed: dict[str, int] = field(default_factory=lambda: dict.fromkeys(HOPS, 0))
    generation: dict[str, int] = field(default_factory=lambda: dict.fromkeys(HOPS, 0))
    sent: list[Sent] = field(default_factory=list)
    store: dict[str, tuple[int, Entry]] = field(default_factory=dict)
    parked: dict[str, Parked] = field(default_factory=dict)

    def feed(self, item: Event | Fact) -> None:
        """An event reaches pair; a catalogue fact or a mark reaches both logs."""
        if isinstance(item, Event):
            self.logs["pair"].append(item)
        else:
            self.logs["link"].append(item)
            self.logs["rate"].append(item)

    def receive(self, hop: str, version: int, record: Any) -> None:
        """One output reaches the next log, or the store, where the largest version holds."""
        content = CONTENT[hop](record)
        self.sent.append((hop, record.id, version, content))
        if hop == "rate":
            if record.id not in self.store or version >= self.store[record.id][0]:
                self.store[record.id] = (version, record)
            return
        kind, log = ("interval", "link") if hop == "pair" else ("work", "rate")
        fact = Fact(kind=kind, tenant=TENANT, id=record.id, rev=version, body=msgspec.Raw(content))  # type: ignore[arg-type]
        self.logs[log].append(fact)

    def ledger(self) -> dict[str, bytes]:
        """What a reader sees: live rows only, without their versions."""
        return {key: content_of(entry) for key, (_, entry) in self.store.items() if not entry.void}


def content_of(entry: Entry) -> bytes:
    return encode_entry(msgspec.structs.replace(entry, version=0))


CONTENT: dict[str, Callable[[Any], bytes]] = {"pair": encode_interval, "link": encode_work, "rate": content_of}


def fresh_state(hop: str) -> State:
    if hop == "pair":
        return PairState(0)
    return LinkState(TENANT, 0) if hop == "link" else RateState(TENANT, 0)


def cut(batch: Sequence[Any]) -> Iterator[list[Any]]:
    """A release, a decision, a close or a mark ends the fold."""
    part: list[Any] = []
    for item in batch:
        part.append(item)
        if isinstance(item, Fact) and item.ends_fold:
            yield part
            part = []
    if part:
        yield part


class Worker:
    """One process's view of one hop; ``steps`` yields at every point where it may be stopped."""

    def __init__(self, world: World, hop: str, batch: int | None = None) -> None:
        """``batch`` records at a time; by default one to four."""
        self.world, self.hop, self.batch = world, hop, batch
        world.generation[hop] += 1
        self.generation = world.generation[hop]
        self.state = (world.rules.new_state or fresh_state)(hop)
        self.known: set[str] = set()
        self._restore()
        self.position = world.committed[hop]
        self.sought: int | None = None  # where to read on once the batch under way is written
        self.last: dict[str, bytes] = {}

    def _restore(self) -> None:
        for key, value in self.world.changelogs[self.hop].items():
            for fact in unpack(key, value):
                self.state.restore(fact.key, fact.value)
                self.known.add(decode_event(fact.value).fact_key() if self.hop == "pair" else fact.key)

    def rejoin(self) -> None:
        """It wakes up and owns the partition again: Faust leaves its state where it is and reads the changelog on,
        while the batch that was under way is still being written."""
        self.world.generation[self.hop] += 1
        self.generation = self.world.generation[self.hop]
        self._restore()
        self.sought = self.world.committed[self.hop]

    def steps(self) -> Iterator[str]:
        world, log = self.world, self.world.logs[self.hop]
        while True:
            self._seeks()
            if self.position >= len(log):
                yield "idle"
                continue
            batch = log[self.position : self.position + (self.batch or world.random.randint(1, 4))]
            for part in cut(batch):
                yield from self._write(self._step(part), part)
            self.position += len(batch)
            if not self._seeks() and self.generation == world.generation[self.hop]:
                world.committed[self.hop] = self.position
            yield "ack"

    def _seeks(self) -> bool:
        """Whether it rejoined; what was handed out before then commits nothing when it is acknowledged."""
        if self.sought is None:
            return False
        self.position, self.sought = self.sought, None
        return True

    def _step(self, part: list[Any]) -> Outcome[Any]:
        outcome: Outcome[Any] = self.state.step(part)
        rules, keys = self.world.rules, {_key(item) for item in part}
        if rules.suppress_seen and keys <= self.known:
            outcome.outputs = []
        self.known |= keys
        if rules.suppress_unchanged:
            outcome.outputs = [(v, r) for v, r in outcome.outputs if self.last.get(r.id) != CONTENT[self.hop](r)]
            self.last |= {r.id: CONTENT[self.hop](r) for _, r in outcome.outputs}
        if rules.version_of:
            offset = self.position
            outcome.outputs = [(rules.version_of(v, offset), r) for v, r in outcome.outputs]
        return outcome

    def _write(self, outcome: Outcome[Any], part: list[Any]) -> Iterator[str]:
        rules = self.world.rules
        if rules.changelog_first:
            yield from self._keep(outcome)
        if rules.identities_first:
            yield from self._append(outcome.appends)
        outputs = list(outcome.outputs)
        self.world.random.shuffle(outputs)
        for version, record in outputs:
            self.world.receive(self.hop, version, record)
            yield "output"
        for item in outcome.parked:
            if item.id not in self.world.parked or item.version >= self.world.parked[item.id].version:
                self.world.parked[item.id] = item
            yield "parked"
        for fact in outcome.recorded:  # to the topic of decisions, and from there through copy into the log of rate
            self.world.logs["rate"].append(fact)
            yield "record"
        if not rules.identities_first:
            yield from self._append(outcome.appends)
        if not rules.changelog_first:
            yield from self._keep(outcome)

    def _append(self, facts: Iterable[Fact]) -> Iterator[str]:
        for fact in facts:
            self.world.logs[self.hop].append(fact)
            yield "append"

    def _keep(self, outcome: Outcome[Any]) -> Iterator[str]:
        changelog, left = self.world.changelogs[self.hop], list(outcome.kept)
        while left:
            many = 1 if self.world.rules.facts_in_place else self.world.random.randint(1, 3)
            for record in pack(TENANT, left[:many]):
                name = record.key
                if self.world.rules.facts_in_place:
                    name = ("\x1f" + "|".join(left[0][0].split("|")[:3])).encode()
                changelog.pop(name, None)  # the last record of a key, at its last place
                changelog[name] = left[0][1] if self.world.rules.facts_in_place else record.value
                yield "keep"
            left = left[many:]


def _key(item: Event | Fact) -> str:
    return item.fact_key() if isinstance(item, Event) else item.key()


def drain(world: World, workers: dict[str, Iterator[str]]) -> None:
    """Let every hop run until nothing is left to read."""
    for _ in range(20_000):
        if all(world.committed[hop] >= len(world.logs[hop]) for hop in HOPS):
            return
        for hop in HOPS:
            next(workers[hop])
    raise AssertionError("the hops never come to rest")


@cache
def _first_release() -> World:
    world = World(Rules(), Random(0))
    for item in FIRST:
        world.feed(item)
    drain(world, {hop: Worker(world, hop).steps() for hop in HOPS})
    return world


def settled_world(rules: Rules, seed: int) -> World:
    """A world in which the first release has come to rest: what happens next is worth looking at."""
    first = _first_release()
    return World(
        rules,
        Random(seed),
        logs={hop: list(log) for hop, log in first.logs.items()},
        changelogs={hop: dict(kept) for hop, kept in first.changelogs.items()},
        committed=dict(first.committed),
    )


def truth(items: Iterable[Event | Fact], seed: int = 1) -> dict[str, bytes]:
    """The same facts through the same kernel without any trouble: what the ledger must be."""
    world = settled_world(Rules(), seed)
    for item in items:
        world.feed(item)
    drain(world, {hop: Worker(world, hop).steps() for hop in HOPS})
    return world.ledger()
