"""The catalogue's topic: read one tenant's facts, append a release, and see what became of it."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from jobs.console import Exit, UserError
from streams.models.fact import Fact, decode_fact
from streams.settings import Settings
from streams.topics import CATALOG, partition_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


async def read_facts(settings: Settings, tenant: str) -> list[Fact]:
    """Every catalogue fact of the tenant, in the order of the log. Raises ``UserError`` when Kafka does not answer."""
    return await read_log(settings, tenant, CATALOG)


async def read_log(settings: Settings, tenant: str, topic: str) -> list[Fact]:
    """Every fact of the tenant on a topic that is keyed by tenant, and the clock marks of its partition, in the order
    of the log. Raises ``UserError`` when Kafka does not answer."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what it would log is in our message
    async with opened_consumer(settings) as consumer:
        place = TopicPartition(settings.topic(topic), partition_of(tenant, settings.partitions))
        await _check_topic(settings, place.topic)
        consumer.assign([place])
        await consumer.seek_to_beginning(place)
        end = (await consumer.end_offsets([place]))[place]
        facts: list[Fact] = []
        while await consumer.position(place) < end:
            for records in (await consumer.getmany(place, timeout_ms=1000)).values():
                facts += [
                    fact
                    for fact in (decode_fact(record.value) for record in records)
                    if fact.tenant == tenant or fact.kind == "mark"
                ]
        return facts


async def _check_topic(settings: Settings, topic: str) -> None:
    """Exists, with as many partitions as the settings say: in another one our facts would never be found."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
    await admin.start()
    try:
        (described,) = await admin.describe_topics([topic])
    finally:
        await admin.close()
    count = len(described["partitions"])
    if described["error_code"] or not count:
        raise UserError(f"topic {topic} does not exist: run `everyminute topics`", Exit.CANNOT)
    if count != settings.partitions:
        remedy = f"set EVERYMINUTE_PARTITIONS={count}"
        raise UserError(
            f"{topic} has {count} partitions, the settings say {settings.partitions}: {remedy}", Exit.CANNOT
        )


async def send_facts(settings: Settings, facts: list[Fact]) -> None:
    """Append facts in order; returns when Kafka has acknowledged all of them."""
    from streams.doors import Door

    try:
        async with Door(settings) as door:
            await door.send_facts(CATALOG, facts)
    except* (KafkaError, TimeoutError) as group:
        raise _silent(settings, group.exceptions[0]) from group


@asynccontextmanager
async def opened_consumer(settings: Settings) -> AsyncIterator[AIOKafkaConsumer]:
    """In no group. Raises UserError when Kafka does not answer."""
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka, enable_auto_commit=False, group_id=None)
    try:
        await consumer.start()
    except KafkaError as error:
        await consumer.stop()
        raise _silent(settings, error) from error
    try:
        yield consumer
    finally:
        await consumer.stop()


def _silent(settings: Settings, error: Exception) -> UserError:
    text = f"Kafka does not answer at {settings.kafka} ({error}): run `everyminute up`, or set EVERYMINUTE_KAFKA"
    return UserError(text, Exit.CANNOT)
