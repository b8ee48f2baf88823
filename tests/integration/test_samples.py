"""What earlier code wrote is still read: a dozen records of each topic, from a real run."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from aiokafka import ConsumerRecord

from billing.link import LinkState
from billing.pair import PairState
from billing.rate import RateState
from sinks import decode as sinks
from streams.agents import facts, pair
from streams.changelog import PACKED, pack, unpack
from streams.models.cloudevent import encode_cloudevent
from streams.models.entry import decode_entry, encode_entry
from streams.models.event import TOPIC_OF_KIND, decode_event, encode_event
from streams.models.fact import Fact, encode_fact
from streams.models.interval import decode_interval, encode_interval
from streams.models.parked import decode_parked, encode_parked
from streams.models.work import decode_work, encode_work
from streams.topics import TOPICS
from tests.integration.month import TENANT
from tests.integration.sampling import MANY, SAMPLES, UNUSED, Sample, read

SCHEMA = 1


class Head(msgspec.Struct):
    schema: int = 0
    type: str = ""


def event(sample: Sample) -> bytes:
    unit, found = pair.decode_record(sample)  # type: ignore[misc]  # a Problem does not unpack: the test fails
    assert (unit, found.schema) == ("", SCHEMA)
    return encode_cloudevent(found)


def fact(sample: Sample) -> bytes:
    tenant, found = facts.decode_record(sample)  # type: ignore[misc]
    assert isinstance(found, Fact)
    assert (tenant, found.schema) == (found.tenant, SCHEMA)
    assert found.key().encode() == sample.key
    body = bytes(found.body)
    if found.kind == "interval":
        assert encode_interval(decode_interval(body)) == body
    if found.kind == "work":
        assert encode_work(decode_work(body)) == body
    return encode_fact(found)


def entry(sample: Sample) -> bytes:
    found = decode_entry(sample.value)
    assert (found.schema, found.id.encode()) == (SCHEMA, sample.key)
    return encode_entry(found)


def parked(sample: Sample) -> bytes:
    found = decode_parked(sample.value)
    assert (found.schema, found.id.encode()) == (SCHEMA, sample.key)
    return encode_parked(found)


def paired(sample: Sample) -> bytes:
    """A fact, or a record that holds many."""
    kept = list(unpack(*sample[:2]))
    events = [decode_event(fact.value) for fact in kept]
    for fact, found in zip(kept, events, strict=True):
        assert (fact.unit, found.schema, found.fact_key().startswith(fact.key)) == ("", SCHEMA, True)
    if PACKED.encode() not in sample.key:
        return encode_event(events[0])
    (record,) = pack("", [(found.entity, encode_event(found)) for found in events])
    assert record.key == sample.key
    return record.value


READERS: dict[str, Callable[[Sample], bytes]] = {
    **dict.fromkeys(TOPIC_OF_KIND.values(), event),
    **dict.fromkeys(("catalog", "link-log", "rate-log", "decisions", "exports"), fact),
    "entries": entry,
    "parked": parked,
    "pair-facts": paired,
}
CHANGELOGS = {"pair-facts": PairState, "link-facts": LinkState, "rate-facts": RateState}


def test_each_topic_that_is_in_use_has_samples() -> None:
    named = {topic.name for topic in TOPICS}
    assert {path.stem for path in SAMPLES.glob("*.jsonl")} == named - set(UNUSED)
    assert READERS.keys() | CHANGELOGS.keys() == named - set(UNUSED)


@pytest.mark.parametrize("topic", READERS)
def test_records_are_read_and_lose_nothing(topic: str) -> None:
    samples = read(topic)
    assert samples
    for sample in samples:
        assert READERS[topic](sample) == sample.value


@pytest.mark.parametrize("topic", CHANGELOGS)
def test_a_changelog_restores_its_hop(topic: str) -> None:
    samples = read(topic)
    kernel = CHANGELOGS[topic]() if topic == "pair-facts" else CHANGELOGS[topic](TENANT, 0)
    counted = set()
    for sample in samples:
        for unit, kept, value in unpack(*sample[:2]):
            assert unit == ("" if topic == "pair-facts" else TENANT)
            kernel.restore(kept, value)
            if "|mark" not in kept:
                counted.add(value)
    assert any(PACKED.encode() in sample.key for sample in samples)
    assert kernel.counts().received == len(counted) > MANY - 3


@pytest.mark.parametrize("topic", sinks.TOPICS)
def test_the_writer_makes_rows_of_them(topic: str) -> None:
    for offset, sample in enumerate(read(topic)):
        record = ConsumerRecord(
            topic=topic, partition=0, offset=offset, timestamp=0, timestamp_type=0, key=sample.key,
            value=sample.value, checksum=None, serialized_key_size=0, serialized_value_size=0, headers=(),
        )  # fmt: skip
        found = sinks.decode(topic, record, TENANT)
        assert not isinstance(found, sinks.Refused), found
        rows_are_elsewhere = topic.endswith("-log") or b'"kind":"manifest"' in sample.value
        assert isinstance(found, sinks.Stored) or rows_are_elsewhere


@pytest.mark.parametrize("topic", [*TOPIC_OF_KIND.values(), "catalog", "link-log", "rate-log", "decisions"])
def test_the_schema_number_stands_in_the_bytes(topic: str) -> None:
    for sample in read(topic):
        head = msgspec.json.decode(sample.value, type=Head)
        assert head.schema == SCHEMA or head.type.endswith(f".v{SCHEMA}")
