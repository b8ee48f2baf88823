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
    left = {}
    for group, topics in READS.items():
        try:
            committed = await admin.list_consumer_group_offsets(settings.topic(group))
        except GroupCoordinatorNotAvailableError:  # a broker that has just started: nobody has committed yet
            committed = {}
        wanted = [
            TopicPartition(settings.topic(topic), partition)
            for topic in topics
            for partition in range(settings.partitions)
        ]
        ends = await consumer.end_offsets(wanted)
        left[group] = sum(ends[one] - max(0, committed[one].offset if one in committed else 0) for one in wanted)
    return left
