"""Technicians with tokens, a catalogue and a clock of their own before a real server and a real broker."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec

from jobs import tokens, users
from jobs.access import Access
from streams.doors import Door
from streams.models.catalog import OBJECT_TYPES, object_body
from streams.models.cloudevent import decode_cloudevent
from streams.models.event import Event
from streams.models.fact import Fact
from streams.models.instant import from_ms, to_ms
from streams.settings import Settings
from streams.topics import CATALOG, TOPICS
from tests.kafka_fixture import create_topics
from tests.web.conftest import served
from tests.web.door import PARTITIONS, records_of

ATTACK = '<img src=x onerror="alert(1)">'
TENANT = "main"
PASSWORD = "correct horse battery"


class VirtualClock:
    """Stands still until it is told. ms since 1970."""

    def __init__(self, text: str) -> None:
        self.ms = to_ms(datetime.fromisoformat(text))

    def __call__(self) -> int:
        return self.ms

    def tick(self, seconds: float) -> None:
        self.ms += round(seconds * 1000)

    @property
    def iso(self) -> str:
        found = from_ms(self.ms)
        assert found is not None
        return found.isoformat()


def thing(kind: str, tenant: str = TENANT, rev: int = 1, **fields: Any) -> Fact:
    """A directory object, as a connector reports it."""
    item = OBJECT_TYPES[kind].model_validate(fields)
    return Fact(kind="object", tenant=tenant, id=f"{kind}/{item.id}", rev=rev, body=object_body("directory", item))


CATALOGUE = [
    thing("technician", id="dana", name="Dana Ito", aliases={"mesh:1": ["d.ito"]}),
    thing("technician", id="erin", name="Erin Vale"),
    thing("client", id="acme", name="Acme Dental"),
    thing("client", id="birch", name="Birch & Sons"),
    thing("device", id="ws1", name="Front desk", client="acme", aliases={"mesh:1": ["node//ws1"]}),
    thing("ticket", id="T1", title="Printer offline", client="acme", technicians=["dana"]),
    thing("ticket", id="T2", title="Mailbox full", client="birch", technicians=["dana", "erin"]),
    thing("ticket", id="T3", title="Old one", client="birch", technicians=["dana"], closed="2020-01-01T00:00:00Z"),
    thing("ticket", id="T4", title=ATTACK, client="acme"),
    thing("ticket", id="~desk:main:77", title="VPN drops", client="acme", aliases={"*": ["48213"]}),
    thing("technician", tenant="other", id="mallory"),
]


@dataclass
class Technician:
    """A program with a token of one technician."""

    client: httpx.Client
    clock: VirtualClock

    def post(self, action: str, timer: str, key: str = "k", **fields: Any) -> httpx.Response:
        body = {"timer": timer, "key": key, "at": self.clock.iso, "sent_at": self.clock.iso} | fields
        return self.client.post(f"/v1/timers/{action}", json={k: v for k, v in body.items() if v is not None})

    def act(self, action: str, timer: str, key: str = "k", **fields: Any) -> dict[str, Any]:
        answer = self.post(action, timer, key, **fields)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def get(self, path: str, **query: str) -> Any:
        answer = self.client.get(f"/v1/timers/{path}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def states(self) -> dict[str, str]:
        return {one["timer"]: one["state"] for one in self.get("day", zone="UTC")["timers"]}


@dataclass
class TimerRig:
    settings: Settings
    clock: VirtualClock
    access: Access
    address: str

    @contextlib.contextmanager
    def program(self, technician: str = "", tenant: str = TENANT, address: str = "") -> Iterator[Technician]:
        token = tokens.create(self.access, f"of {technician}", tenant, ("timers",), technician)
        headers = {"authorization": f"Bearer {token}"}
        with httpx.Client(base_url=address or self.address, headers=headers, trust_env=False, timeout=30) as client:
            yield Technician(client, self.clock)

    def events(self) -> list[Event]:
        found = [decode_cloudevent(TENANT, record.value) for record in records_of(self.settings, "events.timer")]
        return [one for one in found if isinstance(one, Event)]

    def send(self, topic: str, facts: Sequence[Fact]) -> None:
        async def go() -> None:
            async with Door(self.settings) as door:
                await door.send_facts(topic, facts)

        asyncio.run(go())


@contextlib.contextmanager
def timer_rig(kafka: str, prefix: str, home: Path, at: str = "2026-03-02T09:00:00+00:00") -> Iterator[TimerRig]:
    settings = Settings(home=home, kafka=kafka, topic_prefix=prefix, partitions=PARTITIONS, clickhouse_port=1)
    create_topics(kafka, [settings.topic(topic.name) for topic in TOPICS], PARTITIONS)
    access, clock = Access(settings), VirtualClock(at)
    for name in ("dana", "erin"):
        users.add(access, name, "technician", TENANT, name, PASSWORD)
    users.add(access, "boss", "admin", TENANT, "", PASSWORD)
    with served(settings, clock) as address:
        rig = TimerRig(settings, clock, access, address)
        rig.send(CATALOG, CATALOGUE)
        yield rig


def fact_of(kind: str, id_: str, rev: int, item: Any) -> Fact:
    """What a hop sends: work, or an interval."""
    return Fact(kind=kind, tenant=TENANT, id=id_, rev=rev, body=msgspec.Raw(msgspec.json.encode(item)))  # type: ignore[arg-type]
