"""Real workers on a real broker, killed, paused by rebalances, stopped and started: nothing is lost or invented."""

import asyncio
import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from streams.changelog import unpack
from streams.hop import POINTS
from streams.models.cloudevent import decode_cloudevent
from streams.models.event import Event
from streams.models.parked import decode_parked
from tests.streams.rig import SOURCES, Rig, ends_with, events, kill_9, wait_for

pytestmark = pytest.mark.integration
KILLED = 137


@pytest.fixture
def rig(kafka: str, topic_prefix: str, tmp_path: Path) -> Iterator[Rig]:
    made = Rig(kafka, topic_prefix, tmp_path)
    yield made
    made.close()


def assert_complete(rig: Rig) -> None:
    """The newest row of each activity tells all its facts, as does the changelog; each fact once."""
    oracle: dict[str, set[str]] = {}
    for event in rig.sent:
        oracle.setdefault(event.entity, set()).add(event.fact_key())
    rows: dict[str, tuple[int, list[str]]] = {}
    for record in rig.records("entries"):
        version, known = json.loads(record.value)
        rows[record.key.decode()] = max((version, known), rows.get(record.key.decode(), (0, [])))
    assert {key: known for key, (_, known) in rows.items()} == {key: sorted(known) for key, known in oracle.items()}
    kept = kept_facts(rig)
    assert kept == {key for known in oracle.values() for key in known}


def kept_facts(rig: Rig) -> set[str]:
    """Keys of the facts in the changelog."""
    return {fact.key for record in rig.records("pair-facts") for fact in unpack(record.key, record.value)}


def test_killed_at_every_point_nothing_is_lost(rig: Rig) -> None:
    for number, point in enumerate(POINTS):
        rig.send(events(number * 500, number * 500 + 500))
        ends_with(rig.worker("w", crash_at=f"tally.{point}:{number + 12}"), KILLED)
    last = rig.worker("w")
    wait_for(rig.done, "the last worker did not finish")
    assert_complete(rig)
    assert last.poll() is None


def test_two_workers_share_and_take_over_from_a_killed_one(rig: Rig) -> None:
    first = rig.worker("first")
    rig.send(events(0, 500))
    wait_for(lambda: rig.report("first").get("ready"), "the first is not ready")
    second = rig.worker("second")
    rig.send(events(500, 1000))
    wait_for(lambda: working(rig, "first") and working(rig, "second"), "the partitions are not shared")
    kill_9(first)
    rig.send(events(1000, 1500))
    wait_for(rig.done, "the second did not take over")
    assert_complete(rig)
    third = rig.worker("third")
    wait_for(lambda: rig.report("third").get("ready"), "the third is not ready")
    kill_9(second)
    rig.send(events(1500, 1600))
    wait_for(rig.done, "the third did not take over")
    assert_complete(rig)
    total = len({event.fact_key() for event in rig.sent})
    wait_for(lambda: told(rig, "third") == (total, total, 0), "the report does not tell of everything")
    assert third.poll() is None


def working(rig: Rig, name: str) -> bool:
    report = rig.report(name)
    return bool(report and report["ready"] and report["hops"]["tally"]["received"])


def told(rig: Rig, name: str) -> tuple[int, int, int]:
    hop = rig.report(name)["hops"]["tally"]
    return hop["received"], hop["done"], hop["lag"]


def test_a_stop_under_load_is_quick_and_loses_no_acknowledgement(kafka: str, topic_prefix: str, tmp_path: Path) -> None:
    rig = Rig(kafka, topic_prefix, tmp_path, batch_records=5)  # thousands of batches: it cannot be done before
    try:
        rig.send(events(0, 8000))
        process = rig.worker("w")
        wait_for(lambda: sum(committed for committed, _ in rig.committed().values()) > 0, "nothing is committed")
        process.send_signal(signal.SIGTERM)
        ends_with(process, 0, seconds=10)
    finally:
        rig.close()
    assert rig.report("w") == {}
    assert not rig.done(), "it was not stopped under load"
    kept = kept_facts(rig)
    assert kept == committed_facts(rig), "what was written before the stop is not what is committed"


def committed_facts(rig: Rig) -> set[str]:
    found = set()
    committed = {place: offset for place, (offset, _) in rig.committed().items()}
    for topic in SOURCES:
        for record in rig.records(topic):
            if record.offset < committed[topic, record.partition]:
                event = decode_cloudevent("acme", record.value)
                assert isinstance(event, Event)
                found.add(event.fact_key())
    return found


def test_broken_payloads_are_parked_with_their_exact_bytes_and_hold_nobody_up(rig: Rig) -> None:
    broken = [b"\xff\xfe", b"{", b"[]", b"null", b"x" * 900_000, json.dumps({"specversion": "1.0"}).encode()]
    rig.send(events(0, 20))
    asyncio.run(send_raw(rig, broken))
    rig.send(events(20, 40))
    rig.worker("w")
    wait_for(rig.done, "the worker stands still before a broken payload")
    assert_complete(rig)
    parked = [decode_parked(record.value) for record in rig.records("parked")]
    assert sorted(item.value for item in parked) == sorted([*broken, b""])  # and the record without a value
    sent = rig.records("events.session")
    places = {record.value or b"": f"events.session/{record.partition}@{record.offset}" for record in sent}
    assert [item.place for item in parked] == [places[item.value] for item in parked]
    wait_for(lambda: rig.report("w")["hops"]["tally"]["lag"] == 0, "the report still tells of lag")
    hop = rig.report("w")["hops"]["tally"]
    assert hop["received"] == hop["done"] + hop["waiting"] + hop["parked"]
    assert hop["parked"] == len(broken) + 1


async def send_raw(rig: Rig, values: list[bytes]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=rig.settings.kafka, acks="all")
    await producer.start()
    for value in [*values, None]:
        await producer.send_and_wait(rig.settings.topic("events.session"), value, key=b"acme/broken")
    await producer.stop()


def test_a_changelog_ahead_of_the_commit_repeats_outputs_and_keeps_no_fact_twice(rig: Rig) -> None:
    rig.send(events(0, 300))
    process = rig.worker("w")
    wait_for(rig.done, "the worker did not finish")
    process.send_signal(signal.SIGTERM)
    ends_with(process, 0)
    entries, kept = len(rig.records("entries")), rig.records("pair-facts")
    asyncio.run(forget_commits(rig))
    rig.worker("again")
    wait_for(rig.done, "the worker did not read again")
    assert len(rig.records("entries")) >= entries + 300  # never suppressed because it was known
    assert len(rig.records("pair-facts")) == len(kept)
    assert_complete(rig)


async def forget_commits(rig: Rig) -> None:
    group = f"{rig.settings.topic_prefix}worker"
    consumer = AIOKafkaConsumer(bootstrap_servers=rig.settings.kafka, group_id=group, enable_auto_commit=False)
    await consumer.start()
    places = [TopicPartition(rig.settings.topic(topic), each) for topic in SOURCES for each in range(2)]
    consumer.assign(places)
    await consumer.commit(dict.fromkeys(places, 0))
    await consumer.stop()


def test_batches_arrive_whole_and_in_order(rig: Rig) -> None:
    rig.send(events(0, 2000))
    rig.worker("w")
    wait_for(rig.done, "the worker did not finish")
    newest: dict[bytes, int] = {}
    for record in rig.records("entries"):
        version = json.loads(record.value)[0]
        assert version >= newest.get(record.key, 0), "an older row came after a newer one"
        newest[record.key] = version
    assert len(rig.records("entries")) < len(rig.sent), "no batch held two events of one activity"


def test_a_worker_refuses_topics_that_are_not_as_they_must_be(kafka: str, topic_prefix: str, tmp_path: Path) -> None:
    rig = Rig(kafka, topic_prefix, tmp_path)
    rig.settings = rig.settings.model_copy(update={"partitions": 3})
    try:
        ends_with(rig.worker("w"), 78)
        assert "EVERYMINUTE_PARTITIONS=2" in rig.log("w")
    finally:
        rig.close()
