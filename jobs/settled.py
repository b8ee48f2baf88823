"""Waiting until the pipeline has come to rest: every group has read everything that there is to read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError

from streams.settings import Settings
from streams.topics import CATALOG, DECISIONS, ENTRIES, EVENTS, EXPORTS, LINK_LOG, PARKED, RATE_LOG

READS = {
    "worker": (*EVENTS, CATALOG, DECISIONS, LINK_LOG, RATE_LOG),
    "writer": (LINK_LOG, RATE_LOG, ENTRIES, PARKED, DECISIONS, EXPORTS),
}
POLL = 0.25


async def lag(settings: Settings) -> dict[str, int]:
    """Records not yet acknowledged, per group. Committed offsets are read before the ends: never too few."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka)
    await admin.start()
    await consumer.start()
    try:
        return await _lag(settings, admin, consumer)
    finally:
        await consumer.stop()
        await admin.close()


async def measured(settings: Settings) -> list[tuple[str, str, int, int]]:
    """(group, topic, records written, records acknowledged), over all partitions."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka)
    await admin.start()
    await consumer.start()
    try:
        return await _measured(settings, admin, consumer)
    finally:
        await consumer.stop()
        await admin.close()


async def wait_settled(settings: Settings, timeout: float, progress: Callable[[int], None] = lambda left: None) -> bool:
    """True once nothing is left to read, twice in a row; False after ``timeout`` seconds."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka)
    await admin.start()
    await consumer.start()
    deadline, calm = time.monotonic() + timeout, 0
    try:
        while time.monotonic() < deadline:
            left = sum((await _lag(settings, admin, consumer)).values())
            progress(left)
            calm = calm + 1 if left == 0 else 0
            if calm == 2:
                return True
            await asyncio.sleep(POLL)
        return False
    finally:
        await consumer.stop()
        await admin.close()


async def _lag(settings: Settings, admin: AIOKafkaAdminClient, consumer: AIOKafkaConsumer) -> dict[str, int]:
    left = dict.fromkeys(READS, 0)
    for group, _, end, done in await _measured(settings, admin, consumer):
        left[group] += end - done
    return left


async def _measured(
    settings: Settings, admin: AIOKafkaAdminClient, consumer: AIOKafkaConsumer
) -> list[tuple[str, str, int, int]]:
    found = []
    for group, topics in READS.items():
        try:
            committed = await admin.list_consumer_group_offsets(settings.topic(group))
        except GroupCoordinatorNotAvailableError:  # a broker that has just started: nobody has committed yet
            committed = {}
        places = {topic: [TopicPartition(settings.topic(topic), n) for n in range(settings.partitions)]
                  for topic in topics}  # fmt: skip
        ends = await consumer.end_offsets([one for some in places.values() for one in some])
        for topic, some in places.items():
            done = sum(max(0, committed[one].offset if one in committed else 0) for one in some)
            found.append((group, topic, sum(ends[one] for one in some), done))
    return found
