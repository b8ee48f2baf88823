"""The fifth road of every story: through the agents on real Kafka into the real ClickHouse engine, all at once.

A story is a tenant of its own. A clock mark concerns everybody in its partition, so stories are read in the order of
the instant they are told at: first those without one.
"""

from __future__ import annotations

import asyncio
from itertools import groupby
from pathlib import Path

import pytest
from msgspec.structs import replace

from jobs.ledger import Ledger
from jobs.scenario import Scenario, read_scenario
from jobs.simulate import catalogue_facts, simulate
from jobs.simulate_charges import charge_rows
from jobs.simulate_ledger import rows
from streams.clock import send_mark
from streams.doors import Door
from streams.log import KafkaLog, new_producer
from streams.models.entry import Entry
from tests.engine_fixture import EngineProcess
from tests.integration.pipeline import Pipeline

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

FOLDER = Path(__file__).parents[1] / "stories"
READ = [read_scenario(path, path.stem) for path in sorted(FOLDER.glob("*.yaml"))]
STORIES = [one for one in READ if not one.decisions]  # those with decisions have an order of their own


@pytest.fixture(scope="module")
def ledgers(kafka: str, engine: EngineProcess, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Read]:
    """What the store held of each story, at its instant."""
    found: dict[str, Read] = {}
    with Pipeline(kafka, engine, tmp_path_factory.mktemp("stories")) as pipeline:
        pipeline.start("worker")
        pipeline.start("writer")
        told = sorted(STORIES, key=_instant)
        for instant, group in groupby(told, _instant):
            some = list(group)
            asyncio.run(_send(pipeline, some, instant))
            pipeline.settle()
            found |= {one.tenant: _read(pipeline, one.tenant) for one in some}
        pipeline.stop_all()
    return found


Read = tuple[list[Entry], list[str]]  # entries with their trails, reasons of what is parked


def _instant(scenario: Scenario) -> int:
    return scenario.as_of or 0


async def _send(pipeline: Pipeline, scenarios: list[Scenario], instant: int) -> None:
    """Catalogues and events of all of them; then the clock mark, once everything before it has been read."""
    async with Door(pipeline.settings) as door:
        for one in scenarios:
            objects, release = catalogue_facts(one.catalogue, one.tenant)
            await door.send_facts("catalog", [*objects, release])
            await door.send_events(one.events)
    if not instant:
        return
    producer = new_producer(pipeline.settings)
    await producer.start()
    try:
        await send_mark(KafkaLog(producer, pipeline.settings.topic_prefix), pipeline.settings.partitions, instant)
    finally:
        await producer.stop()


def _read(pipeline: Pipeline, tenant: str) -> Read:
    with Ledger(pipeline.settings, tenant) as ledger:
        entries = list(ledger.entries(trail=True))
    parked = pipeline.query("SELECT reason FROM parked_live WHERE tenant = {tenant:String}", tenant=tenant)
    return entries, sorted(row["reason"] for row in parked)


@pytest.mark.parametrize("scenario", STORIES, ids=lambda one: one.tenant)
def test_the_store_holds_the_ledger_that_simulate_prints(scenario: Scenario, ledgers: dict[str, Read]) -> None:
    result = simulate(scenario)
    entries, parked = ledgers[scenario.tenant]
    held = {entry.id: replace(entry, version=0) for entry in entries}
    told = [*rows(result, scenario.names), *charge_rows(result)]
    assert held == {entry.id: replace(entry, version=0) for entry in told}
    assert parked == sorted(one.reason for one in result.parked.values() if not one.void)
