"""The way in for whoever appends facts: imports, the catalogue, the HTTP door. Returns only after Kafka has them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from types import TracebackType
from typing import Self

from aiokafka import AIOKafkaProducer

from streams.clock import send_mark
from streams.hop import Record, Write, fact_record, parked_output
from streams.log import TIMEOUT, KafkaLog, new_producer
from streams.models.cloudevent import encode_cloudevent
from streams.models.event import TOPIC_OF_KIND, Event
from streams.models.fact import Fact
from streams.models.parked import Parked
from streams.settings import Settings
from streams.topics import partition_of

Placed = tuple[str, str, Record]  # topic, the text that decides the partition, and the record
CHUNK = 5000  # records between two waits for the broker, so that memory stays flat and order within a key is kept


class Door:
    """``async with Door(settings) as door: await door.send_events(events)``.

    Every method returns once the broker has acknowledged all of its records (idempotent, acks=all), and raises a
    KafkaError or TimeoutError (perhaps in an ExceptionGroup) otherwise: then some may stand, and sending all of them
    again does no harm.
    """

    def __init__(self, settings: Settings, timeout: float = TIMEOUT) -> None:
        """``timeout``: seconds until an append is given up."""
        self._settings = settings
        self._timeout = timeout
        self._producer: AIOKafkaProducer | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Raises KafkaError when no broker answers."""
        self._producer = new_producer(self._settings)
        self._log = KafkaLog(self._producer, self._settings.topic_prefix, self._timeout)
        try:
            await self._producer.start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()

    async def send_events(self, events: Iterable[Event]) -> int:
        """To events.*, under tenant/activity. Gives how many."""
        sent, rest = 0, iter(events)
        while chunk := list(islice(rest, CHUNK)):
            await self.append([placed(event) for event in chunk])
            sent += len(chunk)
        return sent

    async def send_facts(self, topic: str, facts: Sequence[Fact]) -> None:
        """To `catalog` or `decisions`, in order, under the fact's key."""
        await self.append([placed_fact(topic, fact) for fact in facts])

    async def send_bytes(self, topic: str, text: str, records: Sequence[Record]) -> None:
        """Raw records whose partition ``text`` decides ("tenant/activity" or "tenant"): replays, notes."""
        await self.append([(topic, text, record) for record in records])

    async def copy(self, topic: str, partition: int, records: Sequence[tuple[bytes, bytes]]) -> None:
        """(key, value) as they are into one partition: what a rebuild copies from the same partition elsewhere."""
        some = [Record(key, value) for key, value in records]
        await self._log.append([Write(topic, partition, some)] if some else [])

    async def mark(self, now: int) -> None:
        """A clock mark for everybody; ``now`` in seconds since 1970."""
        await send_mark(self._log, self._settings.partitions, now)

    async def park(self, items: Sequence[Parked]) -> None:
        await self.append([placed_parked(item) for item in items])

    async def append(self, records: Sequence[Placed]) -> None:
        """Several kinds at once, in order within a partition."""
        writes: dict[tuple[str, int], list[Record]] = {}
        for topic, text, record in records:
            place = topic, partition_of(text, self._settings.partitions)
            writes.setdefault(place, []).append(record)
        if writes:
            await self._log.append([Write(topic, partition, some) for (topic, partition), some in writes.items()])


def placed(event: Event) -> Placed:
    """An event under tenant/activity."""
    return TOPIC_OF_KIND[event.kind], event.entity, Record(event.entity.encode(), encode_cloudevent(event))


def placed_fact(topic: str, fact: Fact) -> Placed:
    """A fact under its tenant."""
    return topic, fact.tenant, fact_record(fact)


def placed_parked(item: Parked) -> Placed:
    output = parked_output(item)
    return output.topic, output.tenant, output.record


def placed_bytes(topic: str, key: str, value: bytes) -> Placed:
    """Bytes as they came, under "tenant/…"."""
    return topic, key, Record(key.encode(), value)
