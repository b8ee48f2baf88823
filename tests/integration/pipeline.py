"""A whole pipeline of real processes on the shared broker and engine: fed, killed, stopped, woken, and read."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError
from aiokafka.structs import ConsumerRecord, OffsetAndMetadata

from jobs.ledger import Ledger, ledger_hash
from jobs.settled import READS, lag, wait_settled
from sinks.migrate import migrate
from streams.settings import Settings
from streams.topics import CHANGELOGS, provision
from tests.engine_fixture import EngineProcess
from tests.integration.rows import Rows
from tests.jobs.command import Ran, everyminute

ROOT = Path(__file__).parents[2]
KILLED = 137  # exit code of a crash point
SESSION_SECONDS = 3.0  # until a silent worker is replaced
MODULES = {"worker": ("streams.app", "worker"), "writer": ("sinks.writer",), "clock": ("streams.app", "clock")}
SETTLE_SECONDS = 400.0  # on a machine that does much else


@dataclass
class Process:
    """One process of a pipeline; ``role`` is worker, writer or clock."""

    name: str
    role: str
    popen: subprocess.Popen[bytes]

    @property
    def alive(self) -> bool:
        return self.popen.poll() is None

    def kill(self) -> None:
        """SIGKILL, wherever it is, stopped or not."""
        assert self.alive, f"{self.name} had ended before, with code {self.popen.returncode}"
        self.popen.kill()
        self.popen.wait()

    def pause(self) -> None:
        self.popen.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        self.popen.send_signal(signal.SIGCONT)

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self.popen.terminate()
        return self.popen.wait(20)


class Pipeline:
    """Topics, tables and a home of its own. A context manager: nothing of it runs afterwards, its database is gone."""

    def __init__(self, kafka: str, engine: EngineProcess, home: Path, tenant: str = "main", **changed: Any) -> None:
        name = uuid.uuid4().hex[:10]
        self.engine = engine
        self.settings = Settings(
            home=home, tenant=tenant, kafka=kafka, topic_prefix=f"i{name}.", clickhouse_host=engine.host,
            clickhouse_port=engine.port, clickhouse_database=f"i_{name}",
            **({"session_timeout": SESSION_SECONDS, "partitions": 2} | changed),
        )  # fmt: skip
        self.processes: list[Process] = []
        home.mkdir(parents=True, exist_ok=True)
        asyncio.run(provision(self.settings))
        asyncio.run(self._coordinated())
        migrate(self.settings)

    async def _coordinated(self) -> None:
        """Until the broker keeps offsets of groups: a fresh one refuses while it makes the topic for them."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.settings.kafka)
        await admin.start()
        try:
            async with asyncio.timeout(60):
                while True:
                    try:
                        await admin.list_consumer_group_offsets(self.settings.topic("worker"))
                    except GroupCoordinatorNotAvailableError:
                        await asyncio.sleep(0.1)
                    else:
                        return
        finally:
            await admin.close()

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes:
            if process.alive:
                process.kill()
        client = self.engine.client()
        client.command(f"DROP DATABASE IF EXISTS {self.settings.clickhouse_database}")
        client.close()

    # Processes

    def start(self, role: str, name: str = "", crash_at: str = "", batch: int | None = None) -> Process:
        """A worker, the writer or the clock. ``crash_at`` is a point of streams/crash.py, "rate.after_outputs:2";
        ``batch`` the most records of a step, if not as in the settings."""
        name = name or f"{role}-{len(self.processes)}"
        environment = {key: text for key, text in os.environ.items() if not key.startswith("EVERYMINUTE_")}
        environment |= {f"EVERYMINUTE_{key.upper()}": text for key, text in self.environment().items()}
        environment |= {"EVERYMINUTE_WORKER": name, "EVERYMINUTE_TEST": "1", "EVERYMINUTE_CRASH_AT": crash_at}
        environment |= {"EVERYMINUTE_BATCH_RECORDS": str(batch or self.settings.batch_records)}
        with self.log_file(name).open("ab") as log:
            popen = subprocess.Popen(
                [sys.executable, "-m", *MODULES[role]], env=environment, cwd=ROOT, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        process = Process(name, role, popen)
        self.processes.append(process)
        return process

    def start_all(self) -> list[Process]:
        """A worker, the writer and the clock, in this order."""
        return [self.start(role) for role in MODULES]

    def stop_all(self) -> None:
        """In order; each must end by itself with 0."""
        codes = {process.name: process.stop() for process in self.processes if process.alive}
        assert not any(codes.values()), f"{codes}\n{self.logs()}"

    def environment(self) -> dict[str, str]:
        """Our settings as environment variables without their prefix; for `everyminute(…)`, too."""
        names = (
            "home", "tenant", "kafka", "topic_prefix", "partitions", "clickhouse_host", "clickhouse_port",
            "clickhouse_database", "batch_records", "session_timeout",
        )  # fmt: skip
        return {name: str(getattr(self.settings, name)) for name in names}

    def run(self, *arguments: object) -> Ran:
        """The real command, against this pipeline."""
        return everyminute(*arguments, **self.environment())

    def log_file(self, name: str) -> Path:
        return self.settings.home / f"{name}.log"

    def logs(self) -> str:
        return "\n".join(f"--- {path.name}\n{path.read_text()[-2000:]}" for path in self.settings.home.glob("*.log"))

    def report(self, name: str) -> dict[str, Any]:
        """What a worker last told, or the writer; {} before it did."""
        path = self.settings.home / "run" / ("writer.json" if name == "writer" else f"worker-{name}.json")
        with suppress(FileNotFoundError):
            found: dict[str, Any] = orjson.loads(path.read_bytes())
            return found
        return {}

    # Waiting

    def settle(self, seconds: float = SETTLE_SECONDS, may_end: Process | None = None) -> None:
        """Until nothing is left to read. Fails when a process ended that nobody killed, ``may_end`` excepted."""
        left = -1

        def look(now: int) -> None:
            nonlocal left
            left = now
            for process in self.processes:
                ended = process.popen.poll() not in (None, 0, KILLED, -signal.SIGKILL)
                assert not ended or process is may_end, f"{process.name} ended\n{self.logs()}"

        done = asyncio.run(wait_settled(self.settings, seconds, look))
        assert done, f"{left} records are left after {seconds:.0f} s\n{self.logs()}"

    def lag(self, group: str = "worker") -> int:
        """Records that the group has not committed."""
        return asyncio.run(lag(self.settings))[group]

    def ready(self, *workers: Process) -> None:
        wait_for(lambda: all(self.report(w.name).get("ready") for w in workers), "a worker is not ready", 60)

    def counters(self, worker: Process) -> dict[str, Any]:
        """What the only worker and the writer say of their hops, once they say that nothing is left."""

        def told() -> bool:
            hops, writer = self.report(worker.name).get("hops", {}), self.report("writer")
            at_rest = bool(hops) and all(hop["lag"] == 0 for hop in hops.values())
            return at_rest and writer["unread"] == 0 and writer["waiting"] == 0

        wait_for(told, "the reports still tell of work", 20)
        hops: dict[str, Any] = self.report(worker.name)["hops"]
        return hops | {"write": self.report("writer")}

    # Reading

    def ledger_hash(self) -> str:
        with Ledger(self.settings) as ledger:
            return ledger_hash(ledger.entries(trail=True))[0]

    def contents(self) -> dict[str, Rows]:
        """What holds in each view, every column but version and instant of insertion; parked items by id and bytes."""
        found: dict[str, Rows] = {}
        client = self.engine.client(database=self.settings.clickhouse_database)
        try:
            for view in ("entries_live", "work_live", "intervals_live", "parked_live"):
                where = "id, reason, hex(value)" if view == "parked_live" else "* EXCEPT (version, inserted_at)"
                rows = list(client.query(f"SELECT {where} FROM {view}").named_results())
                found[view] = {row["id"]: row for row in rows}
                assert len(found[view]) == len(rows), f"two rows of one id in {view}"
        finally:
            client.close()
        return found

    def query(self, sql: str, **parameters: object) -> list[dict[str, Any]]:
        client = self.engine.client(database=self.settings.clickhouse_database)
        try:
            return list(client.query(sql, parameters=parameters).named_results())
        finally:
            client.close()

    def records(self, topic: str, since: dict[int, int] | None = None) -> list[ConsumerRecord]:
        """Everything on a topic (without prefix), partition after partition; from these offsets on."""
        return asyncio.run(self._records(topic, since or {}))

    def ends(self, topic: str) -> dict[int, int]:
        """The end of each partition."""
        return asyncio.run(self._ends(topic))

    async def _records(self, topic: str, since: dict[int, int]) -> list[ConsumerRecord]:
        consumer = AIOKafkaConsumer(bootstrap_servers=self.settings.kafka, fetch_max_wait_ms=50)
        await consumer.start()
        try:
            places = [TopicPartition(self.settings.topic(topic), each) for each in range(self.settings.partitions)]
            consumer.assign(places)
            for place in places:
                consumer.seek(place, since.get(place.partition, 0))
            ends = await consumer.end_offsets(places)
            found: list[ConsumerRecord] = []
            while any([await consumer.position(place) < ends[place] for place in places]):
                for records in (await consumer.getmany(timeout_ms=100)).values():
                    found += records
            return sorted(found, key=lambda record: (record.partition, record.offset))
        finally:
            await consumer.stop()

    async def _ends(self, topic: str) -> dict[int, int]:
        consumer = AIOKafkaConsumer(bootstrap_servers=self.settings.kafka)
        await consumer.start()
        try:
            places = [TopicPartition(self.settings.topic(topic), each) for each in range(self.settings.partitions)]
            return {place.partition: end for place, end in (await consumer.end_offsets(places)).items()}
        finally:
            await consumer.stop()

    def forget(self) -> None:
        """No worker has ever run: the changelogs are empty, the group has read nothing. All workers must be stopped."""
        asyncio.run(self._forget())

    async def _forget(self) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.settings.kafka)
        await admin.start()
        try:
            await admin.delete_topics([self.settings.topic(name) for name in CHANGELOGS])
            gone = {self.settings.topic(name) for name in CHANGELOGS}
            while gone & set(await admin.list_topics()):
                await asyncio.sleep(0.05)
        finally:
            await admin.close()
        await provision(self.settings)
        group = self.settings.topic("worker")
        consumer = AIOKafkaConsumer(bootstrap_servers=self.settings.kafka, group_id=group, enable_auto_commit=False)
        await consumer.start()
        try:
            places = [
                TopicPartition(self.settings.topic(topic), each)
                for topic in READS["worker"]
                for each in range(self.settings.partitions)
            ]
            consumer.assign(places)
            await consumer.commit({place: OffsetAndMetadata(0, "") for place in places})
        finally:
            await consumer.stop()


def wait_for(what: Callable[[], object], why: str, seconds: float = 60.0) -> None:
    """Poll until it holds; fails with ``why`` after so many seconds."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, why
        time.sleep(0.05)
