"""An application with a token and topics of its own on the real broker, and what then stands in Kafka."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import ConsumerRecord

from jobs import tokens
from jobs.access import Access
from streams.settings import Settings
from streams.topics import PARKED, RAW, TOPICS
from tests.kafka_fixture import create_topics
from tests.web.conftest import served

PARTITIONS = 2


@dataclass
class DoorRig:
    settings: Settings
    access: Access
    client: httpx.Client

    def records(self, *topics: str) -> list[ConsumerRecord]:
        """Everything that stands in these topics, in order within a partition."""
        return asyncio.run(_records(self.settings, topics))


@contextlib.contextmanager
def door(kafka: str, prefix: str, home: Path) -> Iterator[DoorRig]:
    settings = Settings(home=home, kafka=kafka, topic_prefix=prefix, partitions=PARTITIONS, clickhouse_port=1)
    create_topics(kafka, [settings.topic(topic.name) for topic in TOPICS], PARTITIONS)
    access = Access(settings)
    token = tokens.create(access, "test", "main", ("events:write",))
    with served(settings) as address:
        headers = {"authorization": f"Bearer {token}"}
        with httpx.Client(base_url=address, headers=headers, trust_env=False, timeout=30) as client:
            yield DoorRig(settings, access, client)


def records_of(settings: Settings, *topics: str) -> list[ConsumerRecord]:
    """Everything that stands in these topics, in order within a partition."""
    return asyncio.run(_records(settings, topics))


async def _records(settings: Settings, topics: tuple[str, ...]) -> list[ConsumerRecord]:
    places = [TopicPartition(settings.topic(topic), one) for topic in topics for one in range(PARTITIONS)]
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka, auto_offset_reset="earliest", fetch_max_wait_ms=50)
    await consumer.start()
    try:
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        found: list[ConsumerRecord] = []
        for place in places:
            while await consumer.position(place) < ends[place]:
                for some in (await consumer.getmany(place, timeout_ms=200)).values():
                    found += some
        return found
    finally:
        await consumer.stop()


__all__ = ["PARKED", "RAW", "DoorRig", "door"]
