"""Parked items: see them, mend them, send them back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from jobs.console import Exit, UserError, hush
from jobs.output import Cell, Report
from sinks.decode import REPLAYED_ATTEMPT, REPLAYED_ID
from streams.models.parked import Parked, encode_parked
from streams.settings import Settings
from streams.topics import EVENTS, LARGEST_RECORD, NOTES, PARKED, RAW, TOPICS, partition_of

BY_ACTIVITY = (*EVENTS, RAW, NOTES)  # partitioned by tenant/activity, which is their key; all others by tenant
FROM_A_HOP = 1 << 24  # versions from here on count facts: the hop itself resolves such an item


def report(items: Sequence[Parked]) -> Report:
    """One line an item; ``remedies`` go below."""
    rows: list[list[Cell]] = [[i.id[:8], i.reason, i.place, i.attempt or "", i.saw] for i in items]
    return Report("Parked items", ["id", "reason", "from", "replays", "saw"], rows)


def remedies(items: Sequence[Parked]) -> list[str]:
    """What to do, said once for all the reasons it helps."""
    reasons: dict[str, list[str]] = {}
    for item in items:
        if item.reason not in reasons.setdefault(item.remedy, []):
            reasons[item.remedy].append(item.reason)
    return [f"{', '.join(some)}: {remedy}" for remedy, some in reasons.items()]


def shown(item: Parked) -> str:
    """Everything about an item, its bytes as text where they are text."""
    facts = [
        ("item", item.id), ("reason", item.reason), ("saw", item.saw), ("expected", item.expected),
        ("what to do", item.remedy), ("topic", item.topic), ("from", item.place), ("connector", item.connector),
        ("replays", str(item.attempt)), ("key", _text(item.key)), ("value", _text(item.value)),
    ]  # fmt: skip
    return "\n".join(f"{name:<10}  {value}" for name, value in facts if value)


def as_json(item: Parked) -> dict[str, object]:
    """For programs; key and value in base64, and as text where they are text."""
    plain: dict[str, object] = msgspec.to_builtins(item)
    return plain | {"void": item.void, "attempt": item.attempt, "key_text": _text(item.key),
                    "value_text": _text(item.value)}  # fmt: skip


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return f"{len(data)} bytes, not text: {data[:64].hex(' ')}{' …' if len(data) > 64 else ''}"


def resolved(item: Parked) -> Parked | None:
    """The version that says the next replay resolved the item; None where the hop that parked it says so itself."""
    if item.version >= FROM_A_HOP:
        return None
    attempt = item.attempt + 1
    return msgspec.structs.replace(item, version=2 * attempt, void=True, attempt=attempt)


def replay(settings: Settings, items: Sequence[Parked], value: bytes | None = None, key: bytes | None = None) -> None:
    """Send items back to their topics, the bytes as they were or ``value`` and ``key`` instead, and void them.

    An item that cannot go on comes back with the next version. Raises UserError when it cannot be sent.
    """
    known = {topic.name for topic in TOPICS}
    for item in items:
        if item.topic not in known:
            raise UserError(
                f"Parked item {item.id[:8]} came from {item.place or 'a file'}, not from the log. "
                "Correct the file and import it again."
            )
    hush("aiokafka")
    try:
        asyncio.run(_send(settings, items, value, key))
    except (KafkaError, OSError) as error:
        raise UserError(f"Kafka at {settings.kafka} did not take it: {error}", Exit.CANNOT) from error


async def _send(settings: Settings, items: Sequence[Parked], value: bytes | None, key: bytes | None) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.kafka, acks="all", enable_idempotence=True, max_request_size=LARGEST_RECORD
    )
    try:
        await producer.start()
        for item in items:
            sent = msgspec.structs.replace(
                item, key=item.key if key is None else key, value=item.value if value is None else value
            )
            await _send_back(producer, settings, sent)
            if done := resolved(item):
                await _send_one(producer, settings.topic(PARKED), item.tenant, done.id.encode(), encode_parked(done))
    finally:
        await producer.stop()


async def _send_back(producer: AIOKafkaProducer, settings: Settings, item: Parked) -> None:
    text = item.key.decode("utf-8", "replace") if item.topic in BY_ACTIVITY else item.tenant
    headers = [(REPLAYED_ID, item.id.encode()), (REPLAYED_ATTEMPT, str(item.attempt + 1).encode())]
    await _send_one(producer, settings.topic(item.topic), text, item.key, item.value, headers)


async def _send_one(
    producer: AIOKafkaProducer,
    topic: str,
    text: str,
    key: bytes,
    value: bytes,
    headers: Sequence[tuple[str, bytes]] = (),
) -> None:
    """``text`` decides the partition. Returns once the broker has it."""
    count = len(await producer.partitions_for(topic))
    await producer.send_and_wait(topic, value, key=key, headers=list(headers), partition=partition_of(text, count))
