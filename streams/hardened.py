"""Faust, hardened, with the batch lane. The only file that touches private members of Faust, mode and aiokafka.

Why each is needed is told in docs/decisions.md; tests/streams/test_private_members.py fails first when one changes.

The batch lane: what one poll returned for one partition reaches an agent as one event of its stream, whose value is
a `Handed`. The whole range is acknowledged at once, and only what is acknowledged without a hole is committed.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections import OrderedDict, defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NoReturn

import faust
from aiokafka.consumer import fetcher
from faust.stores import memory
from faust.transport.drivers import aiokafka as driver
from faust.types import ConsumerMessage

from streams.hop import Batch, Hop, Write
from streams.lane import Lane, Range
from streams.log import KafkaLog, producer_options

EXIT_FAULT = 70  # EX_SOFTWARE
POLL_SECONDS = 0.2
BUSY_SECONDS = 0.005  # while a partition waits for its agent
FETCH_MAX_WAIT_MS = 50  # stock: 1500, which new records of a partition just emptied may have to wait

logger = logging.getLogger("everyminute.worker")


def fail_stop(why: str) -> NoReturn:
    """End the process at once, committing nothing. What was not acknowledged is read again by the next owner."""
    logger.critical("Stopped: %s. What was not acknowledged will be read again.", why)
    logging.shutdown()
    sys.stdout.flush()
    os._exit(EXIT_FAULT)


@dataclass(frozen=True, slots=True)
class Handed:
    """The value of a lane event: raw records of one partition, in order, without holes."""

    records: Sequence[Any]
    range: Range


class HardTopic(faust.Topic):  # type: ignore[misc]
    """Raw bytes through; a delivery that fails ends the process."""

    def _compile_decode(self) -> None:
        async def decode(message: Any, *, propagate: bool = False) -> Any:
            return self._create_event(message.key, message.value, message.headers, message=message)

        self.decode = decode

    def _on_published(self, fut: asyncio.Future[Any], message: Any, producer: Any, state: Any) -> None:
        super()._on_published(fut, message, producer, state)
        if fut.cancelled() or fut.exception() is not None:
            fail_stop(f"Kafka did not take a record for {self.get_topic_name()}")


class HardProducer(driver.Producer):  # type: ignore[misc]
    """Idempotent, acknowledged by all replicas."""

    def _settings_extra(self) -> dict[str, Any]:
        return {**super()._settings_extra(), **producer_options()}


class RawRecords(fetcher.PartitionRecords):  # type: ignore[misc]
    """Gives records as they were unpacked; building one with the fields that nobody asks for takes half the time of
    reading it."""

    def __iter__(self) -> Iterator[Any]:
        return self._records_iterator  # type: ignore[no-any-return]

    def _consumer_record(self, tp: Any, record: Any) -> Any:
        return record


class RawResults(OrderedDict[Any, Any]):
    """The fetcher's results by partition: all of them give raw records."""

    def __setitem__(self, tp: Any, result: Any) -> None:
        if type(result) is fetcher.FetchResult:
            result._partition_records.__class__ = RawRecords
        super().__setitem__(tp, result)


class HardThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_MAX_WAIT_MS
        return consumer

    async def on_start(self) -> None:
        await super().on_start()
        self._consumer._fetcher._records = RawResults()  # nothing is assigned yet, so nothing was fetched


class HardConsumer(driver.Consumer):  # type: ignore[misc]
    """Hands out batches; commits what is acknowledged without a hole before it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.lanes: defaultdict[Any, Lane] = defaultdict(Lane)
        self.sought: dict[Any, int] = {}  # lowest offset a changelog was read from since its state was dropped
        super().__init__(*args, **kwargs)

    def _new_consumer_thread(self) -> HardThread:
        return HardThread(self, loop=self.loop, beacon=self.beacon)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[Any, Any]]:
        """One message a partition and poll. Faust's own loop takes it from here."""
        if not self.flow_active:
            await self.wait(self.can_resume_flow)
        generation = self.app.consumer_generation_id
        active = self._get_active_partitions()
        ready = {tp for tp in active if self.lanes[tp].has_room}
        if not ready:
            await asyncio.sleep(BUSY_SECONDS if active else POLL_SECONDS)
            return
        full = len(ready) == len(active)
        polled = await self._getmany(active_partitions=ready, timeout=POLL_SECONDS if full else BUSY_SECONDS)
        for tp, records in (polled or {}).items():
            if self.should_stop or not self.flow_active or self.app.consumer_generation_id != generation:
                return  # Faust seeks after a rebalance; should it not, the lane finds the gap
            again = self.lanes[tp].missing(records[0].offset)
            if again is not None:
                await self._seek(tp, again)
                continue
            yield tp, self._message(tp, records)

    def _message(self, tp: Any, records: Sequence[Any]) -> ConsumerMessage:
        lane = self.lanes[tp]
        handed = Handed(records, lane.hand_out(records[0].offset, records[-1].offset))
        if not self.app.topics.acks_enabled_for(tp.topic):
            lane.open.clear()  # a changelog: nobody acknowledges, nothing is committed
        self._read_offset[tp] = None  # the lane keeps the order; stock books would drop what is read again
        return ConsumerMessage(
            tp.topic, tp.partition, records[-1].offset, None, None, (), None, handed, None, None, None, tp,
            generation_id=self.app.consumer_generation_id,
        )  # fmt: skip

    async def perform_seek(self) -> None:
        """To the committed offsets, and to the beginning where nothing is committed: stock Faust stays put there."""
        committed = await self.seek_to_committed()
        fresh = [tp for tp, offset in committed.items() if not offset and not self._is_changelog_tp(tp)]
        earliest = await self.earliest_offsets(*fresh) if fresh else {}
        for tp in fresh:
            await self._seek(tp, earliest[tp])
        for tp, offset in {**committed, **earliest}.items():
            self._read_offset[tp] = None
            self._committed_offset[tp] = committed.get(tp) or None
            if not self._is_changelog_tp(tp):
                self.lanes[tp] = Lane(position=offset)

    async def seek_wait(self, partitions: Mapping[Any, int]) -> None:
        for tp, offset in partitions.items():
            self.sought[tp] = min(offset, self.sought.get(tp, offset))
        await super().seek_wait(partitions)

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[Any]:
        return (tp for tp in list(self.lanes) if topics is None or tp in topics or tp.topic in topics)

    def _new_offset(self, tp: Any) -> int | None:
        self._acked.pop(tp, None)  # stock books: kept small, never read
        self._acked_index.pop(tp, None)
        return self.lanes[tp].committable()

    async def on_partitions_revoked(self, revoked: set[Any]) -> None:
        await super().on_partitions_revoked(revoked)  # waits for steps under way, and commits
        for tp in revoked:
            self.lanes.pop(tp, None)


class HardTransport(driver.Transport):  # type: ignore[misc]
    Consumer = HardConsumer
    Producer = HardProducer


class FactStore(memory.Store):  # type: ignore[misc]
    """Feeds a hop from its changelog; keeps nothing itself. Faust would swallow an exception here: the process ends."""

    def __init__(self, hop: Hop[Any, Any], changelog: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._hop = hop
        self._changelog = changelog
        self._owned: set[int] = set()

    def apply_changelog_batch(self, batch: Iterable[Any], to_key: Any, to_value: Any) -> None:
        try:
            for event in batch:
                message = event.message
                if message.topic != self._changelog or message.partition not in self._owned:
                    continue  # of an assignment before this one
                for record in event.value.records:
                    self._hop.restore(message.partition, record.key, record.value)
        except Exception as error:
            logger.exception("%s cannot be restored", self._changelog)
            fail_stop(f"{self._changelog} cannot be restored: {error!r}")

    async def on_rebalance(self, assigned: Any, revoked: Any, newly_assigned: Any, generation_id: int = 0) -> None:
        """State and how far it was restored are forgotten together. Faust forgets the latter a step later, and not at
        all where one rebalance overtakes another: it would then restore a tail only."""
        for tp in (*revoked, *newly_assigned):
            if tp.topic == self._changelog:
                self._hop.drop(tp.partition)
                self._hop.unrestored.add(tp.partition)
                self.app.tables.recovery.active_offsets.pop(tp, None)
                self.app.consumer.sought.pop(tp, None)
        self._owned = {tp.partition for tp in assigned if tp.topic == self._changelog}

    async def on_recovery_completed(self, active_tps: Any, standby_tps: Any) -> None:
        """What was dropped has been read from its beginning, else no step may begin. Where another rebalance has
        overtaken this one it was not read yet, and will be."""
        owned = [tp for tp in active_tps if tp.topic == self._changelog]
        for tp, first in (await self.app.consumer.earliest_offsets(*owned) if owned else {}).items():
            begun = self.app.consumer.sought.get(tp)
            if begun is not None and begun > (first or 0):
                fail_stop(f"{tp.topic}/{tp.partition} was restored from {begun}, its first record is {first}")
            elif begun is not None:
                self._hop.unrestored.discard(tp.partition)


class FactTable(faust.Table):  # type: ignore[misc]
    """A hop's table: Faust restores it, the hop holds it."""

    def __init__(self, app: Any, *, hop: Hop[Any, Any], **kwargs: Any) -> None:
        self._hop = hop
        super().__init__(app, **kwargs)

    def _new_store(self) -> FactStore:
        return FactStore(self._hop, self.changelog_topic_name, "memory://", self.app, self, table_name=self.name)


class WorkerLog:
    """`streams.hop.Log` on the worker's own producer. What Kafka does not take in time ends the process."""

    def __init__(self, app: Any, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    async def append(self, writes: Sequence[Write]) -> None:
        try:
            await KafkaLog(self._app.producer._ensure_producer(), self._prefix).append(writes)
        except Exception as error:
            fail_stop(f"Kafka did not take the records of {', '.join({w.topic for w in writes})}: {error!r}")


class RecoveryTrap(logging.Handler):
    """Faust logs an error in recovery and goes on with a hole in the table: the process ends instead."""

    def emit(self, record: logging.LogRecord) -> None:
        if "Error in recovery" in record.getMessage():
            fail_stop(record.getMessage())


async def batches(stream: Any, prefix: str) -> AsyncIterator[Batch]:
    """The batches of a stream. A batch left before its acknowledgement stays unacknowledged."""
    async for event in stream.noack().events():
        topic = event.message.topic.removeprefix(prefix)
        yield Batch(topic, event.message.partition, event.value.records, partial(_acknowledge, event))


def _acknowledge(event: Any) -> None:
    event.value.range.acknowledged = True
    event.ack()


def is_ready(app: Any) -> bool:
    """Whether the state is restored and the streams flow."""
    return bool(app.tables.actives_ready and not app.rebalancing)


def lag_of(app: Any, names: Sequence[str]) -> int | None:
    """Records of these topics that are not acknowledged; None while the broker has not told the end."""
    lag = 0
    for tp in [tp for tp in app.consumer.lanes if tp.topic in names]:
        lane, end = app.consumer.lanes[tp], app.consumer.highwater(tp)
        begin = lane.open[0].first if lane.open else lane.position
        if end is None or begin is None:
            return None
        lag += max(0, end - begin)
    return lag


def assert_hardened(app: Any) -> None:
    """What must hold of a started app. A violated one is our own defect."""
    assert faust.streams._CStreamIterator is not None, "Faust's Cython extension is missing: install its wheel"
    assert type(app.consumer) is HardConsumer, type(app.consumer)
    assert type(app.producer) is HardProducer, type(app.producer)
    assert app.producer._ensure_producer()._txn_manager is not None, "the producer is not idempotent"
    assert all(agent.concurrency == 1 for agent in app.agents.values())
