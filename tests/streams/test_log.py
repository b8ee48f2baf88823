"""An append waits for room in the client's queue as long as it may, and no longer."""

import asyncio
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaTimeoutError
from aiokafka.producer.message_accumulator import BatchBuilder, MessageAccumulator
from aiokafka.structs import RecordMetadata

from streams.log import KafkaLog
from streams.ports import Record, Write

PLACE = TopicPartition("t", 0)


class Busy:
    """The client's own queue, whose partition is taken by other batches for ``busy`` waits of ``patience`` seconds."""

    def __init__(self, busy: int, patience: float = 0.01) -> None:
        self.queue = MessageAccumulator(None, 4096, 0, 30)
        self.busy, self.patience = busy, patience

    def create_batch(self) -> BatchBuilder:
        return BatchBuilder(4096, 0)

    async def send_batch(self, batch: BatchBuilder, topic: str, *, partition: int) -> Any:
        if self.busy and PLACE not in self.queue._batches:
            await self.queue.add_batch(self.create_batch(), PLACE, 1)
        try:
            acknowledged = await self.queue.add_batch(batch, PLACE, self.patience)
        except KafkaTimeoutError:
            self.busy -= 1
            if not self.busy:
                self.queue._batches.pop(PLACE)
            raise
        self.queue._batches[PLACE][-1].future.set_result(RecordMetadata("t", 0, PLACE, 0, 0, 0, 0))
        return acknowledged


async def accumulated(busy: int, seconds: float) -> None:
    log = KafkaLog(Busy(busy), "", timeout=seconds)
    await log.append([Write("t", 0, [Record(b"k", b"v")])])


def test_a_batch_that_found_no_room_is_offered_again() -> None:
    asyncio.run(accumulated(busy=3, seconds=10.0))


def test_it_is_given_up_in_the_end() -> None:
    with pytest.raises(TimeoutError):
        asyncio.run(accumulated(busy=1_000_000, seconds=0.2))
