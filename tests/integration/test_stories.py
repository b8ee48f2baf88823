"""Two more roads of every story: through the agents on real Kafka into the real ClickHouse engine, all at once; and
there rated again.

A story is a tenant of its own. A clock mark concerns everybody in its partition, so stories are read in the order of
the instant they are told at: first those without one. Decisions are taken in rounds, each story its next one: by the
ledger as the kernel in memory has it, which is the one the store must have.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from itertools import count, groupby
from pathlib import Path

import pytest
from msgspec.structs import replace

from jobs.ledger import Ledger
from jobs.scenario import Scenario, read_scenario
from jobs.simulate import Hops, Sent, begin, catalogue_facts, simulate, take
from jobs.simulate_charges import charge_rows
from jobs.simulate_ledger import rows
from streams.clock import send_mark
from streams.doors import Door
from streams.log import KafkaLog, new_producer
from streams.models.decision import Decision, encode_decision
from streams.models.entry import Entry
from streams.models.fact import Fact
from tests.engine_fixture import EngineProcess
from tests.integration.pipeline import Pipeline

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

FOLDER = Path(__file__).parents[1] / "stories"
STORIES = [read_scenario(path, path.stem) for path in sorted(FOLDER.glob("*.yaml"))]

Read = tuple[dict[str, Entry], list[str]]  # entries with their trails, without versions; reasons of what is parked


@dataclass
class Ledgers:
    """What the store held of each story at its instant, and after everything was rated again."""

    first: dict[str, Read] = field(default_factory=dict)
    again: dict[str, Read] = field(default_factory=dict)


@pytest.fixture(scope="module")
def ledgers(kafka: str, engine: EngineProcess, tmp_path_factory: pytest.TempPathFactory) -> Ledgers:
    found = Ledgers()
    with Pipeline(kafka, engine, tmp_path_factory.mktemp("stories")) as pipeline:
        pipeline.start("worker")
        pipeline.start("writer")
        for instant, group in groupby(sorted(STORIES, key=_instant), _instant):
            some = list(group)
            asyncio.run(_begin(pipeline, some, instant))
            pipeline.settle()
            _decide(pipeline, some)
            found.first |= {one.tenant: _read(pipeline, one.tenant) for one in some}
            undecided = [one for one in some if not one.decisions]
            asyncio.run(_send(pipeline, [_rerated(one) for one in undecided]))
            pipeline.settle()
            found.again |= {one.tenant: _read(pipeline, one.tenant) for one in undecided}
        pipeline.stop_all()
    return found


def _instant(scenario: Scenario) -> int:
    return scenario.as_of or 0


def _rerated(scenario: Scenario) -> Sent:
    decision = Decision(kind="rerate", on="2000-01-01", release=1)
    fact = Fact(kind="decision", tenant=scenario.tenant, id="again", body=encode_decision(decision))
    return Sent([], [], [fact])


async def _begin(pipeline: Pipeline, scenarios: list[Scenario], instant: int) -> None:
    """Catalogues and events of all of them; then the clock mark, once everything before it has been read."""
    facts = [catalogue_facts(one.catalogue, one.tenant) for one in scenarios]
    sent = [Sent(one.events, [*some, release], []) for one, (some, release) in zip(scenarios, facts, strict=True)]
    await _send(pipeline, sent)
    if not instant:
        return
    producer = new_producer(pipeline.settings)
    await producer.start()
    try:
        await send_mark(KafkaLog(producer, pipeline.settings.topic_prefix), pipeline.settings.partitions, instant)
    finally:
        await producer.stop()


async def _send(pipeline: Pipeline, sent: list[Sent]) -> None:
    async with Door(pipeline.settings) as door:
        for one in sent:
            await door.send_facts("catalog", one.catalogue)
            await door.send_events(one.events)
            await door.send_facts("decisions", one.decisions)


def _decide(pipeline: Pipeline, scenarios: list[Scenario]) -> None:
    """Every story's next decision, or what arrives, until none has any left."""
    stories: list[tuple[Scenario, Hops]] = [(one, begin(one)) for one in scenarios if one.decisions]
    for number in count():
        sent = [take(one.decisions[number], one, hops) for one, hops in stories if number < len(one.decisions)]
        if not sent:
            return
        asyncio.run(_send(pipeline, sent))
        pipeline.settle()


def _read(pipeline: Pipeline, tenant: str) -> Read:
    with Ledger(pipeline.settings, tenant) as ledger:
        entries = {entry.id: replace(entry, version=0) for entry in ledger.entries(trail=True)}
    parked = pipeline.query("SELECT reason FROM parked_live WHERE tenant = {tenant:String}", tenant=tenant)
    return entries, sorted(row["reason"] for row in parked)


@pytest.mark.parametrize("scenario", STORIES, ids=lambda one: one.tenant)
def test_the_store_holds_the_ledger_that_simulate_prints(scenario: Scenario, ledgers: Ledgers) -> None:
    result = simulate(scenario)
    entries, parked = ledgers.first[scenario.tenant]
    told = [*rows(result, scenario.names), *charge_rows(result)]
    assert entries == {entry.id: replace(entry, version=0) for entry in told}
    assert parked == sorted(one.reason for one in result.parked.values() if not one.void)


def test_rated_again_every_ledger_is_the_same(ledgers: Ledgers) -> None:
    different = [tenant for tenant, read in ledgers.again.items() if read != ledgers.first[tenant]]
    assert len(ledgers.again) > 200
    assert not different
