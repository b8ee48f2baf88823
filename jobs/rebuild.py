"""The ledger made anew: the sources of truth, with their recorded outcomes, through a worker and a writer of their own,
into new topics and empty tables, which are then exchanged. Nothing of the old is deleted."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from jobs.catalog_topic import opened_consumer
from jobs.console import Exit, UserError
from jobs.ledger import Ledger, ledger_hash
from jobs.settled import lag, wait_settled
from sinks.clickhouse import connect, query
from sinks.migrate import migrate
from sinks.tables import TABLES
from streams.doors import Door
from streams.models.fact import decode_fact
from streams.settings import Settings
from streams.topics import CATALOG, DECISIONS, EVENTS, EXPORTS, LINK_LOG, NOTES, RATE_LOG, RAW, provision

SOURCES = (DECISIONS, CATALOG, *EVENTS, EXPORTS, RAW, NOTES)
OUTCOMES = ("manifest", "closed", "refused")
ROOT = Path(__file__).parents[1]
Hashes = dict[str, str]  # content hash by tenant


def target(settings: Settings, prefix: str) -> Settings:
    """Where the new ledger is made: topics under another prefix, tables in a database beside, the next epoch."""
    changed = {
        "topic_prefix": prefix,
        "epoch": settings.epoch + 1,
        "clickhouse_database": f"{settings.clickhouse_database}_rebuild",
    }
    return settings.model_copy(update=changed)


async def check(settings: Settings, new: Settings) -> None:
    """Raises UserError where the old ledger is not complete, or the place for the new one is taken."""
    left = sum((await lag(settings)).values())
    if left:
        raise UserError(
            f"{left} records were not read yet: let workers and writer finish, then stop them.", Exit.CANNOT
        )
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
    await admin.start()
    try:
        taken = new.topic(RATE_LOG) in await admin.list_topics()
    finally:
        await admin.close()
    if taken:
        raise UserError(f"Topics under {new.topic_prefix} exist already: name another --prefix.", Exit.USAGE)


async def copy_sources(settings: Settings, new: Settings) -> dict[str, int]:
    """Records by topic. The outcomes go into the log of rate before anything else: nothing is decided twice. The
    clock mark comes before the catalogue, which says how long is the retention: nothing is sealed in a rebuild."""
    await provision(new)
    counts: dict[str, int] = {}
    async with Door(new) as door:
        for partition in range(settings.partitions):
            async for records in _records(settings, DECISIONS, partition):
                known = [one for one in records if decode_fact(one[1]).kind in OUTCOMES]
                await door.copy(RATE_LOG, partition, known)
        if mark := await _largest_mark(settings):
            await door.mark(mark)
        for topic in SOURCES:
            for partition in range(settings.partitions):
                async for records in _records(settings, topic, partition):
                    await door.copy(topic, partition, records)
                    counts[topic] = counts.get(topic, 0) + len(records)
    return counts


async def _largest_mark(settings: Settings) -> int:
    mark = 0
    for topic in (LINK_LOG, RATE_LOG):
        for partition in range(settings.partitions):
            async for records in _records(settings, topic, partition):
                found = [decode_fact(value) for _, value in records if b'"mark"' in value[:60]]
                mark = max([mark, *(fact.rev for fact in found if fact.kind == "mark")])
    return mark


async def _records(settings: Settings, topic: str, partition: int) -> AsyncIterator[list[tuple[bytes, bytes]]]:
    """(key, value) of all that stands on a partition now, in order, some at a time; with the bytes as they are."""
    async with opened_consumer(settings) as consumer:
        place = TopicPartition(settings.topic(topic), partition)
        consumer.assign([place])
        await consumer.seek_to_beginning(place)
        end = (await consumer.end_offsets([place]))[place]
        while await consumer.position(place) < end:
            for records in (await consumer.getmany(place, timeout_ms=1000, max_records=2000)).values():
                yield [(one.key or b"", one.value or b"") for one in records if one.offset < end]


@contextmanager
def running(new: Settings) -> Iterator[None]:
    """A worker and a writer on the new topics and tables."""
    environment = {name: text for name, text in os.environ.items() if name != "EVERYMINUTE_WORKER"}
    for name in ("home", "kafka", "topic_prefix", "partitions", "epoch", "clickhouse_database"):
        environment[f"EVERYMINUTE_{name.upper()}"] = str(getattr(new, name))
    environment["EVERYMINUTE_HOME"] = str(new.home.expanduser() / "rebuild")
    commands = (("streams.app", "worker"), ("sinks.writer",))
    started = [subprocess.Popen([sys.executable, "-m", *one], env=environment, cwd=ROOT) for one in commands]
    try:
        yield
        ended = [one.args for one in started if one.poll() is not None]
        if ended:
            raise UserError(f"A process of the rebuild ended before it was done: {ended}", Exit.CANNOT)
    finally:
        for one in started:
            one.terminate()
        for one in started:
            one.wait(60)


def make(settings: Settings, new: Settings, timeout: float) -> tuple[Hashes, Hashes]:
    """The new ledger beside the old one; content hashes of both. Raises UserError."""
    migrate(new)
    try:
        asyncio.run(check(settings, new))
        asyncio.run(copy_sources(settings, new))
    except KafkaError as error:
        raise UserError(f"Kafka at {settings.kafka}: {error}", Exit.CANNOT) from error
    with running(new):
        if not asyncio.run(wait_settled(new, timeout)):
            raise UserError(f"The new ledger was not complete after {timeout:g} s: give more --timeout.", Exit.CANNOT)
    return hashes(settings), hashes(new)


def hashes(settings: Settings) -> Hashes:
    client = connect(settings, read_only=True)
    try:
        tenants = [
            row["tenant"] for row in query(client, "SELECT DISTINCT tenant FROM entries_live ORDER BY tenant", {})
        ]
    finally:
        client.close()
    found: Hashes = {}
    for tenant in tenants:
        with Ledger(settings, tenant) as ledger:
            found[tenant] = ledger_hash(ledger.entries(trail=True))[0]
    return found


def exchange(settings: Settings, new: Settings) -> None:
    """The new tables in the place of the old ones, which are then in the database beside."""
    client = connect(settings)
    try:
        for table in TABLES:
            old, other = f"{settings.clickhouse_database}.{table.name}", f"{new.clickhouse_database}.{table.name}"
            client.command(f"EXCHANGE TABLES {old} AND {other}")
    finally:
        client.close()
