"""The catalogue's topic: read one tenant's facts, append a release, and see what became of it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from jobs.console import Exit, UserError
from streams.models.fact import Fact, decode_fact
from streams.settings import Settings
from streams.topics import CATALOG, partition_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


async def read_facts(settings: Settings, tenant: str) -> list[Fact]:
    """Every catalogue fact of the tenant, in the order of the log. Raises ``UserError`` when Kafka does not answer."""
    async with _consumer(settings) as consumer:
        topic = settings.topic(CATALOG)
        partitions = consumer.partitions_for_topic(topic)
        if not partitions:
            raise UserError(f"topic {topic} does not exist: run `everyminute topics`", Exit.CANNOT)
        place = TopicPartition(topic, partition_of(tenant, len(partitions)))
        consumer.assign([place])
        await consumer.seek_to_beginning(place)
        end = (await consumer.end_offsets([place]))[place]
        facts: list[Fact] = []
        while await consumer.position(place) < end:
            for records in (await consumer.getmany(place, timeout_ms=1000)).values():
                facts += [fact for fact in (decode_fact(record.value) for record in records) if fact.tenant == tenant]
        return facts


async def send_facts(settings: Settings, facts: list[Fact]) -> None:
    """Append facts in order; returns when Kafka has acknowledged all of them."""
    from streams.doors import Door

    async with Door(settings) as door:
        await door.send_facts(CATALOG, facts)


@asynccontextmanager
async def _consumer(settings: Settings) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(
        settings.topic(CATALOG), bootstrap_servers=settings.kafka, enable_auto_commit=False, group_id=None
    )
    try:
        await consumer.start()
    except KafkaError as error:
        await consumer.stop()
        raise UserError(
            f"Kafka does not answer at {settings.kafka} ({error}): run `everyminute up`, or set EVERYMINUTE_KAFKA",
            Exit.CANNOT,
        ) from error
    try:
        yield consumer
    finally:
        await consumer.stop()
