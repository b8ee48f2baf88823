"""The outbox: requests share appends, each learns its own end, and a broker that comes back is used again."""

from __future__ import annotations

import asyncio
import tempfile
import uuid
from collections.abc import Sequence
from pathlib import Path

import pytest

from deploy.embedded import ports
from deploy.embedded.kafka import KafkaBroker
from streams.doors import Door, Placed, placed_bytes
from streams.settings import Settings
from streams.topics import RAW
from tests.kafka_fixture import create_topics_async, kafka
from web.outbox import KafkaAway, Outbox

__all__ = ["kafka"]
pytestmark = pytest.mark.integration


def record(number: int, size: int = 10) -> list[Placed]:
    return [placed_bytes(RAW, f"main/{number}", b"x" * size)]


def settings_of(bootstrap: str, home: Path) -> Settings:
    return Settings(home=home, kafka=bootstrap, topic_prefix=f"o{uuid.uuid4().hex[:8]}.", partitions=1)


async def ready(settings: Settings) -> None:
    await create_topics_async(settings.kafka, [settings.topic(RAW)])


def test_what_waits_goes_out_together(kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    real = Door.append

    async def counted(self: Door, records: Sequence[Placed]) -> None:
        sizes.append(len(records))
        await real(self, records)

    monkeypatch.setattr(Door, "append", counted)

    async def run() -> None:
        settings = settings_of(kafka, tmp_path)
        await ready(settings)
        outbox = Outbox(settings)
        await asyncio.gather(*(outbox.append(record(number)) for number in range(500)))
        await outbox.append([])
        await outbox.stop()

    asyncio.run(run())
    assert sum(sizes) == 500
    assert len(sizes) <= 3, "the first, and all that came meanwhile"


def test_a_request_that_goes_away_takes_nothing_with_it(kafka: str, tmp_path: Path) -> None:
    async def run() -> None:
        settings = settings_of(kafka, tmp_path)
        await ready(settings)
        outbox = Outbox(settings)
        gone = asyncio.create_task(outbox.append(record(1)))
        stays = asyncio.create_task(outbox.append(record(2)))
        await asyncio.sleep(0)
        gone.cancel()
        await stays
        with pytest.raises(asyncio.CancelledError):
            await gone
        await outbox.append(record(3))
        await outbox.stop()

    asyncio.run(run())


def test_more_than_it_keeps_is_refused_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.outbox.MOST_WAITING", 100)

    async def run() -> None:
        outbox = Outbox(settings_of("127.0.0.1:1", tmp_path), append_seconds=5)
        first = asyncio.create_task(outbox.append(record(1, 90)))
        await asyncio.sleep(0)
        second = asyncio.create_task(outbox.append(record(2, 90)))
        await asyncio.sleep(0)
        for one in (second, first):
            with pytest.raises(KafkaAway):
                await one
        await outbox.stop()

    asyncio.run(run())


def test_a_broker_that_comes_back_is_used_again() -> None:
    with tempfile.TemporaryDirectory(prefix="everyminute-outbox-") as folder:
        home, (port, controller) = Path(folder), ports.free(2)
        settings = settings_of(f"127.0.0.1:{port}", home)

        def started() -> KafkaBroker:
            broker = KafkaBroker(home / "kafka", port, controller, home)
            broker.start()
            broker.wait_ready(timeout=60)
            return broker

        broker = started()

        async def run() -> None:
            nonlocal broker
            await ready(settings)
            outbox = Outbox(settings, append_seconds=4)
            await outbox.append(record(1))
            await asyncio.to_thread(broker.stop)
            with pytest.raises(KafkaAway):
                await outbox.append(record(2))
            broker = await asyncio.to_thread(started)
            async with asyncio.timeout(60):
                while True:  # it may need more than one attempt, as a sender makes
                    try:
                        await outbox.append(record(3))
                        break
                    except KafkaAway:
                        continue
            await outbox.stop()

        try:
            asyncio.run(run())
        finally:
            broker.stop()
