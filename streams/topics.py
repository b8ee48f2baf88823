"""The topics: names, partitions, retention; made once by `everyminute topics`, checked whenever a worker starts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from struct import unpack_from
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from streams.models.event import TOPIC_OF_KIND
from streams.settings import Settings

EVENTS = tuple(TOPIC_OF_KIND.values())
CATALOG = "catalog"
DECISIONS = "decisions"
LINK_LOG = "link-log"
RATE_LOG = "rate-log"
ENTRIES = "entries"
PARKED = "parked"
EXPORTS = "exports"
RAW = "raw"
NOTES = "notes"
PAIR_FACTS = "pair-facts"
LINK_FACTS = "link-facts"
RATE_FACTS = "rate-facts"
CHANGELOGS = (PAIR_FACTS, LINK_FACTS, RATE_FACTS)

FOR_EVER = -1
DAY_MS = 86_400_000
LEADER_SECONDS = 30.0
LARGEST_RECORD = 4 * 1024 * 1024  # bytes; a parked record holds another one, in base64


@dataclass(frozen=True, slots=True)
class Topic:
    """``cleanup`` is Kafka's policy. Only changelogs are compacted: compaction keeps the last record of a key, not
    the highest version, and a fact in a changelog never changes."""

    name: str
    cleanup: str = "delete"
    retention_ms: int = FOR_EVER

    def config(self, replication: int) -> dict[str, str]:
        return {
            "cleanup.policy": self.cleanup,
            "retention.ms": str(self.retention_ms),
            "retention.bytes": str(FOR_EVER),
            "min.insync.replicas": "2" if replication >= 3 else "1",
            "max.message.bytes": str(LARGEST_RECORD),
        }


# The logs and entries can be made anew from the sources of truth, but nothing deletes them behind a reader's back.
TOPICS: tuple[Topic, ...] = (
    *(Topic(name) for name in (*EVENTS, CATALOG, DECISIONS, LINK_LOG, RATE_LOG, ENTRIES, PARKED, EXPORTS)),
    Topic(RAW, retention_ms=30 * DAY_MS),
    Topic(NOTES, retention_ms=30 * DAY_MS),
    *(Topic(name, cleanup="compact") for name in CHANGELOGS),
)


def partition_of(text: str, count: int) -> int:
    """Kafka's own partition of a record with this key: murmur2 of its UTF-8 bytes modulo ``count``."""
    return (murmur2(text.encode()) & 0x7FFFFFFF) % count


def murmur2(data: bytes) -> int:
    """32 bits, unsigned, seed 0x9747b28c."""
    length = len(data)
    whole = length >> 2
    h = 0x9747B28C ^ length
    for word in unpack_from(f"<{whole}I", data):
        k = (word * 0x5BD1E995) & 0xFFFFFFFF
        k = ((k ^ (k >> 24)) * 0x5BD1E995) & 0xFFFFFFFF
        h = ((h * 0x5BD1E995) & 0xFFFFFFFF) ^ k
    rest = data[whole << 2 :]
    if rest:
        h = ((h ^ int.from_bytes(rest, "little")) * 0x5BD1E995) & 0xFFFFFFFF
    h = ((h ^ (h >> 13)) * 0x5BD1E995) & 0xFFFFFFFF
    return h ^ (h >> 15)


async def provision(settings: Settings) -> list[str]:
    """Create what is missing, wait for its leaders, return its names. What exists is left as it is: see `audit`.

    Raises KafkaError, or TimeoutError when the cluster finds no leader in time.
    """
    async with _Admin(settings.kafka) as admin:
        present = set(await admin.list_topics())
        missing = [topic for topic in TOPICS if settings.topic(topic.name) not in present]
        if missing:
            new = [_new_topic(topic, settings) for topic in missing]
            for name, code, *_ in (await admin.create_topics(new)).topic_errors:
                if code and for_code(code) is not TopicAlreadyExistsError:
                    raise for_code(code)(f"topic {name}")
            async with asyncio.timeout(LEADER_SECONDS):
                await _leaders(admin, [topic.name for topic in new])
        return [settings.topic(topic.name) for topic in missing]


async def audit(settings: Settings) -> list[str]:
    """What is wrong with the topics, one sentence each; empty when a worker may start."""
    names = [settings.topic(topic.name) for topic in TOPICS]
    async with _Admin(settings.kafka) as admin:
        present = set(await admin.list_topics())
        missing = [name for name in names if name not in present]
        if missing:
            return [f"Topic {name} does not exist. Run `everyminute topics`." for name in missing]
        described = {topic["topic"]: topic for topic in await admin.describe_topics(names)}
        configs = await _configs(admin, names)
    wrong: list[str] = []
    for topic in TOPICS:
        name = settings.topic(topic.name)
        wrong += _differences(topic, name, described[name], configs[name], settings)
    return wrong


def _differences(
    topic: Topic, name: str, described: Mapping[str, Any], config: Mapping[str, str], settings: Settings
) -> list[str]:
    wrong: list[str] = []
    count = len(described["partitions"])
    if count != settings.partitions:
        wrong.append(
            f"Topic {name} has {count} partitions, the settings say {settings.partitions}. The number is never "
            f"changed in place: set EVERYMINUTE_PARTITIONS={count}, or rebuild into new topics."
        )
    replicas = min(len(partition["replicas"]) for partition in described["partitions"])
    if replicas < settings.replication:
        wrong.append(f"Topic {name} has {replicas} replicas, the settings say {settings.replication}.")
    for key in ("cleanup.policy", "retention.ms", "min.insync.replicas"):
        expected = topic.config(settings.replication)[key]
        if config.get(key) != expected:
            wrong.append(f"Topic {name} has {key}={config.get(key)}, it must be {expected}: set it with kafka-configs.")
    return wrong


def _new_topic(topic: Topic, settings: Settings) -> NewTopic:
    return NewTopic(
        name=settings.topic(topic.name),
        num_partitions=settings.partitions,
        replication_factor=settings.replication,
        topic_configs=topic.config(settings.replication),
    )


async def _leaders(admin: AIOKafkaAdminClient, names: Sequence[str]) -> None:
    """Until every partition has a leader: before, a description of the topic may be empty."""
    while not all(
        topic["partitions"] and all(partition["leader"] >= 0 for partition in topic["partitions"])
        for topic in await admin.describe_topics(list(names))
    ):
        await asyncio.sleep(0.05)


async def _configs(admin: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, dict[str, str]]:
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    configs: dict[str, dict[str, str]] = {}
    for response in await admin.describe_configs(resources):
        for _, _, _, name, entries in response.resources:
            configs[name] = {entry[0]: entry[1] for entry in entries}
    return configs


class _Admin:
    """The admin client as a context: started, and closed whatever happens."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap

    async def __aenter__(self) -> AIOKafkaAdminClient:
        self._client = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap)
        await self._client.start()
        return self._client

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()
