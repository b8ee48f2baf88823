"""The Faust app of a worker: its settings, and an agent and a table a hop."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Generator, Sequence
from typing import Any, Protocol

import faust

from streams.hardened import FactTable, HardTopic, HardTransport, RecoveryTrap, batches, fail_stop
from streams.hop import Batch, Hop
from streams.settings import Settings
from streams.turns import in_turns

COMMIT_SECONDS = 0.25

logger = logging.getLogger("everyminute.worker")


def new_app(settings: Settings) -> Any:
    """The Faust app of a worker, without agents yet."""
    folder = settings.home.expanduser() / "run" / "faust"
    folder.mkdir(parents=True, exist_ok=True)
    app = faust.App(
        f"{settings.topic_prefix}worker",
        broker=[f"kafka://{server}" for server in settings.kafka.split(",")],
        store="memory://", Topic=HardTopic, datadir=folder,
        canonical_url=f"http://127.0.0.1:{os.getpid()}",  # names this process among the group's members
        processing_guarantee="at_least_once", stream_wait_empty=True, stream_publish_on_commit=False,
        topic_allow_declare=False, topic_disable_leader=True, topic_partitions=settings.partitions,
        topic_replication_factor=settings.replication, table_standby_replicas=0,
        consumer_auto_offset_reset="earliest", consumer_max_fetch_size=4 * 1024 * 1024,
        producer_threaded=False, broker_max_poll_records=settings.batch_records, stream_buffer_maxsize=64,
        broker_commit_interval=COMMIT_SECONDS, broker_session_timeout=settings.session_timeout,
        broker_heartbeat_interval=settings.session_timeout / 10, broker_rebalance_timeout=60.0,
        web_enabled=False, web_tables_enabled=False, worker_redirect_stdouts=False,
    )  # fmt: skip
    app.transport = HardTransport(app.conf.broker_consumer, app)
    app.producer_transport = HardTransport(app.conf.broker_producer, app)
    logging.getLogger("faust.tables.recovery").addHandler(RecoveryTrap())
    return app


class Taker(Protocol):
    """What an agent hands batches to: computed one ahead, written in order. `Hop` and `Copy` are such."""

    def computing(self, batch: Batch) -> Generator[None, None, Any]: ...
    async def write(self, computed: Any) -> None: ...


async def run(hop: Taker, arriving: AsyncIterator[Batch], failed: Callable[[BaseException], None]) -> None:
    """While the broker acknowledges one batch the next is computed. ``failed`` is told at once when writing fails.

    A cancelled agent cancels the writing too: that range is never acknowledged, and is read again.
    """

    def done(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            failed(error)

    writing: asyncio.Task[None] | None = None
    try:
        async for batch in arriving:
            computed = await in_turns(hop.computing(batch))
            if writing is not None:
                await writing
            writing = asyncio.create_task(hop.write(computed))
            writing.add_done_callback(done)
        if writing is not None:
            await writing
    finally:
        if writing is not None and not writing.done():
            writing.cancel()
            await asyncio.wait([writing])


def add_hop(
    app: Any, settings: Settings, name: str, sources: Sequence[str], hop: Taker, changelog: str | None = None
) -> None:
    """An agent over the sources and, where the hop has one, the table that restores it. Topics without prefix."""
    if changelog is not None:
        assert isinstance(hop, Hop)
        topic = app.topic(settings.topic(changelog), key_type=bytes, value_type=bytes, acks=False)
        app.tables.add(FactTable(app, hop=hop, name=name, changelog_topic=topic, recovery_buffer_size=4))

    def failed(error: BaseException) -> None:
        logger.error("%s", name, exc_info=error)
        fail_stop(f"{name}: {error!r}")

    async def agent(stream: Any) -> None:
        try:
            await run(hop, batches(stream, settings.topic_prefix), failed)
        except Exception as error:
            failed(error)

    topic = app.topic(*(settings.topic(source) for source in sources), key_type=bytes, value_type=bytes)
    app.agent(topic, name=f"{settings.topic_prefix}{name}", concurrency=1)(agent)
