"""`everyminute import`: counts add up, exit codes are for scripts, and Kafka has what was accepted."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from connectors import CONNECTORS
from connectors.base import Options
from connectors.scan import MAX_ROW
from jobs import import_
from jobs.cli import build
from jobs.console import UserError
from jobs.import_ import Report, import_file
from streams.models.event import Event
from streams.models.fact import Fact
from streams.models.parked import Parked, decode_parked
from streams.settings import Settings
from streams.topics import provision
from tests.connectors.golden import EXAMPLES, examples
from tests.connectors.test_malformed import GOOD, MALFORMED
from tests.kafka_fixture import kafka, topic_prefix

__all__ = ["kafka", "topic_prefix"]


class Kept:
    """A destination that keeps what it gets."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.facts: list[Fact] = []
        self.parked: list[Parked] = []

    async def send_events(self, events: Iterable[Event]) -> int:
        self.events += events
        return len(self.events)

    async def send_facts(self, topic: str, facts: Sequence[Fact]) -> None:
        assert topic == "catalog"
        self.facts += facts

    async def park(self, items: Sequence[Parked]) -> None:
        self.parked += items


def run(*arguments: str) -> Result:
    return CliRunner().invoke(build(), ["import", *arguments])


def import_rows(path: Path, tool: str = "meshcentral") -> tuple[Report, Kept]:
    report, kept = Report(), Kept()
    options = Options(tenant="t")
    asyncio.run(import_file(path, CONNECTORS[tool], f"{tool}:one", options, report, kept))
    return report, kept


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.sampled_from(["good", "pong", *MALFORMED]), min_size=1, max_size=12), st.integers(1, 5))
def test_read_is_accepted_and_skipped_and_parked(tmp_path: Path, names: list[str], batch: int) -> None:
    rows = {"good": GOOD, "pong": b'{action:"pong"}'} | {name: row for name, (row, _) in MALFORMED.items()}
    path = tmp_path / "capture.jsonl"
    path.write_bytes(b"\n".join([GOOD, *(rows[name] for name in names)]) + b"\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(import_, "BATCH", batch)
        report, kept = import_rows(path)
    assert report.read == len(names) + 1
    assert report.read == sum(sum(c.values()) for c in (report.accepted, report.skipped, report.parked))
    assert len(kept.events) == report.accepted.total()
    assert len(kept.parked) == report.parked.total()


def test_a_parked_row_tells_its_place_and_keeps_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "mesh.jsonl"
    path.write_bytes(GOOD + b"\n" + GOOD[:50] + b"\n")
    _, kept = import_rows(path)
    (item,) = kept.parked
    assert (item.place, item.value, item.tenant) == ("mesh.jsonl:2", GOOD[:50], "t")
    assert item.connector == "meshcentral:one"


def test_what_the_broker_has_not_acknowledged_is_not_counted(tmp_path: Path) -> None:
    class Refusing(Kept):
        async def send_events(self, events: Iterable[Event]) -> int:
            raise TimeoutError

    path = tmp_path / "mesh.jsonl"
    path.write_bytes(GOOD + b"\n")
    report = Report()
    with pytest.raises(TimeoutError):
        asyncio.run(import_file(path, CONNECTORS["meshcentral"], "meshcentral:one", Options(), report, Refusing()))
    assert report.read == 0


def test_a_dry_run_counts_and_needs_no_broker() -> None:
    path = EXAMPLES / "screenconnect" / "report_sessionconnection.csv"
    result = run("screenconnect", str(path), "--dry-run", "--format", "json")
    assert result.exit_code == 0
    counts = json.loads(result.stdout)
    assert counts["accepted"] == {"remote_session": 3}
    assert counts["skipped"] == {"guest": 1}
    assert counts["read"] == 4


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nosuchtool", "x"], "There is no connector"),
        (["syncro"], "at least one file"),
        (["syncro", "/nowhere/x.json"], "is no file"),
        (["syncro", __file__], "does not begin like JSON"),
        (["syncro", __file__, "--as-of", "yesterday"], "--as-of"),
        (["syncro", __file__, "--as-of", "2026-03-02T18:00"], "--as-of"),
        (["syncro", __file__, "--zone", "Mars/Base"], "--zone"),
        (["syncro", __file__, "--zone", "../etc"], "--zone"),
        (["syncro", __file__, "--instance", "a/b"], "--instance"),
        (["syncro", __file__, "--tenant", "a/b"], "--tenant"),
        (["meshcentral", str(EXAMPLES / "meshcentral/nodes_response.json")], "--as-of"),
    ],
)
def test_wrong_use_says_what_to_do_and_exits_with_2(arguments: list[str], says: str) -> None:
    result = run(*arguments, "--dry-run")
    assert isinstance(result.exception, UserError)
    assert says in str(result.exception)
    assert result.exception.code == 2


def test_without_a_broker_the_exit_code_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVERYMINUTE_KAFKA", "127.0.0.1:1")
    result = run("syncro", str(EXAMPLES / "syncro/ticket_timers.json"))
    assert isinstance(result.exception, UserError)
    assert result.exception.code == 3
    assert "everyminute up" in str(result.exception)


async def everything(settings_: Settings, topics: Sequence[str]) -> dict[str, list[tuple[bytes, bytes]]]:
    """All records of the topics, by topic without prefix."""
    consumer = AIOKafkaConsumer(
        *(settings_.topic(name) for name in topics),
        bootstrap_servers=settings_.kafka, auto_offset_reset="earliest", group_id=None,
    )  # fmt: skip
    found: dict[str, list[tuple[bytes, bytes]]] = {name: [] for name in topics}
    await consumer.start()
    try:
        partitions = consumer.assignment()
        ends = await consumer.end_offsets(partitions)
        while any([await consumer.position(p) < ends[p] for p in partitions]):
            for p, records in (await consumer.getmany(timeout_ms=200)).items():
                found[p.topic.removeprefix(settings_.topic_prefix)] += [(r.key, r.value) for r in records]
    finally:
        await consumer.stop()
    return found


@pytest.mark.integration
def test_kafka_has_what_was_accepted_once_per_fact(
    kafka: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("EVERYMINUTE_KAFKA", kafka)
    monkeypatch.setenv("EVERYMINUTE_TOPIC_PREFIX", topic_prefix)
    monkeypatch.setenv("EVERYMINUTE_PARTITIONS", "2")
    asyncio.run(provision(Settings()))
    large = MALFORMED["a row of a megabyte"][0]
    broken = tmp_path / "capture.jsonl"
    broken.write_bytes((EXAMPLES / "meshcentral/capture.jsonl").read_bytes() + b'{"broken": \n' + large)
    nodes = EXAMPLES / "meshcentral/nodes_response.json"
    for _ in range(2):
        result = run("meshcentral", str(broken), str(nodes), "--tenant", "t", "--as-of", "2026-03-02T18:00Z")
        assert result.exit_code == 0, result.output
    found = asyncio.run(everything(Settings(), ["events.session", "catalog", "parked"]))
    sessions: list[Any] = [json.loads(value) for _, value in found["events.session"]]
    assert len(sessions) == 14
    assert len({session["id"] for session in sessions}) == 7
    assert all(key.startswith(b"t/") for key, _ in found["events.session"])
    assert len(found["catalog"]) == 2
    assert len({key for key, _ in found["catalog"]}) == 1
    assert {decode_parked(value).value for _, value in found["parked"]} == {b'{"broken": ', large[:MAX_ROW]}


def test_every_example_can_be_imported_by_the_command() -> None:
    for name in examples():
        tool = name.split("/")[0]
        result = run(
            tool, str(EXAMPLES / name), "--dry-run", "--as-of", "2026-03-02T18:00Z", "--zone", "America/New_York"
        )
        assert result.exit_code == 0, name


def test_a_hundred_thousand_rows_need_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "big.json"
    with path.open("wb") as file:
        file.write(b'{"ticket_timers":[')
        for number in range(100_000):
            file.write(b'{"id":%d,"noise":"%s"},\n' % (number, b"x" * 200))
        file.write(b"]}")
    report = Report()
    tracemalloc.start()
    asyncio.run(import_file(path, CONNECTORS["syncro"], "syncro:one", Options(), report, None))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert report.read == 100_000
    assert peak < 5_000_000 < path.stat().st_size / 4
