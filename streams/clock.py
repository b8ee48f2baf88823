"""The scheduler: a clock mark to every partition of both logs, at start and every ``mark_seconds``.

Any number may run, the largest mark counts. A mark that could not be written is written at the next turn.
"""

from __future__ import annotations

import asyncio
import logging
import time

from aiokafka.errors import KafkaError

from streams.hop import EVERYONE, Log, Write, fact_record
from streams.log import KafkaLog, new_producer
from streams.models.fact import Fact
from streams.settings import Settings
from streams.topics import LINK_LOG, RATE_LOG

logger = logging.getLogger("everyminute.clock")


def mark(now: int) -> Fact:
    return Fact(kind="mark", tenant=EVERYONE, id="mark", rev=now)


async def send_mark(log: Log, partitions: int, now: int) -> None:
    """One mark, everywhere; ``now`` in seconds since 1970."""
    record = fact_record(mark(now))
    await log.append([Write(topic, each, [record]) for topic in (LINK_LOG, RATE_LOG) for each in range(partitions)])


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Until ``stop`` is set. Raises KafkaError when the broker cannot be reached at start."""
    producer = new_producer(settings)
    await producer.start()
    log = KafkaLog(producer, settings.topic_prefix)
    try:
        while not stop.is_set():
            try:
                await send_mark(log, settings.partitions, int(time.time()))
                logger.info("clock mark written")
            except* (KafkaError, TimeoutError) as error:
                logger.warning("clock mark not written, next in %s s: %r", settings.mark_seconds, error.exceptions[0])
            await wait(stop, settings.mark_seconds)
    finally:
        await producer.stop()


async def wait(stop: asyncio.Event, seconds: float) -> None:
    """Until ``stop`` is set, at most ``seconds``."""
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
