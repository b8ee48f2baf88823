"""Seals on the model of the hops: histories in which months are closed, sealed, and late facts come; and what must
then hold, told by the log alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

from billing.rate import RateState
from billing.seals import matter
from streams.models.decision import decode_decision
from streams.models.entry import Entry
from streams.models.event import Event, Ref, TicketRef, activity_id
from streams.models.fact import Fact, encode_fact
from streams.models.seal import decode_seal
from streams.models.work import Work, decode_work
from tests.laws.finance import Close, Item, Manual, closed, random_event
from tests.laws.model import World, content_of
from tests.laws.pool import BASE_S, CHANGES, FIRST, SOURCE, TENANT, base_objects, instant, mark, release

DAYS = 1
DAY = 86_400
KEEP = release(2, FIRST[-1].digest(), base_objects(retention=DAYS))
EARLY, LATER = mark(BASE_S + 5 * DAY), mark(BASE_S + 40 * DAY)


def session(number: int, end: int, revision: int) -> Event:
    """A timer of ann on ticket k1 that ends so many minutes after the base; ten minutes long."""
    return Event(
        tenant=TENANT, source=SOURCE, activity_id=activity_id(SOURCE, f"a{number}"),
        source_event_id=f"a{number}/interval", kind="ticket_timer", phase="interval", revision=revision,
        started_at=instant(end - 10), ended_at=instant(end), technician=Ref("ann"), device=Ref("d1"),
        ticket=TicketRef("k1"), service="remote.desktop",
    )  # fmt: skip


def random_history(random: Random) -> list[Item]:
    """Work around a month's end; March and April are closed, in part; marks end their retention; work goes on."""
    items: list[Item] = [*KEEP, EARLY]
    items += [random_event(random, 1) for _ in range(random.randint(1, 4))]
    items += [Close("c1", "2026-03"), Close("c2", "2026-03")]
    if random.random() < 0.4:
        items.append(random_event(random, 2))
    if random.random() < 0.8:
        items += [Close("c1", "2026-04"), Close("c2", "2026-04")]
    later = mark(BASE_S + random.choice((5, 40, 40, 40)) * DAY + 1)
    tail: list[Item] = [random_event(random, rev) for rev in range(3, random.randint(4, 7))]
    tail += random.choice(([], [Close("c1", "2026-05"), Close("c2", "2026-05")]))
    if random.random() < 0.3:
        tail.insert(random.randint(0, len(tail)), Manual("write_off", f"a{random.randint(0, 2)}"))
    if random.random() < 0.4:
        change = random.choice([one for one in CHANGES if "scope" not in one])
        where = random.randint(0, len(tail))
        tail[where:where] = release(3, KEEP[-1].digest(), base_objects(retention=DAYS, **change))
    tail.insert(random.choice((0, 0, random.randint(0, len(tail)))), later)
    if random.random() < 0.5:
        tail.append(mark(BASE_S + 80 * DAY))
    return items + tail


@dataclass
class Told:
    """What the log tells, read by one process from its beginning: works and months behind seals, and late facts."""

    state: RateState
    places: dict[str, int] = field(default_factory=dict)  # of seals that hold: place in the log
    counts: dict[str, int] = field(default_factory=dict)  # facts known then
    sealed: dict[str, int] = field(default_factory=dict)  # work: place of its seal
    late: dict[int, Fact] = field(default_factory=dict)  # by place: facts that may change nothing


def count(state: RateState) -> int:
    return len(state._keys) + state._seals.forgotten


def read(world: World) -> Told:
    """Through a kernel, which says only which seals hold and what is behind them."""
    told = Told(RateState(TENANT, 0))
    for place, fact in enumerate(world.logs["rate"]):
        if _is_late(told, fact):
            told.late[place] = fact
        before = set(told.state._seals.works)
        told.state.step([fact])
        if fact.kind == "seal" and told.state._seals._seals[fact.key()].holds and fact.key() not in told.places:
            told.places[fact.key()] = place
            told.counts[fact.key()] = count(told.state)
            told.sealed |= dict.fromkeys(set(told.state._seals.works) - before, place)
    return told


def _is_late(told: Told, fact: Fact) -> bool:
    seals = told.state._seals
    if fact.kind == "decision" and fact.key() not in told.state._keys:
        return bool(seals.rests_on(decode_decision(bytes(fact.body)).evidence))
    if fact.kind != "work":
        return False
    work = decode_work(bytes(fact.body))
    return fact.id in told.sealed or _stands_behind(seals.through, work)


def _stands_behind(through: dict[str, Any], work: Work) -> bool:
    found = through.get(work.client or "")
    return work.state == "done" and found is not None and work.start < found.until


def without_seals(world: World, told: Told) -> dict[str, bytes]:
    """The ledger of all facts but the late ones, by a process that forgets nothing."""
    state, store = RateState(TENANT, 0), dict[str, tuple[int, Entry]]()
    for place, fact in enumerate(world.logs["rate"]):
        if place in told.late or fact.kind == "seal":
            continue
        for version, row in state.step([fact]).outputs:
            if row.id not in store or version >= store[row.id][0]:
                store[row.id] = (version, row)
    return {key: content_of(row) for key, (_, row) in store.items() if not row.void}


def check_seals(world: World, told: Told) -> None:
    """Law 18, but for the count: when a seal may be written, and what may be sent behind it."""
    for place, fact in enumerate(world.logs["rate"]):
        if fact.kind != "seal" or place not in told.places.values():
            continue
        known = {one.key() for one in world.logs["rate"][:place]}
        outcomes = {one.id for one in world.logs["rate"][:place] if one.kind == "closed" and one.key() in known}
        assert outcomes, "sealed before anything was closed"
        for client, period in decode_seal(bytes(fact.body)).clients.items():
            found = next(one for one in closed(world) if (one.client, one.period) == (client, period))
            assert found.until + DAYS * DAY <= fact.rev, "sealed before the retention was over"
    first = {id_: told.counts[world.logs["rate"][place].key()] for id_, place in told.sealed.items()}
    for hop, id_, version, content in world.sent:
        row = world.store[id_][1] if hop == "rate" else None
        behind = first.get(row.identity.work) if row is not None else None
        number = version >> 24 & 0xFFFFFFFF
        if row is None or behind is None or number < behind:
            continue
        nothing = content_of(Entry(tenant=TENANT, identity=row.identity, void=True))
        last = number == behind and content == content_of(row)  # by what stands in the log just before the seal
        assert last or content == nothing, "sealed work was sent"


def check_parked(world: World, told: Told) -> None:
    """in = ledger + parked: the newest late revision of a piece of work is parked with its bytes, or says what the last
    one before the seal said."""
    works: dict[str, list[tuple[int, int, Fact]]] = {}
    for place, fact in enumerate(world.logs["rate"]):
        if fact.kind == "work":
            works.setdefault(fact.id, []).append((fact.rev, place, fact))
    items = {item.value: item for item in world.parked.values() if item.reason == "sealed" and not item.void}
    expected: set[bytes] = set()
    for id_, revisions in works.items():
        rev, place, fact = max(revisions, key=lambda one: one[:2])
        place = min(at for number, at, _ in revisions if number == rev)
        if place not in told.late:
            continue
        before = [one for one in revisions if one[1] < told.sealed.get(id_, 0) and one[1] not in told.late]
        last = max(before, key=lambda one: one[:2])[2] if before else None
        same = last is not None and matter(decode_work(bytes(last.body))) == matter(decode_work(bytes(fact.body)))
        if not same and (last is None or last.rev < rev):
            expected.add(encode_fact(fact))
    expected |= {encode_fact(fact) for fact in told.late.values() if fact.kind == "decision"}
    assert set(items) == expected, "in = ledger + parked"
    assert all(one.remedy and one.saw for one in items.values())
