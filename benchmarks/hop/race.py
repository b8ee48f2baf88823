"""One run of one contender: its process group, its progress and CPU, and what it wrote."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import time
from bisect import bisect_left, bisect_right
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import for_code

from benchmarks.hop.contenders import Contender, Place, environment
from benchmarks.hop.job import Job
from streams import topics
from streams.changelog import unpack
from streams.log import KafkaLog, producer_options
from streams.ports import Write
from streams.settings import Settings

ROOT = Path(__file__).parents[2]
BROKER_TIME = {"message.timestamp.type": "LogAppendTime"}
WARM = 0.25  # of a contender's events are not measured: start, first fetches, just-in-time compilation
SAMPLE_SECONDS = 0.1
STOP_SECONDS = 10.0
SLACK = 1000  # pairs beyond a contender's share: some write the pairs of one batch in an order of their own
CHUNK = 20_000  # records


class RaceError(Exception):
    """A contender that did not do the job."""


@dataclass(frozen=True, slots=True)
class Result:
    """Of one run. ``cpu`` is user + system seconds of the process tree per million events."""

    rate: float  # events/s
    cpu: float
    pairs: int
    seconds: int  # sum of the pairs'


@dataclass(frozen=True, slots=True)
class Sample:
    events: int
    cpu: float


async def publish(bootstrap: str, topic: str, job: Job) -> None:
    """The events, once, for all contenders and rounds."""
    await new_topic(bootstrap, topic)
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, **producer_options())
    await producer.start()
    try:
        log = KafkaLog(producer, "")
        for first in range(0, len(job.records), CHUNK):
            await log.append([Write(topic, 0, job.records[first : first + CHUNK])])
    finally:
        await producer.stop()


async def new_topic(bootstrap: str, name: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        for _, code, *_ in (await admin.create_topics([NewTopic(name, 1, 1, topic_configs=BROKER_TIME)])).topic_errors:
            if code:
                raise for_code(code)
    finally:
        await admin.close()


async def prepare(contender: Contender, place: Place) -> None:
    """The run's topics, the outputs stamped by the broker."""
    await new_topic(place.bootstrap, place.prefix + contender.pairs)
    if contender.changelog:
        await topics.provision(Settings(kafka=place.bootstrap, topic_prefix=place.prefix, partitions=1))


async def run(contender: Contender, place: Place, job: Job, events: int, seconds: float) -> Result:
    """The first ``events`` of the job, within so many seconds. Raises RaceError."""
    await prepare(contender, place)
    with started(contender, place) as process:
        samples = [each async for each in _samples(contender, place, process, job, events, seconds)]
    warm, last = (next(each for each in samples if each.events >= least) for least in (events * WARM, events))
    cpu = (last.cpu - warm.cpu) / (last.events - warm.events) * 1e6 if last.events > warm.events else 0.0
    async with reader(place.bootstrap) as consumer:
        rate, pairs, total = await _judge(contender, place, job, events, consumer)
    return Result(rate, cpu, pairs, total)


async def restore(contender: Contender, place: Place, seconds: float) -> float:
    """Seconds from the start of a process without local state until it is ready."""
    shutil.rmtree(place.folder / "state", ignore_errors=True)
    begin = time.monotonic()
    with started(contender, place, "restore.log") as process:
        while "ready" not in (place.folder / "restore.log").read_text():
            _alive(contender, place, process, begin + seconds, "restore.log")
            await asyncio.sleep(0.02)
        return time.monotonic() - begin


@contextlib.contextmanager
def started(contender: Contender, place: Place, log_name: str = "run.log") -> Iterator[subprocess.Popen[bytes]]:
    """The contender as a process group of its own, ended on the way out."""
    place.folder.mkdir(parents=True, exist_ok=True)
    with (place.folder / log_name).open("wb") as log:
        process = subprocess.Popen(
            contender.command(place), env=environment(place), cwd=ROOT, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    for number, patience in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, None)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)


@contextlib.asynccontextmanager
async def reader(bootstrap: str) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, fetch_max_wait_ms=50)
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


async def _samples(
    contender: Contender, place: Place, process: subprocess.Popen[bytes], job: Job, events: int, seconds: float
) -> AsyncIterator[Sample]:
    """How far it is and what it has used, until it is through."""
    deadline = time.monotonic() + seconds
    mark = TopicPartition(place.prefix + (contender.changelog or contender.pairs), 0)
    goal = events if contender.changelog else min(job.pairs_within(events) + SLACK, len(job.pairs))
    kept = 0
    async with reader(place.bootstrap) as consumer:
        consumer.assign([mark])
        await consumer.seek_to_beginning(mark)
        while True:
            if contender.changelog:
                found = await consumer.getmany(mark, timeout_ms=10)
                kept += sum(1 for record in found.get(mark, ()) for _ in unpack(record.key, record.value))
            done = kept if contender.changelog else (await consumer.end_offsets([mark]))[mark]
            through = kept if contender.changelog else job.events_of(done)
            _alive(contender, place, process, deadline, "run.log")
            yield Sample(max(through, events) if done >= goal else through, _cpu(process.pid))
            if done >= goal:
                return
            await asyncio.sleep(SAMPLE_SECONDS)


def _alive(
    contender: Contender, place: Place, process: subprocess.Popen[bytes], deadline: float, log_name: str
) -> None:
    late = time.monotonic() > deadline
    if late or process.poll() is not None:
        tail = (place.folder / log_name).read_text(errors="replace")[-1500:]
        raise RaceError(f"{contender.name} {'took too long' if late else f'ended ({process.returncode})'}:\n{tail}")


def _cpu(pid: int) -> float:
    """User and system seconds of the process and its children."""
    process = psutil.Process(pid)
    times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
    return float(sum(each.user + each.system for each in times))


async def _judge(
    contender: Contender, place: Place, job: Job, events: int, consumer: AIOKafkaConsumer
) -> tuple[float, int, int]:
    """(events/s by the broker's stamps, pairs, their seconds) of what stands on the output topic. Raises RaceError."""
    expected = dict(job.pairs[: job.pairs_within(events)])
    stamps: list[int] = []
    found: dict[str, int] = {}
    async for stamp, value in _outputs(consumer, TopicPartition(place.prefix + contender.pairs, 0)):
        pair = contender.pair(value)
        if pair is not None and pair[0] in expected and pair[0] not in found:
            stamps.append(stamp)
            found[pair[0]] = pair[1]
    if found != expected:
        wrong = sum(found.get(session) != seconds for session, seconds in expected.items())
        raise RaceError(f"{contender.name}: {wrong} of {len(expected)} pairs are missing or have other seconds")
    warm = bisect_right(stamps, stamps[bisect_left(job.closed_at, int(events * WARM))])
    if warm == len(stamps):
        return 0.0, len(found), sum(found.values())  # all at once: too few to measure
    measured = job.closed_at[len(stamps) - 1] - job.closed_at[warm - 1]
    return measured * 1000 / (stamps[-1] - stamps[warm - 1]), len(found), sum(found.values())


async def _outputs(consumer: AIOKafkaConsumer, place: TopicPartition) -> AsyncIterator[tuple[int, bytes]]:
    consumer.assign([place])
    await consumer.seek_to_beginning(place)
    end = (await consumer.end_offsets([place]))[place]
    while await consumer.position(place) < end:
        for record in (await consumer.getmany(place, timeout_ms=200)).get(place, ()):
            yield record.timestamp, record.value
