"""A broker keeps what it acknowledged: through a graceful stop, through kill -9, and on other ports."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import TopicAlreadyExistsError

from deploy.embedded import ports
from deploy.embedded.errors import StartError
from deploy.embedded.kafka import KafkaBroker, answers
from tests.kafka_fixture import create_topics

pytestmark = pytest.mark.integration

TOPIC = "everyminute.events.timer"
RESIDENT_MB = 400  # measured 175 after some load; more than twice that is a change of kind


def at(data_dir: Path, log_dir: Path) -> KafkaBroker:
    port, controller_port = ports.free(2)
    return KafkaBroker(data_dir, port, controller_port, log_dir)


def produce(bootstrap: str, values: list[bytes]) -> None:
    async def run() -> None:
        producer = AIOKafkaProducer(
            bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, max_request_size=4_000_000
        )
        await producer.start()
        try:
            for value in values:
                await producer.send_and_wait(TOPIC, value, key=b"main/timer-1", partition=0)
        finally:
            await producer.stop()

    asyncio.run(run())


def consume(bootstrap: str, group: str) -> list[bytes]:
    """What the group has not read yet, up to the end of the partition; commits it."""

    async def run() -> list[bytes]:
        partition = TopicPartition(TOPIC, 0)
        consumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False, auto_offset_reset="earliest"
        )
        await consumer.start()
        try:
            consumer.assign([partition])
            end = (await consumer.end_offsets([partition]))[partition]
            values: list[bytes] = []
            async with asyncio.timeout(20):
                while await consumer.position(partition) < end:
                    batches = await consumer.getmany(timeout_ms=500)
                    values += [record.value for record in batches.get(partition, [])]
            if values:
                await consumer.commit()
            return values
        finally:
            await consumer.stop()

    return asyncio.run(run())


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    """A broker that these tests may stop and kill."""
    folder = tmp_path_factory.mktemp("kafka")
    broker = at(folder / "data", folder / "logs")
    broker.start()
    try:
        broker.wait_ready(60)
        create_topics(broker.bootstrap, [TOPIC], partitions=2)
        yield broker
    finally:
        broker.kill()


def test_it_keeps_what_it_acknowledged_through_a_stop_and_through_kill_9(own: KafkaBroker) -> None:
    produce(own.bootstrap, [b"start"])
    assert consume(own.bootstrap, "reader") == [b"start"]

    began = time.monotonic()
    own.stop()
    assert time.monotonic() - began < 10
    assert own.pid is None
    assert not answers(own.bootstrap)

    own.start()
    own.wait_ready(60)
    produce(own.bootstrap, [b"pause", b"stop"])
    own.kill()

    moved = at(own.data_dir, own.log_file.parent)
    moved.start()
    try:
        moved.wait_ready(60)
        assert consume(moved.bootstrap, "reader") == [b"pause", b"stop"]
        assert consume(moved.bootstrap, "another") == [b"start", b"pause", b"stop"]
    finally:
        moved.stop()
        own.start()
        own.wait_ready(60)


def test_a_message_of_two_megabytes_passes_and_memory_stays_low(own: KafkaBroker) -> None:
    consume(own.bootstrap, "large")
    large = b"x" * 2_000_000
    produce(own.bootstrap, [large])
    assert consume(own.bootstrap, "large") == [large]
    assert own.pid is not None
    assert psutil.Process(own.pid).memory_info().rss < RESIDENT_MB * 1e6


def test_it_listens_on_the_loopback_interface_alone(own: KafkaBroker) -> None:
    assert own.pid is not None
    sockets = psutil.Process(own.pid).net_connections("tcp")
    listening = {(c.laddr.ip, c.laddr.port) for c in sockets if c.status == psutil.CONN_LISTEN}
    assert listening == {("127.0.0.1", own.port), ("127.0.0.1", own.controller_port)}


def test_a_second_broker_on_the_same_data_is_refused_before_it_writes(own: KafkaBroker, tmp_path: Path) -> None:
    files = {path: path.read_text() for path in own.data_dir.rglob("*.properties")}
    with pytest.raises(StartError, match=f"Another Kafka runs on the data in {own.data_dir}"):
        at(own.data_dir, tmp_path).start()
    assert {path: path.read_text() for path in own.data_dir.rglob("*.properties")} == files
    assert answers(own.bootstrap)


def test_a_broker_that_cannot_start_says_why(tmp_path: Path) -> None:
    broken = at(tmp_path / "data", tmp_path)
    broken.prepare()
    meta = tmp_path / "data" / "log" / "meta.properties"
    meta.write_text(meta.read_text().replace("node.id=1", "node.id=2"))
    broken.start()
    with pytest.raises(StartError, match=r"Kafka ended while starting\..*Stored node id 2.*\nIts log is .*kafka\.log"):
        broken.wait_ready(30)
    assert broken.pid is None


def test_a_port_in_use_is_named_with_its_process(own: KafkaBroker, tmp_path: Path) -> None:
    other = KafkaBroker(tmp_path / "data", own.port, ports.free(1)[0], tmp_path)
    with pytest.raises(StartError, match=rf"Port {own.port}, .* by java \(process {own.pid}\)") as told:
        other.start()
    assert "EVERYMINUTE_KAFKA_PORT" in told.value.remedy


def test_a_data_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(StartError, match="Cannot write Kafka's data"):
        at(blocked / "data", tmp_path).start()


def test_the_shared_broker_serves_topics_under_a_prefix_of_their_own(kafka: str, topic_prefix: str) -> None:
    create_topics(kafka, [topic_prefix + "a", topic_prefix + "b"], partitions=4)
    with pytest.raises(TopicAlreadyExistsError):
        create_topics(kafka, [topic_prefix + "a"], partitions=4)
