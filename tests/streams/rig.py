"""Real worker processes on the real broker, and eyes on what they leave behind."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import ConsumerRecord

from streams import topics
from streams.doors import Door
from streams.models.event import Event
from streams.settings import Settings

ROOT = Path(__file__).parents[2]
SESSION_SECONDS = 2.0
SOURCES = ("events.timer", "events.session")


def events(first: int, last: int, tenant: str = "acme") -> list[Event]:
    """Start and stop of each activity, in two topics; a third of the starts come twice."""
    made = []
    for number in range(first, last):
        for phase in ("start", "stop", "start")[: 3 if number % 3 == 0 else 2]:
            made.append(Event(
                tenant=tenant, source="mesh:1", source_event_id=f"{number}/{phase}", activity_id=f"a{number}",
                kind="remote_session" if number % 2 else "ticket_timer", phase=phase,  # type: ignore[arg-type]
                at=1_772_461_907_902 + number,
            ))  # fmt: skip
    return made


class Rig:
    """One set of topics, any number of workers. ``close`` kills what still runs."""

    def __init__(self, kafka: str, prefix: str, home: Path, partitions: int = 2, batch_records: int = 50) -> None:
        self.settings = Settings(
            kafka=kafka, topic_prefix=prefix, home=home, partitions=partitions, batch_records=batch_records,
            session_timeout=SESSION_SECONDS,
        )  # fmt: skip
        self.sent: list[Event] = []
        self._running: list[subprocess.Popen[bytes]] = []
        asyncio.run(topics.provision(self.settings))

    def send(self, batch: list[Event]) -> None:
        async def through_the_door() -> None:
            async with Door(self.settings) as door:
                assert await door.send_events(batch) == len(batch)

        asyncio.run(through_the_door())
        self.sent += batch

    def worker(
        self, name: str, crash_at: str = "", command: Sequence[str] = ("-m", "tests.streams.tally_worker")
    ) -> subprocess.Popen[bytes]:
        settings = {
            "KAFKA": self.settings.kafka, "TOPIC_PREFIX": self.settings.topic_prefix, "HOME": self.settings.home,
            "PARTITIONS": self.settings.partitions, "BATCH_RECORDS": self.settings.batch_records,
            "SESSION_TIMEOUT": SESSION_SECONDS, "WORKER": name, "TEST": "1", "CRASH_AT": crash_at,
        }  # fmt: skip
        environment = os.environ | {f"EVERYMINUTE_{key}": str(value) for key, value in settings.items()}
        self.settings.home.mkdir(parents=True, exist_ok=True)
        with (self.settings.home / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *command], env=environment, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
            )
        self._running.append(process)
        return process

    def log(self, name: str) -> str:
        return (self.settings.home / f"{name}.log").read_text()

    def report(self, name: str) -> dict[str, Any]:
        """What the worker last told; {} before it did."""
        try:
            report: dict[str, Any] = json.loads((self.settings.home / "run" / f"worker-{name}.json").read_bytes())
        except FileNotFoundError:
            return {}
        return report

    def close(self) -> None:
        for process in self._running:
            if process.poll() is None:
                process.kill()
            process.wait()

    def records(self, topic: str) -> list[ConsumerRecord]:
        """Everything on a topic, partition after partition."""
        return asyncio.run(self._records(topic))

    def committed(self, sources: Iterable[str] = SOURCES) -> dict[tuple[str, int], tuple[int, int]]:
        """(committed, end) by topic and partition."""
        return asyncio.run(self._committed(sources))

    def done(self) -> bool:
        return all(committed == end for committed, end in self.committed().values())

    async def _records(self, topic: str) -> list[ConsumerRecord]:
        consumer = AIOKafkaConsumer(bootstrap_servers=self.settings.kafka, fetch_max_wait_ms=50)
        await consumer.start()
        try:
            places = [TopicPartition(self.settings.topic(topic), each) for each in range(self.settings.partitions)]
            consumer.assign(places)
            await consumer.seek_to_beginning(*places)
            ends = await consumer.end_offsets(places)
            found: list[ConsumerRecord] = []
            while any([await consumer.position(place) < ends[place] for place in places]):
                for records in (await consumer.getmany(timeout_ms=100)).values():
                    found += records
            return sorted(found, key=lambda record: (record.partition, record.offset))
        finally:
            await consumer.stop()

    async def _committed(self, sources: Iterable[str]) -> dict[tuple[str, int], tuple[int, int]]:
        group = f"{self.settings.topic_prefix}worker"
        consumer = AIOKafkaConsumer(bootstrap_servers=self.settings.kafka, group_id=group, enable_auto_commit=False)
        await consumer.start()
        try:
            found = {}
            for topic in sources:
                for each in range(self.settings.partitions):
                    place = TopicPartition(self.settings.topic(topic), each)
                    end = (await consumer.end_offsets([place]))[place]
                    found[topic, each] = (await consumer.committed(place) or 0, end)
            return found
        finally:
            await consumer.stop()


def wait_for(what: Callable[[], object], why: str, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, why
        time.sleep(0.1)


def ends_with(process: subprocess.Popen[bytes], code: int, seconds: float = 60.0) -> None:
    """The process ends by itself, with this code."""
    assert process.wait(seconds) == code


def kill_9(process: subprocess.Popen[bytes]) -> None:
    assert process.poll() is None, "it had ended before"
    process.send_signal(signal.SIGKILL)
    process.wait()
