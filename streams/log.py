"""Records into Kafka, whole batches at a time: the one way anything of ours is written."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaTimeoutError

from streams.hop import Record, Write
from streams.settings import Settings
from streams.topics import LARGEST_RECORD

BATCH_BYTES = 512 * 1024
TIMEOUT = 45.0  # seconds until an append is given up


def producer_options() -> dict[str, Any]:
    """Idempotent, all replicas: what every producer of ours has in common."""
    return {
        "acks": "all",
        "enable_idempotence": True,
        "max_batch_size": BATCH_BYTES,
        "max_request_size": LARGEST_RECORD,
        "request_timeout_ms": 30_000,
    }


def new_producer(settings: Settings) -> AIOKafkaProducer:
    return AIOKafkaProducer(bootstrap_servers=settings.kafka, **producer_options())


class KafkaLog:
    """`streams.hop.Log` on a started producer. Topic names come without prefix."""

    def __init__(self, producer: AIOKafkaProducer, prefix: str, timeout: float = TIMEOUT) -> None:
        self._producer = producer
        self._prefix = prefix
        self._timeout = timeout

    async def append(self, writes: Sequence[Write]) -> None:
        """Returns once the broker has acknowledged every record; order within a partition is kept.

        Raises what the broker refused, or TimeoutError. Then any prefix of each partition's records may stand.
        """
        records: dict[tuple[str, int], list[Record]] = {}
        for topic, partition, some in writes:
            records.setdefault((self._prefix + topic, partition), []).extend(some)
        async with asyncio.timeout(self._timeout), asyncio.TaskGroup() as group:
            for (topic, partition), all_of_it in records.items():
                group.create_task(self._append(topic, partition, all_of_it))

    async def _append(self, topic: str, partition: int, records: Sequence[Record]) -> None:
        acks = [await self._queue(batch, topic, partition) for batch in self._batches(records)]
        await asyncio.gather(*acks)

    async def _queue(self, batch: Any, topic: str, partition: int) -> Any:
        """Until there is room for it, within ``timeout``. The client gives up sooner where several wait for one
        partition: it counts their waits more than once. Then the batch was not taken, and may be offered again."""
        while True:
            try:
                return await self._producer.send_batch(batch, topic, partition=partition)
            except KafkaTimeoutError:
                await asyncio.sleep(0)

    def _batches(self, records: Sequence[Record]) -> Iterator[Any]:
        batch = self._producer.create_batch()
        for record in records:
            if batch.append(timestamp=None, key=record.key, value=record.value) is None:
                yield batch
                batch = self._producer.create_batch()
                if batch.append(timestamp=None, key=record.key, value=record.value) is None:
                    raise ValueError(f"a record of {len(record.value)} bytes fits into no batch")
        yield batch
