"""A hop writes in the order that makes a crash a mere repetition, cuts its batches, and parks what it cannot read."""

import asyncio
from dataclasses import replace

import pytest

from streams.hop import POINTS, Hop
from streams.models.cloudevent import encode_cloudevent
from streams.models.event import Event
from streams.models.fact import Fact
from streams.models.parked import decode_parked
from tests.streams.world import Chain, Memory, Read, chain_plan, read, tally_plan


def chain(memory: Memory, **options: object) -> Hop[Fact, list[str]]:
    return Hop(chain_plan(), memory, lambda tenant: 0, **options)  # type: ignore[arg-type]


def fact(name: str, tenant: str = "main", kind: str = "interval") -> Fact:
    return Fact(kind=kind, tenant=tenant, id=name)  # type: ignore[arg-type]


def decision(name: str, tenant: str = "main") -> Fact:
    return fact(name, tenant, "decision")


def mark(now: int) -> Fact:
    return Fact(kind="mark", tenant="*", id="mark", rev=now)


@pytest.fixture(autouse=True)
def bodies_are_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Facts here stand for their ids alone."""
    monkeypatch.setattr("streams.agents.facts.BODIES", {})


def test_appends_then_outputs_then_changelog_then_ack() -> None:
    memory = Memory()
    asyncio.run(chain(memory).take(memory.batch(read(decision("d")))))
    assert [topic for topic, _, _ in memory.written] == ["link-log", "rate-log", "link-facts", "ack"]


@pytest.mark.parametrize("fail_at", [1, 2, 3])
def test_what_the_log_refuses_is_not_acknowledged_and_the_partition_is_unusable(fail_at: int) -> None:
    memory = Memory(fail_at=fail_at)
    hop = chain(memory)
    with pytest.raises(TimeoutError):
        asyncio.run(hop.take(memory.batch(read(decision("d")))))
    assert "ack" not in [topic for topic, _, _ in memory.written]
    with pytest.raises(RuntimeError, match="did not come to its end"):
        asyncio.run(hop.take(memory.batch(read(decision("d")))))
    hop.drop(0)
    asyncio.run(hop.take(memory.batch(read(decision("d")))))
    assert memory.written[-1][0] == "ack"


def test_a_batch_is_cut_after_each_fact_that_ends_a_fold_tenant_by_tenant() -> None:
    memory = Memory()
    hop = chain(memory)
    facts = [fact("a1", "a"), fact("b1", "b"), decision("a2", "a"), fact("b2", "b"), fact("a3", "a")]
    asyncio.run(hop.take(memory.batch(*map(read, facts))))
    assert [record.value for record in memory.on("rate-log")] == [b"1:a1,a2", b"1:b1,b2", b"2:a3"]


def test_a_mark_ends_the_fold_of_every_tenant_of_its_partition() -> None:
    memory = Memory()
    hop = chain(memory)
    asyncio.run(hop.take(memory.batch(read(fact("a1", "a")), read(fact("b1", "b")))))
    asyncio.run(hop.take(memory.batch(read(fact("a2", "a")), read(mark(100)), read(fact("a3", "a")))))
    assert steps(hop, "a") == [["a1"], ["a2", "mark"], ["a3"]]
    assert steps(hop, "b") == [["b1"], ["mark"]]


def test_a_tenant_that_comes_later_knows_the_largest_mark() -> None:
    memory = Memory()
    hop = chain(memory)
    asyncio.run(hop.take(memory.batch(read(mark(200)), read(mark(100)))))
    asyncio.run(hop.take(memory.batch(read(fact("c1", "c")))))
    assert steps(hop, "c") == [["mark"], ["c1"]]


def steps(hop: Hop[Fact, list[str]], tenant: str) -> list[list[str]]:
    kernel = hop._partitions[0].kernels[tenant]
    assert isinstance(kernel, Chain)
    return kernel.steps


def test_what_was_kept_finds_its_tenant_again_and_is_gone_when_dropped() -> None:
    memory = Memory()
    asyncio.run(chain(memory).take(memory.batch(read(fact("a1", "a")), read(fact("b1", "b")))))
    hop = chain(memory)
    for record in memory.on("link-facts"):
        hop.restore(3, record.key, record.value)
    restored = {tenant: kernel.restored for tenant, kernel in hop._partitions[3].kernels.items()}  # type: ignore[attr-defined]
    assert restored == {"a": ["a1"], "b": ["b1"]}
    hop.drop(3)
    assert hop.partitions == set()


def test_the_changelog_may_be_read_on_while_a_batch_is_on_its_way_out() -> None:
    """A rebalance that leaves a partition where it is does not wait for ever for what is under way."""
    memory = Memory()
    hop = chain(memory)
    asyncio.run(hop.take(memory.batch(read(fact("a1", "a")))))
    computed = hop.compute(memory.batch(read(fact("a2", "a"), 1)))
    for record in memory.on("link-facts"):
        hop.restore(0, record.key, record.value)
    asyncio.run(hop.write(computed))
    assert memory.written[-1][0] == "ack"
    assert len(memory.on("link-facts")) == 2


def test_a_batch_that_a_rebalance_overtook_leaves_the_new_state_alone() -> None:
    memory = Memory(fail_at=1)
    hop = chain(memory)
    computed = hop.compute(memory.batch(read(fact("a1", "a"))))
    hop.drop(0)
    with pytest.raises(TimeoutError):
        asyncio.run(hop.write(computed))
    assert hop.partitions == set()
    asyncio.run(hop.take(memory.batch(read(fact("a1", "a")))))
    assert memory.written[-1][0] == "ack"


def test_nothing_is_computed_before_a_partition_is_restored() -> None:
    memory = Memory()
    hop = chain(memory)
    hop.unrestored.add(0)
    with pytest.raises(RuntimeError, match="before the state was restored"):
        asyncio.run(hop.take(memory.batch(read(fact("a1", "a")))))
    assert memory.written == []
    hop.unrestored.discard(0)
    asyncio.run(hop.take(memory.batch(read(fact("a1", "a")))))


def test_a_partition_whose_batch_failed_is_not_restored_before_it_is_dropped() -> None:
    memory = Memory(fail_at=1)
    hop = chain(memory)
    with pytest.raises(TimeoutError):
        asyncio.run(hop.take(memory.batch(read(fact("a1", "a")))))
    with pytest.raises(RuntimeError, match="did not come to its end"):
        hop.restore(0, b"a\x1fk", b"{}")


def test_exact_bytes_are_parked_with_where_they_stood_and_the_rest_goes_on() -> None:
    memory = Memory()
    hop = Hop(tally_plan(), memory, lambda tenant: 2)
    good = Event(tenant="acme", source="s:1", source_event_id="e", activity_id="a", kind="remote_session",
                 phase="start", at=1_772_461_907_902)  # fmt: skip
    batch = memory.batch(
        Read(b"acme/a", b"\xff\x00 broken", 41), Read(b"acme/a", encode_cloudevent(good), 42), Read(None, b"{}", 43),
        Read(b"acme/other", encode_cloudevent(good), 44), Read(b"acme/a", None, 45),
        topic="events.session", partition=3,
    )  # fmt: skip
    asyncio.run(hop.take(batch))
    parked = [decode_parked(record.value) for record in memory.on("parked")]
    assert [(item.tenant, item.reason, item.key, item.value, item.place) for item in parked] == [
        ("acme", "not_utf8", b"acme/a", b"\xff\x00 broken", "events.session/3@41"),
        ("main", "missing_key", b"", b"{}", "events.session/3@43"),
        ("acme", "wrong_shape", b"acme/other", encode_cloudevent(good), "events.session/3@44"),
        ("acme", "empty_value", b"acme/a", b"", "events.session/3@45"),
    ]
    assert {partition for topic, partition, _ in memory.written if topic == "parked"} == {2}
    assert len(memory.on("entries")) == 1
    counts = hop.counts()
    assert counts.received == counts.done + counts.waiting + counts.parked == 5
    assert counts.parked == 4


@pytest.mark.parametrize(("value", "version", "void"), [(b"{", 5, False), (None, 4, True)])
def test_a_replay_parks_again_or_settles_under_the_first_id(value: bytes | None, version: int, void: bool) -> None:
    memory = Memory()
    hop = Hop(tally_plan(), memory, lambda tenant: 0)
    good = Event(tenant="acme", source="s:1", source_event_id="e", activity_id="a", kind="remote_session",
                 phase="start", at=1_772_461_907_902)  # fmt: skip
    headers = [("everyminute-parked", b"the-id"), ("everyminute-attempt", b"2")]
    record = Read(b"acme/a", value or encode_cloudevent(good), 7, headers)
    asyncio.run(hop.take(memory.batch(record, topic="events.session")))
    (item,) = [decode_parked(record.value) for record in memory.on("parked")]
    assert (item.id, item.tenant, item.version, item.void, item.attempt) == ("the-id", "acme", version, void, 2)


def test_every_crash_point_is_passed_in_order() -> None:
    passed: list[str] = []
    memory = Memory()
    asyncio.run(chain(memory, reached=passed.append).take(memory.batch(read(decision("d")))))
    assert tuple(passed) == POINTS


def test_a_full_round_is_written_before_the_next_one_begins() -> None:
    """Between two rounds the process heartbeats; the batch is acknowledged as a whole all the same."""
    memory = Memory()
    hop = Hop(replace(chain_plan(), most=2), memory, lambda tenant: 0)
    asyncio.run(hop.take(memory.batch(*(read(fact(name)) for name in "abcde"))))
    assert steps(hop, "main") == [["a", "b"], ["c", "d"], ["e"]]
    assert [topic for topic, _, _ in memory.written].count("ack") == 1
