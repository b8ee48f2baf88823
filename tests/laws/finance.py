"""Finance on the model of the hops: closes with the hash that the store shows and with wrong ones, re-ratings, manual
decisions, in histories that go on after a close."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

from streams.models.closing import Closed, decode_closed, decode_manifest, hash_of
from streams.models.decision import Decision, encode_decision
from streams.models.entry import Entry
from streams.models.event import Event, Ref, TicketRef, activity_id
from streams.models.fact import Fact
from tests.laws.model import HOPS, Rules, Worker, World, drain, settled_world
from tests.laws.pool import CHANGES, FIRST, SOURCE, TENANT, base_objects, instant, release

DISPOSING: tuple[Any, ...] = ("write_off", "billable", "non_billable", "approve", "confirm")


@dataclass(frozen=True)
class Close:
    """``hash``: of the statement as the store shows it, of another one, or none that ever was."""

    client: str
    period: str
    hash: Literal["right", "wrong"] = "right"
    ahead: int = 0  # how far its number is off
    twice: bool = False  # two doors ask for the same


@dataclass(frozen=True)
class Manual:
    kind: Any
    activity: str


@dataclass(frozen=True)
class Rerate:
    on: str
    release: int
    client: str = ""


Ask = Close | Manual | Rerate
Item = Event | Fact | Ask


@dataclass
class Finance:
    """Turns what is asked into decisions, as a door does that looks into the store."""

    world: World
    made: list[Event | Fact] = field(default_factory=list)  # everything that was fed, as facts
    count: int = 0

    def feed(self, item: Item) -> None:
        facts = self._facts(item) if isinstance(item, Close | Manual | Rerate) else [item]
        for one in facts:
            self.made.append(one)
            self.world.feed(one)

    def _facts(self, ask: Ask) -> list[Event | Fact]:
        if isinstance(ask, Manual):
            decisions = [Decision(kind=ask.kind, evidence=(activity_id(SOURCE, ask.activity),))]
        elif isinstance(ask, Rerate):
            decisions = [Decision(kind="rerate", client=ask.client, on=ask.on, release=ask.release)]
        else:
            rows = live(self.world, ask.client, ask.period)
            seen = hash_of(rows) if ask.hash == "right" else "0" * 64
            number = len([one for one in closed(self.world) if one.client == ask.client]) + ask.ahead
            one = Decision(kind="close", client=ask.client, period=ask.period, hash=seen, before=max(0, number))
            decisions = [one, one] if ask.twice else [one]
        facts: list[Event | Fact] = []
        for decision in decisions:
            self.count += 1
            id_ = f"d{self.count}"
            facts.append(Fact(kind="decision", tenant=TENANT, id=id_, body=encode_decision(decision)))
        return facts


def live(world: World, client: str, period: str) -> list[Entry]:
    rows = [row for _, row in world.store.values() if not row.void]
    return [row for row in rows if (row.identity.client, row.identity.period) == (client, period)]


def outcomes(world: World) -> dict[str, Fact]:
    """By decision: of several outcomes the first in the log."""
    found: dict[str, Fact] = {}
    for fact in world.logs["rate"]:
        if fact.kind in ("closed", "refused"):
            found.setdefault(fact.id, fact)
    return found


def closed(world: World) -> list[Closed]:
    return [decode_closed(bytes(one.body)) for one in outcomes(world).values() if one.kind == "closed"]


def manifest(world: World, of: Closed) -> list[Entry]:
    chunks = {one.digest(): one for one in world.logs["rate"] if one.kind == "manifest"}
    return [row for chunk in of.chunks for row in decode_manifest(bytes(chunks[chunk].body))]


def rebuilt(world: World, made: list[Event | Fact], random: Random) -> World:
    """Another log, as the command writes it: the recorded outcomes and the largest clock mark, then everything else in
    any order that keeps catalogue and decisions in theirs."""
    new = settled_world(Rules(), 1)
    held = {one.key() for one in outcomes(world).values()}
    chunks = [one for one in world.logs["rate"] if one.kind == "manifest"]
    new.logs["rate"] += chunks + [one for one in world.logs["rate"] if one.key() in held]
    marks = [one for one in made if isinstance(one, Fact) and one.kind == "mark"]
    for largest in sorted(marks, key=lambda one: one.rev)[-1:]:
        new.feed(largest)
    fixed: list[Event | Fact] = [one for one in made if isinstance(one, Fact) and one.kind != "mark"]
    for item in [one for one in made if isinstance(one, Event)]:
        fixed.insert(random.randint(0, len(fixed)), item)
    for each in fixed:
        new.feed(each)
    drain(new, {hop: Worker(new, hop).steps() for hop in HOPS})
    return new


def without_closes(made: list[Event | Fact]) -> World:
    """The same events and decisions about work under one catalogue, with nothing ever closed."""
    new = settled_world(Rules(), 1)
    for one in made:
        if not (isinstance(one, Fact) and one.kind == "decision" and b'"close"' in bytes(one.body)):
            new.feed(one)
    drain(new, {hop: Worker(new, hop).steps() for hop in HOPS})
    return new


FIELDS = ("worked_seconds", "rounding_seconds", "quantity_seconds", "overlap_seconds", "machine_seconds", "amount",
          "risk_amount")  # fmt: skip
Sum = tuple[int, ...]


def sums(world: World) -> dict[tuple[str, str, str], Sum]:
    """Over all rows of a piece of work at a client, by the period of its service; what comes to nothing is left out."""
    found: dict[tuple[str, str, str], Sum] = {}
    for _, row in world.store.values():
        if row.void:
            continue
        who = row.identity
        key = who.client, who.corrects_period or who.period, who.work
        values = tuple(getattr(row, name) for name in FIELDS)
        known = found.get(key, (0,) * len(FIELDS))
        found[key] = tuple(a + b for a, b in zip(known, values, strict=True))
    return {key: value for key, value in found.items() if any(value)}


def random_history(random: Random, catalogue: bool = True, zones: bool = True) -> list[Item]:
    """Events around a month's end, closes of March and April, and changes behind them."""
    items: list[Item] = [random_event(random, 1) for _ in range(random.randint(2, 5))]
    items.append(random_close(random, "2026-03"))
    for rev in range(2, random.randint(3, 6)):
        items.append(random_event(random, rev))
        if random.random() < 0.3:
            items.append(Manual(random.choice(DISPOSING), f"a{random.randint(0, 2)}"))
        if random.random() < 0.4:
            items.append(random_close(random, random.choice(["2026-03", "2026-04", "2026-05"])))
    if catalogue and random.random() < 0.5:
        changes = CHANGES if zones else [one for one in CHANGES if "zone" not in one]
        changed = release(2, FIRST[-1].digest(), base_objects(**random.choice(changes)))
        where = random.randint(0, len(items))
        items[where:where] = changed
        if random.random() < 0.6:
            items.insert(random.randint(where + len(changed), len(items)), Rerate("2026-01-01", 2))
    return items


def random_close(random: Random, period: str) -> Close:
    return Close(
        random.choice(["c1", "c1", "c2"]),
        period,
        "wrong" if random.random() < 0.15 else "right",
        random.choice([0, 0, 0, 0, 1, -1]),
        random.random() < 0.3,
    )


def random_event(random: Random, revision: int) -> Event:
    number, start = random.randint(0, 2), random.choice((0, 10, 20, 40, 60))
    void = random.random() < 0.2
    return Event(
        tenant=TENANT,
        source=SOURCE,
        activity_id=activity_id(SOURCE, f"a{number}"),
        source_event_id=f"a{number}/{'void' if void else 'interval'}",
        kind="ticket_timer" if number < 2 else "remote_session",
        phase="void" if void else "interval",
        revision=revision,
        started_at=None if void else instant(start),
        ended_at=None if void else instant(start + random.choice((5, 10, 20, 50))),
        technician=Ref(random.choice(["ann", "ann", "bob"])),
        device=Ref(random.choice(["d1", "d2"])),
        ticket=TicketRef(random.choice(["k1", "k1", "k2"])) if number < 2 else None,
        service="remote.desktop",
        authenticated=random.random() < 0.9,
    )
