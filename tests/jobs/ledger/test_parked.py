"""Parked items: seen, mended and sent back, through the real broker and store."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord

from jobs import parked as jobs_parked
from sinks.clickhouse import ClickHouseSink
from sinks.decode import REPLAYED_ATTEMPT, REPLAYED_ID
from sinks.rows import parked_row
from sinks.tables import PARKED
from streams.models.parked import Parked, decode_parked
from streams.topics import partition_of
from tests.jobs.ledger.conftest import Run
from tests.kafka_fixture import create_topics
from tests.sinks.builders import parked

RAW = b'{"broken": \xff'
ITEM = parked(RAW)


@pytest.fixture(scope="module")
def items(sink: ClickHouseSink) -> list[Parked]:
    """One from the log, one that a hop derived from its facts, one from a file; one resolved."""
    some = [
        ITEM,
        parked(b'{"a": 1}', reason="stop_before_start", version=3 << 24),
        parked(b"row", reason="wrong_shape", topic="", place="mesh.json:17"),
        parked(b"gone", version=2, void=True),
    ]
    sink.write(PARKED, [parked_row(one) for one in some])
    return some


@pytest.fixture
def broker(kafka: str, topic_prefix: str) -> dict[str, str]:
    """Settings of a broker whose topics have three partitions."""
    create_topics(kafka, [f"{topic_prefix}events.session", f"{topic_prefix}parked"], partitions=3)
    return {"kafka": kafka, "topic_prefix": topic_prefix}


def records(broker: dict[str, str], topic: str, count: int) -> list[ConsumerRecord]:
    async def go() -> list[ConsumerRecord]:
        name = broker["topic_prefix"] + topic
        found: list[ConsumerRecord] = []
        async with AIOKafkaConsumer(name, bootstrap_servers=broker["kafka"], auto_offset_reset="earliest") as consumer:
            async with asyncio.timeout(20):
                while len(found) < count:
                    found.append(await consumer.getone())
        return found

    return asyncio.run(go())


@pytest.mark.integration
def test_the_list_has_reason_place_and_remedy_of_what_is_not_resolved(run: Run, items: list[Parked]) -> None:
    listed = {one["id"]: one for one in run("parked", "list", "--format", "json").json()}
    assert set(listed) == {one.id for one in items[:3]}
    assert "Send it again." in run("parked", "list").out
    assert len(run("parked", "list", "--reason", "not_json", "--format", "json").json()) == 1


@pytest.mark.integration
def test_a_reason_that_is_none_is_refused_with_those_there_are(run: Run, items: list[Parked]) -> None:
    said = run("parked", "list", "--reason", "not-json")
    assert (said.code, said.out) == (2, "")
    assert "not_json" in said.err


@pytest.mark.integration
def test_showing_an_item_gives_its_exact_bytes_back(run: Run, items: list[Parked]) -> None:
    assert "12 bytes, not text" in run("parked", "show", ITEM.id[:8]).out
    assert run("parked", "show", items[1].id, "--raw").out == '{"a": 1}'
    assert run("parked", "show", "nothing-like-it").code == 1


@pytest.mark.integration
def test_a_replay_sends_the_same_bytes_home_and_voids_the_item(
    run: Run, items: list[Parked], broker: dict[str, str]
) -> None:
    said = run("parked", "replay", ITEM.id[:8], **broker)
    assert said.code == 0, said.err
    (sent,) = records(broker, "events.session", 1)
    assert (sent.key, sent.value, sent.partition) == (ITEM.key, RAW, partition_of("main/a1", 3))
    assert dict(sent.headers) == {REPLAYED_ID: ITEM.id.encode(), REPLAYED_ATTEMPT: b"1"}
    (gone,) = records(broker, "parked", 1)
    assert gone.partition == partition_of("main", 3)
    item = decode_parked(gone.value)
    assert (item.id, item.void, item.version, item.attempt, item.value) == (ITEM.id, True, 2, 1, RAW)


@pytest.mark.integration
def test_a_corrected_file_goes_instead_and_a_hop_s_own_item_is_left_to_the_hop(
    run: Run, items: list[Parked], broker: dict[str, str], tmp_path: Path
) -> None:
    mended = tmp_path / "event.json"
    mended.write_bytes(b'{"a": 2}')
    assert run("parked", "replay", items[1].id, "--file", mended, **broker).code == 0
    assert run("parked", "replay", ITEM.id, **broker).code == 0
    assert [r.value for r in records(broker, "events.session", 2)] == [b'{"a": 2}', RAW]
    assert [decode_parked(r.value).id for r in records(broker, "parked", 1)] == [ITEM.id]


@pytest.mark.integration
def test_what_came_from_a_file_is_imported_again_not_replayed(run: Run, items: list[Parked]) -> None:
    said = run("parked", "replay", items[2].id)
    assert said.code == 2
    assert "mesh.json:17" in said.err
    assert "import it again" in said.err


@pytest.mark.integration
def test_without_a_broker_nothing_is_voided(run: Run, items: list[Parked]) -> None:
    said = run("parked", "replay", ITEM.id, kafka="127.0.0.1:1")
    assert said.code == 3
    assert "Kafka at 127.0.0.1:1" in said.err


def test_versions_of_a_replay_lie_between_those_of_parking() -> None:
    twice = parked(version=5, attempt=2)  # parked again after replay 2
    done = jobs_parked.resolved(twice)
    assert done is not None
    assert (done.version, done.attempt) == (6, 3)
    assert 2 * done.attempt + 1 == 7  # its version if replay 3 parks it again
