"""Samples of what the topics hold: ``python -m tests.integration.sampling`` writes them anew, from a real run.

A line is one record, ``{"key": …, "value": …}`` as text, or ``"base64"`` for a value that is none. They are kept to
show that later code still reads what earlier code wrote: add new files or lines, never replace those that a release
has written.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from base64 import b64decode, b64encode
from collections.abc import Iterable
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

import msgspec

from jobs.scenario import read_scenario
from jobs.simulate import catalogue_facts
from streams.changelog import unpack
from streams.doors import Door
from streams.topics import TOPICS
from tests.engine_fixture import shared_engine
from tests.integration.month import TENANT, load
from tests.integration.pipeline import Pipeline
from tests.kafka_fixture import bootstrap

SAMPLES = Path(__file__).parent / "samples"
STORIES = Path(__file__).parents[1] / "stories"
UNUSED = ("raw", "notes")  # bytes and texts of others: no records of ours
DECIDED = ("decisions", "exports")  # the month of the demo has none: from a story
MANY = 12
LARGE = 3000  # bytes; larger ones stay out


class Sample(NamedTuple):
    """A record; what a hop reads, too."""

    key: bytes
    value: bytes
    offset: int = 0
    headers: tuple[tuple[str, bytes], ...] = ()


def read(topic: str) -> list[Sample]:
    lines = (SAMPLES / f"{topic}.jsonl").read_text(encoding="utf-8").splitlines()
    return [Sample(each["key"].encode(), value_of(each)) for each in map(json.loads, lines)]


def value_of(line: dict[str, str]) -> bytes:
    return b64decode(line["base64"]) if "base64" in line else line["value"].encode()


def line_of(key: bytes, value: bytes) -> str:
    text = {"base64": b64encode(value).decode()} if b"#" in key else {"value": value.decode()}
    return json.dumps({"key": key.decode()} | text) + "\n"


def write(pipeline: Pipeline) -> None:
    SAMPLES.mkdir(exist_ok=True)
    for topic in TOPICS:
        if topic.name not in (*UNUSED, *DECIDED):
            chosen = choose((record.key, record.value) for record in pipeline.records(topic.name))
            lines = [line_of(key, value) for key, value in chosen]
            (SAMPLES / f"{topic.name}.jsonl").write_text("".join(lines), encoding="utf-8")


def write_decided(pipeline: Pipeline) -> None:
    """Decisions, what became of them, and a batch: a month is closed, its evidence confirmed, and exported."""
    scenario = read_scenario(STORIES / "CL1.yaml", TENANT)
    objects, release = catalogue_facts(scenario.catalogue, TENANT)

    async def send() -> None:
        async with Door(pipeline.settings) as door:
            await door.send_facts("catalog", [*objects, release])
            await door.send_events(scenario.events)

    asyncio.run(send())
    pipeline.settle()
    for words in (
        ("decide", "approve", "--evidence", scenario.events[0].activity_id, "--reason", "looked at"),
        ("decide", "purchase", "--client", "acme", "--contract", "hourly", "--from", "2026-06-01", "--hours", 5),
        ("period", "close", "acme", "2026-07"),
        ("period", "close", "acme", "2026-05"),
        ("export", "new", "--by", "kim"),
    ):
        pipeline.run(*words)
        pipeline.settle()
    for topic in DECIDED:
        chosen = choose((record.key, record.value) for record in pipeline.records(topic))
        (SAMPLES / f"{topic}.jsonl").write_text("".join(line_of(*one) for one in chosen), encoding="utf-8")


def choose(records: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """A dozen, of each sort in turn; sorts are told apart by the values of the fields that name one."""
    sorts: dict[tuple[str, ...], list[tuple[bytes, bytes]]] = {}
    for key, value in records:
        if len(value) < LARGE:
            sorts.setdefault(sort_of(key, value), []).append((key, value))
    turns = (each[:MANY] for _, each in sorted(sorts.items()))
    rounds = zip_longest(*turns)
    return [record for some in rounds for record in some if record is not None][:MANY]


def sort_of(key: bytes, value: bytes) -> tuple[str, ...]:
    """As ("interval", "stop"): the kind of a fact, and what its body says of its own. Of many, the first."""
    if b"\x1f" in key:
        value = next(unpack(key, value)).value
    thing = msgspec.json.decode(value.lstrip(b"+="))
    body = thing.get("body") or thing.get("data") or thing
    body = body if isinstance(body, dict) else {}
    names = [thing.get("kind", ""), *(body.get(name, "") for name in ("phase", "close", "state", "disposition"))]
    return tuple(str(name) for name in names if name)


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        with Pipeline(bootstrap(), shared_engine(), Path(home) / "month", TENANT) as pipeline:
            pipeline.start_all()
            load(pipeline, Path(home) / "demo")
            pipeline.settle()
            write(pipeline)
        with Pipeline(bootstrap(), shared_engine(), Path(home) / "decided", TENANT) as pipeline:
            pipeline.start("worker")
            pipeline.start("writer")
            write_decided(pipeline)


if __name__ == "__main__":
    main()
