"""The whole worker, all hops at once: an event in, a row of the ledger out, whatever is killed in between."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.doors import Door
from streams.models.catalog import CatalogObject, Client, Organisation, Technician, object_body
from streams.models.entry import Entry, decode_entry
from streams.models.event import Event, Ref
from streams.models.fact import Fact
from tests.streams.rig import Rig, ends_with, wait_for

pytestmark = pytest.mark.integration
WORKER = ("-m", "streams.app", "worker")
ALL_SOURCES = ("events.timer", "events.session", "events.script", "catalog", "decisions", "link-log", "rate-log")
BEGIN = 1_772_461_800_000


@pytest.fixture
def rig(kafka: str, topic_prefix: str, tmp_path: Path) -> Iterator[Rig]:
    made = Rig(kafka, topic_prefix, tmp_path)
    yield made
    made.close()


def directory() -> list[Fact]:
    objects: list[tuple[str, CatalogObject]] = [
        ("organisation", Organisation(zone="Europe/Berlin", currency="EUR")),
        ("client", Client(id="bakery", aliases={"mesh": ["mesh//bakery"]})),
        ("technician", Technician(id="dana", aliases={"mesh": ["user//dana"]})),
    ]
    return [
        Fact(kind="object", tenant="acme", id=f"{name}/{item.id}", rev=1, body=object_body("directory", item))
        for name, item in objects
    ]


def sessions(count: int) -> list[Event]:
    """Each of ten minutes, two hours apart: nothing is joined."""
    return [
        Event(
            tenant="acme",
            source="mesh:1",
            source_event_id=f"{number}/{phase}",
            activity_id=f"s{number}",
            kind="remote_session",
            phase=phase,
            at=BEGIN + number * 7_200_000 + (600_000 if phase == "stop" else 0),
            technician=Ref("user//dana"),
            client=Ref("mesh//bakery"),
            service="remote.desktop",
        )
        for number in range(count)
        for phase in ("start", "stop")
    ]


def ledger(rig: Rig) -> list[Entry]:
    newest: dict[str, Entry] = {}
    for record in rig.records("entries"):
        entry = decode_entry(record.value)
        if entry.version >= newest.get(entry.id, entry).version:
            newest[entry.id] = entry
    return [entry for entry in newest.values() if not entry.void]


def quiet(rig: Rig) -> bool:
    return all(committed == end for committed, end in rig.committed(ALL_SOURCES).values())


def test_events_become_rows_through_crashes_in_every_hop(rig: Rig) -> None:
    async def send() -> None:
        async with Door(rig.settings) as door:
            await door.send_facts("catalog", directory())
            await door.send_events(sessions(12))

    asyncio.run(send())
    for point in ("copy.before_ack:1", "pair.after_outputs:1", "link.after_outputs:2", "rate.after_appends:2"):
        ends_with(rig.worker("w", crash_at=point, command=WORKER), 137)
    last = rig.worker("w", command=WORKER)
    wait_for(lambda: quiet(rig), "the worker did not finish")
    rows = ledger(rig)
    assert sorted(row.identity.work for row in rows) == sorted(f"s{number}" for number in range(12))
    assert {(row.worked_seconds, row.technician, row.identity.client) for row in rows} == {(600, "dana", "bakery")}
    assert rig.records("parked") == []
    wait_for(lambda: all(hop["lag"] == 0 for hop in rig.report("w")["hops"].values()), "the report tells of lag")
    for name, hop in rig.report("w")["hops"].items():
        assert hop["received"] == hop["done"] + hop["waiting"] + hop["parked"], (name, hop)
    assert last.poll() is None
