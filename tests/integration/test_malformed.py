"""Twelve kinds of broken records straight into Kafka: parked with a remedy that works, their neighbours rated."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiokafka import AIOKafkaProducer

from streams.topics import partition_of
from tests.engine_fixture import EngineProcess
from tests.integration.pipeline import Pipeline

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

BEGIN = 1_772_460_000  # 2026-03-02T14:00Z, a Monday
SECONDS = 600
CATALOGUE: dict[str, Any] = {
    "organisation": {"zone": "America/New_York", "currency": "USD"},
    "clients": [{"id": "acme", "aliases": {"mesh": ["g1"]}}],
    "technicians": [{"id": "dana", "aliases": {"mesh": ["dana"]}}],
    "rate_cards": [{"id": "standard", "from": "2026-01-01", "lines": [{"service": "*", "rate": 120}]}],
    "contracts": [{"id": "a", "client": "acme", "from": "2026-01-01"}],
}


def iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def event(activity: str, hour: int, **changed: Any) -> dict[str, Any]:
    """A session of ten minutes as a CloudEvent, two hours a number after the others; ``changed`` in its data."""
    start = BEGIN + hour * 7200
    data = {
        "source": "mesh:1", "source_event_id": activity, "activity_id": activity, "kind": "remote_session",
        "phase": "interval", "started_at": iso(start), "ended_at": iso(start + SECONDS), "revision": 1,
        "technician": {"native_id": "dana"}, "client": {"native_id": "g1"}, "service": "remote.desktop",
    }  # fmt: skip
    return {
        "specversion": "1.0", "id": f"mesh:1/{activity}", "source": "/connectors/mesh/1",
        "type": "everyminute.remote_session.interval.v1",
        "data": {name: value for name, value in (data | changed).items() if value != "GONE"},
    }  # fmt: skip


def encode(record: dict[str, Any]) -> bytes:
    return json.dumps(record).encode()


@dataclass(frozen=True)
class Broken:
    """A record that cannot go on, why, and the record that it should have been."""

    value: bytes | None
    reason: str
    mended: bytes
    keyed: bool = True


def broken() -> dict[str, Broken]:
    """By activity."""
    found: dict[str, Broken] = {}

    def add(name: str, reason: str, value: bytes | None, keyed: bool = True) -> None:
        mended = encode(event(name, len(found), revision=2))
        found[name] = Broken(value, reason, mended, keyed)

    def bad(name: str, **changed: Any) -> bytes:
        return encode(event(name, len(found), **changed))

    good = bad("x")
    add("invalid-json", "not_json", good[:-1])
    add("wrong-type", "wrong_shape", bad("wrong-type", started_at=17))
    add("missing-field", "wrong_shape", bad("missing-field", activity_id="GONE"))
    add("unknown-field", "unknown_field", bad("unknown-field", techncian="dana"))
    add("null-key", "missing_key", bad("null-key"), keyed=False)
    add("empty-value", "empty_value", None)
    add("too-large", "too_large", bad("too-large", native={"log": "x" * 900_000}))
    add("bad-utf-8", "not_utf8", bad("bad-utf-8").replace(b"dana", b"d\xe4na"))
    add("instant", "instant_out_of_range", bad("instant", started_at="1970-01-21T12:21:00Z"))
    add("negative-length", "negative_duration", bad("negative-length", duration_ms=-5))
    add("backwards", "negative_duration", bad("backwards", ended_at=iso(BEGIN + len(found) * 7200 - 3600)))
    add("wrong-tenant", "wrong_tenant", bad("wrong-tenant", tenant="other"))
    add("unknown-schema", "unknown_schema", bad("unknown-schema", schema=9))
    return found


BROKEN = broken()
NEIGHBOURS = [f"good-{number}" for number in range(len(BROKEN) + 1)]


async def produce(pipeline: Pipeline, records: Sequence[tuple[bytes | None, bytes | None]]) -> None:
    """Straight to events.session, all into one partition, in order; nothing of ours looks at them."""
    producer = AIOKafkaProducer(bootstrap_servers=pipeline.settings.kafka, acks="all", max_request_size=4 << 20)
    await producer.start()
    for key, value in records:
        partition = partition_of((key or b"").decode(), pipeline.settings.partitions)
        await producer.send_and_wait(pipeline.settings.topic("events.session"), value, key=key, partition=partition)
    await producer.stop()


@pytest.fixture(scope="module")
def fed(kafka: str, engine: EngineProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """Broken records among good neighbours, and the pipeline at rest."""
    home = tmp_path_factory.mktemp("malformed")
    with Pipeline(kafka, engine, home) as pipeline:
        pipeline.start_all()
        apply(pipeline, home, CATALOGUE)
        records: list[tuple[bytes | None, bytes | None]] = []
        for number, (name, one) in enumerate(BROKEN.items()):
            records.append((key(NEIGHBOURS[number]), encode(event(NEIGHBOURS[number], 100 + number))))
            records.append((key(name) if one.keyed else None, one.value))
        records.append((key(NEIGHBOURS[-1]), encode(event(NEIGHBOURS[-1], 150))))
        asyncio.run(produce(pipeline, records))
        pipeline.settle()
        yield pipeline


def key(activity: str) -> bytes:
    return f"main/{activity}".encode()


def apply(pipeline: Pipeline, home: Path, catalogue: dict[str, Any]) -> None:
    folder = home / "catalogue"
    folder.mkdir(exist_ok=True)
    (folder / "catalogue.yaml").write_text(yaml.safe_dump(catalogue))
    ran = pipeline.run("catalog", "apply", folder)
    assert ran.code == 0, ran.err


def parked(pipeline: Pipeline) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = pipeline.run("parked", "list", "--format", "json").json()
    return items


def rated(pipeline: Pipeline) -> dict[str, tuple[str, int]]:
    """(disposition, worked seconds) of each piece of work."""
    rows = pipeline.query("SELECT work, disposition, worked_seconds FROM entries_live")
    return {row["work"]: (row["disposition"], row["worked_seconds"]) for row in rows}


def test_each_is_parked_with_its_bytes_and_a_remedy_and_its_neighbours_are_rated(fed: Pipeline) -> None:
    items = parked(fed)
    bytes_of = {(one.reason, one.value or b"") for one in BROKEN.values()}
    assert {(item["reason"], base64.b64decode(item.get("value", ""))) for item in items} >= {
        pair for pair in bytes_of if pair[0] != "negative_duration" or b'"duration_ms": -5' in pair[1]
    }
    assert len(items) == len(BROKEN)
    for item in items:
        assert item["saw"], item
        assert item["expected"], item
        assert item["remedy"], item
        assert item["topic"] == "events.session"
    for neighbour in NEIGHBOURS:
        assert rated(fed)[neighbour] == ("billed", SECONDS)
    assert not rated(fed).keys() & BROKEN.keys()


def test_the_remedy_applied_each_is_rated_and_nothing_is_parked_any_more(fed: Pipeline, tmp_path: Path) -> None:
    for item in parked(fed):
        name = name_of(item)
        mended = tmp_path / f"{name}.json"
        mended.write_bytes(BROKEN[name].mended)
        keyed = () if BROKEN[name].keyed else ("--key", f"main/{name}")
        ran = fed.run("parked", "replay", item["id"], "--file", mended, *keyed)
        assert ran.code == 0, (name, ran.err)
    fed.settle()
    assert parked(fed) == []
    assert {name: rated(fed).get(name) for name in BROKEN} == dict.fromkeys(BROKEN, ("billed", SECONDS))


def name_of(item: dict[str, Any]) -> str:
    """The activity of a parked record, from its key; one record has none."""
    text = base64.b64decode(item.get("key", "")).decode()
    return text.removeprefix("main/") or "null-key"


def test_unknown_people_and_things_are_outcomes_and_resolve_once_they_are_known(fed: Pipeline, tmp_path: Path) -> None:
    unknown = {
        "nobody-knows": event("nobody-knows", 160, technician={"native_id": "lee"}),
        "whose-device": event("whose-device", 161, client="GONE", device={"native_id": "node-7"}),
        "which-ticket": event("which-ticket", 162, client="GONE", ticket={"native_id": "T-9"}),
    }
    asyncio.run(produce(fed, [(key(name), encode(one)) for name, one in unknown.items()]))
    fed.settle()
    assert parked(fed) == []
    assert {name: rated(fed)[name] for name in unknown} == dict.fromkeys(unknown, ("unlinked", SECONDS))
    reasons = {row["work"]: row["reason"] for row in fed.query("SELECT work, reason FROM entries_live")}
    assert {name: reasons[name] for name in unknown} == {
        "nobody-knows": "technician_unknown", "whose-device": "client_unknown", "which-ticket": "ticket_unknown",
    }  # fmt: skip

    technicians = [*CATALOGUE["technicians"], {"id": "lee", "aliases": {"mesh": ["lee"]}}]
    apply(fed, tmp_path, CATALOGUE | {"technicians": technicians})
    known = tmp_path / "directory.jsonl"
    known.write_text("".join(json.dumps(one) + "\n" for one in (
        told("device", {"id": "ws-7", "client": "acme", "aliases": {"mesh": ["node-7"]}}),
        told("ticket", {"id": "T-9", "client": "acme"}),
    )))  # fmt: skip
    assert fed.run("import", "cloudevents", known).code == 0
    fed.settle()
    assert {name: rated(fed)[name] for name in unknown} == dict.fromkeys(unknown, ("billed", SECONDS))


def told(kind: str, thing: dict[str, Any]) -> dict[str, Any]:
    """A directory object as the cloudevents connector reads it."""
    return {
        "specversion": "1.0", "id": f"{kind}/{thing['id']}", "source": "/test", "type": "everyminute.directory.v1",
        "data": {"kind": kind, "rev": "2026-03-02T18:00:00Z", "object": thing},
    }  # fmt: skip
