"""Reading along a topic: every record once, in order, from an offset or an instant on, while the process lives.

``caught_up`` waits until all that is acknowledged by now has been handled: who asks afterwards reads their own writes,
whichever process wrote them, and also right after a restart.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import ConsumerRecord

from streams.settings import Settings

Handler = Callable[[str, ConsumerRecord], None]
SECONDS = 20.0  # until a reader that does not catch up is an error


class Follower:
    """``since_ms``: records older than this may be missed; None reads from the beginning. ``after`` is called behind
    every batch."""

    def __init__(
        self, settings: Settings, topics: Sequence[str], handle: Handler, since_ms: int | None = None,
        after: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        self._after = after
        self._settings, self._handle, self._since = settings, handle, since_ms
        among = range(settings.partitions)
        self._names = {settings.topic(topic): topic for topic in topics}
        self._places = [TopicPartition(name, each) for name in self._names for each in among]
        self._done: dict[TopicPartition, int] = {}
        self._moved = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None
        self._consumer: AIOKafkaConsumer | None = None
        self._asker: AIOKafkaConsumer | None = None  # on the reader's connection a question waits behind its long poll

    async def start(self) -> None:
        """Raises KafkaError when no broker answers."""
        self._consumer, self._asker = self._new(), self._new()
        try:
            await self._asker.start()
            await self._consumer.start()
            self._consumer.assign(self._places)
            await self._seek(self._consumer, self._asker)
        except BaseException:
            await self.stop()
            raise
        self._task = asyncio.create_task(self._run(self._consumer))

    def _new(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            bootstrap_servers=self._settings.kafka, enable_auto_commit=False, group_id=None, fetch_max_wait_ms=500,
            request_timeout_ms=15_000, auto_offset_reset="earliest",
        )  # fmt: skip

    async def stop(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        consumers, self._consumer, self._asker = (self._consumer, self._asker), None, None
        for consumer in consumers:
            if consumer is not None:
                await consumer.stop()

    @property
    def alive(self) -> bool:
        return self._task is not None and not self._task.done()

    async def caught_up(self) -> None:
        """Raises KafkaError or TimeoutError."""
        assert self._asker is not None
        async with asyncio.timeout(SECONDS):
            ends = await self._asker.end_offsets(self._places)
            async with self._moved:
                await self._moved.wait_for(lambda: not self.alive or all(self._done[tp] >= ends[tp] for tp in ends))
        if self._task is not None and self._task.done():
            await self._task

    async def _seek(self, consumer: AIOKafkaConsumer, asker: AIOKafkaConsumer) -> None:
        begins = await asker.beginning_offsets(self._places)
        if self._since is not None:
            ends = await asker.end_offsets(self._places)
            found = await asker.offsets_for_times(dict.fromkeys(self._places, self._since))
            begins = {tp: ends[tp] if found[tp] is None else found[tp].offset for tp in self._places}
        for tp in self._places:
            consumer.seek(tp, begins[tp])
        self._done = dict(begins)

    async def _run(self, consumer: AIOKafkaConsumer) -> None:
        try:
            while True:
                for tp, records in (await consumer.getmany(timeout_ms=1000, max_records=5000)).items():
                    for record in records:
                        self._handle(self._names[tp.topic], record)
                    self._done[tp] = records[-1].offset + 1
                self._after()
                async with self._moved:
                    self._moved.notify_all()
        finally:
            with contextlib.suppress(RuntimeError):
                async with self._moved:
                    self._moved.notify_all()
