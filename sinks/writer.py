"""The writer: from the log into ClickHouse. ``python -m sinks.writer``.

Takes a batch, inserts it, checks the count of written rows, sends what the store refused to `parked`, and only
then commits. While one batch is being inserted the next is read. Any other ending leaves the batch uncommitted: it
comes again, and the store keeps one row of each identity whatever comes twice.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError, RebalanceInProgressError

from sinks.clickhouse import ClickHouseSink
from sinks.decode import TOPICS, Refused, Stored, decode
from sinks.insert import Inserter, Patience, StopRequested
from sinks.runfile import EVERY_SECONDS, RunFile
from sinks.store import Sink, StoreError
from streams.crash import crash_points
from streams.models.parked import encode_parked
from streams.settings import Settings
from streams.topics import LARGEST_RECORD, PARKED, partition_of

log = logging.getLogger(__name__)
IDLE_MS = 200


class Writer:
    """One writer. ``run`` returns when asked to stop; it raises StoreError or KafkaError when it cannot go on."""

    def __init__(self, settings: Settings, sink: Sink, patience: Patience | None = None) -> None:
        self._settings = settings
        self._stopping = threading.Event()
        self._inserter = Inserter(sink, patience or Patience(), self._stopping)
        self._runfile = RunFile(settings.home, "writer")
        self._names = {settings.topic(name): name for name in TOPICS}
        self._counts: Counter[str] = Counter(received=0, done=0, parked=0, batches=0)
        self._tables: Counter[str] = Counter()
        self._reached = crash_points(os.environ)("write")
        self._writing: asyncio.Task[None] | None = None

    def stop(self) -> None:
        """Finish what is in hand, commit, return. From a signal handler or another thread."""
        self._stopping.set()

    async def run(self) -> None:
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=self._settings.kafka,
            group_id=self._settings.topic("writer"),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=int(self._settings.session_timeout * 1000),
            heartbeat_interval_ms=int(self._settings.session_timeout * 1000 / 10),
            max_partition_fetch_bytes=2 * LARGEST_RECORD,
        )
        self._producer = AIOKafkaProducer(
            bootstrap_servers=self._settings.kafka,
            acks="all",
            enable_idempotence=True,
            max_request_size=LARGEST_RECORD,
        )
        self._consumer.subscribe(list(self._names), listener=_Hold(self))
        try:
            await self._producer.start()
            await self._consumer.start()
            reporting = asyncio.create_task(self._reporting())
            try:
                await self._loop()
            finally:
                reporting.cancel()
            await self._report()
        finally:
            await self._consumer.stop()
            await self._producer.stop()

    async def _loop(self) -> None:
        while not self._stopping.is_set():
            batch = await self._gather()
            await self._settle()
            if batch:
                self._counts["received"] += len(batch)
                self._writing = asyncio.create_task(self._write(batch))
        await self._settle()

    async def _reporting(self) -> None:
        """Also while the store is waited for: a writer that waits is alive."""
        while True:
            await self._report()
            await asyncio.sleep(EVERY_SECONDS)

    async def _settle(self) -> None:
        """Wait until the batch in hand is written and committed; raises what it raised."""
        if self._writing:
            await self._writing
            self._writing = None

    async def hold(self) -> None:
        """Wait for the batch in hand and leave its failure to the loop: raised here, aiokafka would swallow it."""
        if self._writing:
            await asyncio.wait([self._writing])

    async def _gather(self) -> list[ConsumerRecord]:
        """Up to ``write_rows`` records, waiting at most ``write_seconds`` after the first."""
        loop = asyncio.get_running_loop()
        batch: list[ConsumerRecord] = []
        deadline = 0.0
        while (room := self._settings.write_rows - len(batch)) > 0 and not self._stopping.is_set():
            wait = max(0.0, deadline - loop.time()) * 1000 if batch else IDLE_MS
            got = await self._consumer.getmany(timeout_ms=int(wait), max_records=room)
            if not got:
                break
            if not batch:
                deadline = loop.time() + self._settings.write_seconds
            for records in got.values():
                batch += records
        return batch

    async def _write(self, batch: Sequence[ConsumerRecord]) -> None:
        stored, refused = await asyncio.to_thread(self._store, batch)
        self._reached("after_insert_before_commit")
        for item in refused:
            await self._park(item)
        self._reached("after_park_before_commit")
        await self._commit(batch)
        self._reached("after_commit")
        self._counts["done"] += len(batch) - len(refused)
        self._counts["parked"] += len(refused)
        self._counts["batches"] += 1
        self._tables.update(one.table.name for one in stored)

    def _store(self, batch: Sequence[ConsumerRecord]) -> tuple[list[Stored], list[Refused]]:
        """Decode and insert; runs in a thread of its own."""
        stored: list[Stored] = []
        refused: list[Refused] = []
        for record in batch:
            found = decode(self._names[record.topic], record, self._settings.tenant)
            if isinstance(found, Stored):
                stored.append(found)
            elif found:
                self._inserter.bad.count(found.saw)
                refused.append(found)
        self._reached("before_insert")
        return stored, refused + self._inserter.write(stored)

    async def _park(self, item: Refused) -> None:
        name = self._names[item.record.topic]
        parked = item.park(name)
        topic = self._settings.topic(PARKED)
        count = len(await self._producer.partitions_for(topic))
        log.error("parked %s as %s: %s", parked.place, parked.reason, parked.saw)
        await self._producer.send_and_wait(
            topic,
            encode_parked(parked),
            key=parked.id.encode(),
            partition=partition_of(parked.tenant, count),
        )

    async def _commit(self, batch: Sequence[ConsumerRecord]) -> None:
        ends: dict[TopicPartition, int] = {}
        for record in batch:
            place = TopicPartition(record.topic, record.partition)
            ends[place] = max(ends.get(place, 0), record.offset + 1)
        owned = self._consumer.assignment()
        mine = {place: end for place, end in ends.items() if place in owned}
        if not mine:  # all of it moved away meanwhile; aiokafka refuses an empty commit
            log.warning("not committed, other writers took over")
            return
        try:
            await self._consumer.commit(mine)
        except (CommitFailedError, IllegalStateError, RebalanceInProgressError) as error:
            log.warning("not committed, another writer took over: %s", error)  # it writes the same rows again

    async def _report(self) -> None:
        waiting = self._counts["received"] - self._counts["done"] - self._counts["parked"]
        more: dict[str, object] = {
            "waiting": waiting,
            "retries": self._inserter.retries,
            "partitions": len(self._consumer.assignment()),
            "unread": await self._unread(),
            "tables": dict(self._tables),
        }
        self._runfile.write(dict(self._counts) | more)

    async def _unread(self) -> int | None:
        """Records in the log that were not read yet, as far as the broker told; None while partitions move."""
        unread = 0
        try:
            async with asyncio.timeout(1):
                for place in self._consumer.assignment():
                    if end := self._consumer.highwater(place):
                        unread += end - await self._consumer.position(place)
        except (TimeoutError, IllegalStateError, AssertionError):
            return None
        return unread


class _Hold(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """Before partitions go to another writer, what is in hand is committed."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    async def on_partitions_revoked(self, revoked: object) -> None:
        await self._writer.hold()

    async def on_partitions_assigned(self, assigned: object) -> None:
        pass


async def serve(settings: Settings) -> None:
    """Check the tables, then write until a signal comes. Raises StoreError or KafkaError."""
    sink = ClickHouseSink(settings)
    await asyncio.to_thread(sink.check_schema)
    writer = Writer(settings, sink)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, writer.stop)
    try:
        await writer.run()
    finally:
        sink.close()


def main() -> int:
    """Exit code 0 after a signal, 1 when the writer cannot go on; the reason is on standard error."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    gc.set_threshold(50_000, 20, 100)  # a batch is thousands of small objects that all live equally long
    try:
        asyncio.run(serve(Settings()))
    except StopRequested:
        return 0
    except (StoreError, KafkaError, OSError) as error:
        print(f"The writer stops: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
