"""Histories that broke earlier versions of the design, each told out. Where a rule of the design is what saves it, the
same history is told without that rule, and must go wrong."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from streams.models.event import Event, Ref, TicketRef, activity_id
from streams.models.fact import Fact
from streams.models.work import Work, encode_work
from tests.laws.model import HOPS, Rules, Worker, World, drain, fresh_state, settled_world, truth
from tests.laws.pool import BASE_S, DIRECTORY, FIRST, SOURCE, TENANT, base_objects, decision, instant, part, release


def work_fact(id_: str, rev: int, client: str | None, minutes: int, start: int = 0, ticket: str = "k1") -> Fact:
    """What link says of one piece of work; ``client`` None: it is void."""
    if client is None:
        work = Work(tenant=TENANT, id=id_, kind="ticket_timer", state="void")
    else:
        begin = BASE_S + start * 60
        work = Work(
            tenant=TENANT, id=id_, kind="ticket_timer", technician="ann", who="ann", client=client, ticket=ticket,
            spans=((begin, begin + minutes * 60),), path="ticket",
        )  # fmt: skip
    return Fact(kind="work", tenant=TENANT, id=id_, rev=rev, body=msgspec.Raw(encode_work(work)))


def interval(name: str, revision: int, start: int, minutes: int | None, **fields: Any) -> Event:
    timer = name.startswith("t")
    return Event(
        tenant=TENANT,
        source=SOURCE,
        activity_id=activity_id(SOURCE, name),
        source_event_id=f"{name}/interval",
        kind="ticket_timer" if timer else "remote_session",
        phase="interval",
        revision=revision,
        started_at=instant(start),
        ended_at=None if minutes is None else instant(start + minutes),
        service="timer.ticket" if timer else "remote.desktop",
        technician=Ref("ann"),
        device=Ref("d1"),
        ticket=TicketRef("k1") if timer else None,
        **fields,
    )


def until(worker: Iterator[str], *what: str) -> None:
    while next(worker) not in what:
        pass


def rows(world: World) -> set[tuple[str, str]]:
    return {(entry.identity.client, entry.identity.work) for _, entry in world.store.values() if not entry.void}


@pytest.mark.parametrize("first", [True, False], ids=["as designed", "identity after the outputs"])
def test_a_place_that_only_a_paused_worker_ever_saw(first: bool) -> None:
    """A paused worker computed work at client c1 in the middle of what the owner took as one batch."""
    world = settled_world(Rules(identities_first=first), 1)
    paused = Worker(world, "rate", batch=1).steps()
    owner = Worker(world, "rate", batch=2).steps()
    world.logs["rate"] += [work_fact("w", 1, "c1", 10), work_fact("w", 2, "c2", 10)]
    until(paused, "output")  # a row at c1 is out; then it is gone for ever
    while world.committed["rate"] < len(world.logs["rate"]):
        next(owner)
    assert (rows(world) == {("c2", "w")}) is first


@pytest.mark.parametrize("send_all", [True, False], ids=["as designed", "unchanged rows suppressed"])
def test_insert_and_void_in_one_batch_beside_other_work(send_all: bool) -> None:
    """y shares a day's rounding with x. Who saw only the insert of x sent y with other seconds and a higher version."""
    world = settled_world(Rules(suppress_unchanged=not send_all), 1)
    paused = Worker(world, "rate", batch=1).steps()
    owner = Worker(world, "rate", batch=2).steps()
    world.logs["rate"] += [work_fact("y", 1, "c1", 5)]
    while world.committed["rate"] < len(world.logs["rate"]):
        next(owner)
    before = {key: entry for key, (_, entry) in world.store.items()}
    world.logs["rate"] += [work_fact("x", 1, "c1", 5, start=10), work_fact("x", 2, None, 0)]
    until(paused, "ack")  # y, its identity
    until(paused, "ack")
    until(paused, "ack")  # x, and y again
    while world.committed["rate"] < len(world.logs["rate"]):
        next(owner)
    (live,) = [entry for _, entry in world.store.values() if not entry.void]
    (was,) = before.values()
    assert (live.quantity_seconds == was.quantity_seconds == 900) is send_all


@pytest.mark.parametrize("outputs_first", [True, False], ids=["as designed", "facts before outputs"])
def test_a_fact_in_the_changelog_and_a_crash_before_the_outputs(outputs_first: bool) -> None:
    """With facts first, the replay finds the fact known and says nothing."""
    rules = Rules(changelog_first=not outputs_first, suppress_seen=not outputs_first)
    world = settled_world(rules, 1)
    world.logs["rate"] += [work_fact("w", 1, "c1", 10)]
    until(Worker(world, "rate", batch=1).steps(), "keep")
    owner = Worker(world, "rate").steps()
    while world.committed["rate"] < len(world.logs["rate"]):
        next(owner)
    assert (rows(world) == {("c1", "w")}) is outputs_first


@pytest.mark.parametrize("grow_only", [True, False], ids=["as designed", "rewritten in place"])
def test_a_paused_worker_writes_an_old_revision_over_a_new_one(grow_only: bool) -> None:
    """A restore from the changelog must not give revision 1 when revision 2 is committed."""
    world = settled_world(Rules(facts_in_place=not grow_only), 1)
    paused = Worker(world, "rate", batch=1).steps()
    owner = Worker(world, "rate", batch=2).steps()
    world.logs["rate"] += [work_fact("w", 1, "c1", 10), work_fact("w", 2, "c1", 20)]
    until(paused, "output")
    while world.committed["rate"] < len(world.logs["rate"]):
        next(owner)
    until(paused, "ack")  # wakes up and finishes: revision 1 into the changelog
    world.logs["rate"] += [work_fact("v", 1, "c1", 5, start=24)]
    owner = Worker(world, "rate").steps()  # another process, from the changelog
    while world.committed["rate"] < len(world.logs["rate"]):
        next(owner)
    seconds = {entry.identity.work: entry.worked_seconds for _, entry in world.store.values() if not entry.void}
    assert (seconds == {"w": 1200, "v": 300}) is grow_only


def test_two_edits_with_one_revision_and_different_content() -> None:
    """The state changes though no revision grew; the larger digest holds, in either order, and versions grow."""
    edits = [interval("t1", 7, 0, 10), interval("t1", 7, 0, 20)]
    for order in itertools.permutations(edits):
        world = run(order)
        assert world.ledger() == truth(edits)
        versions = [version for hop, _, version, _ in world.sent if hop == "pair"]
        assert versions == sorted(versions)


def test_a_session_that_reached_beyond_a_timer_moves_to_another_day() -> None:
    """The evidence beneath the row shrinks; its version must not."""
    facts = [interval("t1", 1, 0, 30), interval("s1", 1, 20, 30), interval("s1", 2, 20 + 26 * 60, 30)]
    world = run(facts)
    assert world.ledger() == truth(facts) == run(facts[::-1]).ledger()
    last: dict[tuple[str, str], int] = {}
    for hop, id_, version, _ in world.sent:
        assert version >= last.get((hop, id_), 0)
        last[hop, id_] = version


@pytest.mark.parametrize("effects", range(12))
def test_a_restart_between_a_directory_record_and_its_relinking(effects: int) -> None:
    """d3 becomes known, then moves; link dies after each effect."""
    facts: list[Event | Fact] = [*DIRECTORY[:2]]
    facts.insert(0, msgspec.structs.replace(interval("s1", 1, 0, 30), device=Ref("d3")))
    world = settled_world(Rules(), effects)
    for fact in facts:
        world.feed(fact)
    workers = {hop: Worker(world, hop).steps() for hop in HOPS}
    for _ in range(6):
        next(workers["pair"])
    for _ in range(effects):
        next(workers["link"])
    workers["link"] = Worker(world, "link").steps()
    drain(world, workers)
    assert world.ledger() == truth(facts)
    assert {client for client, _ in rows(world)} == {"c2"}


def test_of_two_releases_with_one_predecessor_the_first_in_the_log_holds() -> None:
    """Also for a process that starts from the changelog, wherever a paused worker wrote the refused one again."""
    first, second = (release(2, FIRST[-1].digest(), base_objects(rate=rate)) for rate in ("120", "130"))
    facts: list[Event | Fact] = [interval("t1", 1, 0, 60), *first, *second]
    world = run(facts)
    amounts = [entry.segments[0].rate for _, entry in world.store.values() if not entry.void and entry.segments]
    assert amounts
    assert set(amounts) <= {"120.00", "180.00"}, "120 an hour, or 180 after hours"
    late = interval("t2", 1, 100, 60)
    world.feed(late)
    drain(world, {hop: Worker(world, hop).steps() for hop in HOPS})
    assert world.ledger() == truth([*facts, late])


def nameless(hop: str) -> Any:
    """Sends pieces of a split without saying so in the log first."""
    state = fresh_state(hop)
    if hop == "link":
        state._store.decided.unknown = lambda works: []
    return state


@pytest.mark.parametrize("facts", [True, False], ids=["as designed", "pieces that are no facts"])
def test_a_piece_that_only_a_paused_worker_ever_saw(facts: bool) -> None:
    """It was cut from a session that for the owner came and went within one batch."""
    world = settled_world(Rules(new_state=None if facts else nameless), 1)
    gone = msgspec.structs.replace(interval("s1", 2, 0, 30), phase="void", started_at=None, ended_at=None)
    split = decision(1, "split", ["s1"], pieces=(part(0, 10, client="c2"),))
    for hop in ("link", "rate"):
        world.logs[hop].append(split)
    paired = {hop: Worker(world, hop, batch=1).steps() for hop in HOPS}
    drain(world, paired)
    for event in (interval("s1", 1, 0, 30), gone):
        world.feed(event)
    until(paired["pair"], "idle")
    paused, owner = Worker(world, "link", batch=1).steps(), Worker(world, "link", batch=2).steps()
    for _ in range(4 if facts else 2):  # all it sends of the session's first revision
        next(paused)
    drain(world, paired | {"link": owner})
    assert (world.ledger() == truth([split, interval("s1", 1, 0, 30), gone])) is facts


def placeless(hop: str) -> Any:
    """Takes decisions back in the order in which it finds them."""
    state = fresh_state(hop)
    if hop == "link":
        decided = state._store.decided
        restored = decided.restore
        count = itertools.count()
        decided.restore = lambda value: restored(b"#%d " % next(count) + value.partition(b" ")[2])
    return state


@pytest.mark.parametrize("places", [True, False], ids=["as designed", "decisions without their place"])
def test_of_two_decisions_the_last_holds_after_any_restore(places: bool) -> None:
    """The changelog has them in another order: a paused worker wrote the first one again."""
    facts: list[Event | Fact] = [interval("t1", 1, 0, 30), decision(1, "relink", ["t1"], client="c2"),
             decision(2, "relink", ["t1"], client="c1"), interval("t1", 2, 0, 40)]  # fmt: skip
    world = settled_world(Rules(new_state=None if places else placeless), 1)
    for fact in facts[:3]:
        world.feed(fact)
    drain(world, {hop: Worker(world, hop).steps() for hop in HOPS})
    world.changelogs["link"] = dict(reversed(list(world.changelogs["link"].items())))
    world.feed(facts[3])
    drain(world, {hop: Worker(world, hop).steps() for hop in HOPS})
    assert (world.ledger() == truth(facts)) is places


def run(items: Any) -> World:
    world = settled_world(Rules(), 1)
    for item in items:
        world.feed(item)
    drain(world, {hop: Worker(world, hop, batch=1).steps() for hop in HOPS})
    return world
