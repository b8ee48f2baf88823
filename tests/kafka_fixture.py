"""One real broker for all tests of a pytest process, on free ports and a temporary directory.

In a `conftest.py`: `from tests.kafka_fixture import kafka, topic_prefix` (and name both in `__all__`).
The broker starts when the first test asks for it, and however many modules import the fixture, only once.
"""

import asyncio
import atexit
import functools
import tempfile
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import for_code

from deploy.embedded import ports
from deploy.embedded.kafka import KafkaBroker
from tests import containers

__all__ = ["bootstrap", "broker", "create_topics", "create_topics_async", "kafka", "topic_prefix"]


@functools.cache
def broker() -> KafkaBroker:
    """The broker of this process, ready. It stops, and its data goes, when the process ends."""
    folder = tempfile.TemporaryDirectory(prefix="everyminute-kafka-")
    port, controller_port = ports.free(2)
    started = KafkaBroker(Path(folder.name), port, controller_port, Path(folder.name))
    atexit.register(folder.cleanup)
    atexit.register(started.stop)  # the last registered runs first
    started.start()
    started.wait_ready(timeout=60)
    return started


@pytest.fixture(scope="session")
def kafka() -> str:
    """Bootstrap servers of the broker, `host:port`."""
    return bootstrap()


@functools.cache
def bootstrap() -> str:
    """The broker of this process: embedded, or in a container where that is asked for."""
    return containers.kafka_bootstrap() if containers.WANTED else broker().bootstrap


@pytest.fixture
def topic_prefix() -> str:
    """A prefix no other test has, for names of topics and groups: topics are never reused, only left behind."""
    return f"t{uuid.uuid4().hex[:10]}."


def create_topics(
    bootstrap: str, names: Iterable[str], partitions: int = 1, config: Mapping[str, str] | None = None
) -> None:
    """Create topics and return once each has its leaders. Raises the broker's error, existing ones included."""
    asyncio.run(create_topics_async(bootstrap, names, partitions, config))


async def create_topics_async(
    bootstrap: str, names: Iterable[str], partitions: int = 1, config: Mapping[str, str] | None = None
) -> None:
    """`create_topics` for tests that run in an event loop."""
    wanted = list(names)
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        new = [NewTopic(name, partitions, 1, topic_configs=dict(config or {})) for name in wanted]
        for _, code, *_ in (await admin.create_topics(new)).topic_errors:
            if code:
                raise for_code(code)
        async with asyncio.timeout(10):
            while not all(map(_has_leaders, await admin.describe_topics(wanted))):
                await asyncio.sleep(0.01)
    finally:
        await admin.close()


def _has_leaders(topic: Mapping[str, object]) -> bool:
    partitions = topic["partitions"]
    return (
        topic["error_code"] == 0
        and isinstance(partitions, list)
        and all(p["error_code"] == 0 and p["leader"] >= 0 for p in partitions)
    )
