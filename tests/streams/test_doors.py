"""What goes through a door stands in Kafka when it returns: in the right place, in order, once."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from deploy.embedded import ports
from streams.doors import Door
from streams.models.cloudevent import decode_cloudevent
from streams.models.event import TOPIC_OF_KIND, Event
from streams.models.fact import Fact, decode_fact
from streams.models.parked import Parked, decode_parked
from streams.settings import Settings
from streams.topics import partition_of
from tests.streams.rig import Rig, events

pytestmark = pytest.mark.integration


@pytest.fixture
def rig(kafka: str, topic_prefix: str, tmp_path: Path) -> Rig:
    return Rig(kafka, topic_prefix, tmp_path, partitions=4)


def test_events_stand_under_their_activity_in_the_order_given(rig: Rig) -> None:
    rig.send(events(0, 3000))
    for kind, topic in TOPIC_OF_KIND.items():
        given = Counter(event.fact_key() for event in rig.sent if event.kind == kind)
        found: Counter[str] = Counter()
        places: dict[str, list[str]] = {}
        for record in rig.records(topic):
            event = decode_cloudevent("acme", record.value)
            assert isinstance(event, Event), event
            assert (record.key.decode(), record.partition) == (event.entity, partition_of(event.entity, 4))
            found[event.fact_key()] += 1
            places.setdefault(event.entity, []).append(event.phase)
        assert found == given
        assert all(phases[:2] == ["start", "stop"] for phases in places.values())


def test_kafkas_own_partitioner_agrees(rig: Rig) -> None:
    async def chosen() -> list[int]:
        producer = AIOKafkaProducer(bootstrap_servers=rig.settings.kafka)
        await producer.start()
        topic = rig.settings.topic("events.timer")
        sent = [await producer.send_and_wait(topic, b"{}", key=f"acme/{number}".encode()) for number in range(50)]
        await producer.stop()
        return [metadata.partition for metadata in sent]

    assert asyncio.run(chosen()) == [partition_of(f"acme/{number}", 4) for number in range(50)]


def test_facts_and_parked_stand_under_their_tenant(rig: Rig) -> None:
    facts = [Fact(kind="decision", tenant=f"t{n % 3}", id=str(n)) for n in range(30)]
    items = [Parked(tenant=f"t{n}", id=str(n), reason="not_json", value=b"\xff") for n in range(3)]

    async def send() -> None:
        async with Door(rig.settings) as door:
            await door.send_facts("decisions", facts)
            await door.park(items)
            await door.send_facts("decisions", [])

    asyncio.run(send())
    found = [(record, decode_fact(record.value)) for record in rig.records("decisions")]
    assert sorted(int(fact.id) for _, fact in found) == list(range(30))
    for tenant in ("t0", "t1", "t2"):
        assert [fact for _, fact in found if fact.tenant == tenant] == [f for f in facts if f.tenant == tenant]
    for record, fact in found:
        assert (record.key.decode(), record.partition) == (fact.key(), partition_of(fact.tenant, 4))
    parked = {record.key.decode(): (record.partition, decode_parked(record.value)) for record in rig.records("parked")}
    assert parked == {item.id: (partition_of(item.tenant, 4), item) for item in items}


def test_without_a_broker_the_door_says_so() -> None:
    settings = Settings(kafka=f"127.0.0.1:{ports.free(1)[0]}")
    with pytest.raises(KafkaError):
        asyncio.run(Door(settings).start())
