"""Topics are made once, as they must be, and a worker refuses to start on others."""

import asyncio

import pytest
from aiokafka.partitioner import murmur2 as kafkas
from hypothesis import given
from hypothesis import strategies as st

from streams import topics
from streams.settings import Settings
from tests.kafka_fixture import create_topics


@given(st.binary(max_size=60))
def test_the_hash_is_kafkas(data: bytes) -> None:
    assert topics.murmur2(data) == kafkas(data) & 0xFFFFFFFF


@pytest.mark.parametrize(
    ("text", "hashed"), [("21", -973932308), ("foobar", -790332482), ("a-little-bit-long-string", -985981536)]
)
def test_the_hash_is_that_of_kafkas_own_tests(text: str, hashed: int) -> None:
    assert topics.murmur2(text.encode()) == hashed & 0xFFFFFFFF


def settings_of(kafka: str, prefix: str, partitions: int = 2) -> Settings:
    return Settings(kafka=kafka, topic_prefix=prefix, partitions=partitions)


@pytest.mark.integration
def test_provisioning_twice_is_the_same_as_once_and_passes_the_audit(kafka: str, topic_prefix: str) -> None:
    settings = settings_of(kafka, topic_prefix)
    assert len(asyncio.run(topics.audit(settings))) == len(topics.TOPICS)  # all missing, each named
    assert len(asyncio.run(topics.provision(settings))) == len(topics.TOPICS)
    assert asyncio.run(topics.provision(settings)) == []
    assert asyncio.run(topics.audit(settings)) == []


@pytest.mark.integration
def test_another_number_of_partitions_is_refused_with_the_remedy(kafka: str, topic_prefix: str) -> None:
    asyncio.run(topics.provision(settings_of(kafka, topic_prefix)))
    findings = asyncio.run(topics.audit(settings_of(kafka, topic_prefix, partitions=3)))
    assert len(findings) == len(topics.TOPICS)
    assert [f for f in findings if "has 2 partitions" not in f or "EVERYMINUTE_PARTITIONS=2" not in f] == []


@pytest.mark.integration
def test_a_topic_made_by_hand_with_deletion_or_compaction_is_found(kafka: str, topic_prefix: str) -> None:
    settings = settings_of(kafka, topic_prefix)
    create_topics(kafka, [settings.topic("entries")], 2, {"cleanup.policy": "compact", "retention.ms": "-1"})
    create_topics(kafka, [settings.topic("catalog")], 2, {"retention.ms": "604800000"})
    asyncio.run(topics.provision(settings))
    assert sorted(finding.split(" has ")[1].split(",")[0] for finding in asyncio.run(topics.audit(settings))) == [
        "cleanup.policy=compact", "retention.ms=604800000",
    ]  # fmt: skip
