"""A month is closed through the real pipeline, corrected, decided about and re-rated, by the commands."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from jobs.catalog_apply import plan, read_head
from jobs.ledger import Ledger
from jobs.scenario import Scenario, read_scenario
from jobs.scenario_decisions import Arrival
from jobs.simulate import catalogue_facts, simulate
from jobs.simulate_ledger import ledger, rows
from streams.doors import Door
from streams.models.entry import Entry
from tests.engine_fixture import EngineProcess
from tests.integration.pipeline import Pipeline

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

STORIES = Path(__file__).parents[1] / "stories"


@pytest.fixture(scope="module")
def pipeline(kafka: str, engine: EngineProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    with Pipeline(kafka, engine, tmp_path_factory.mktemp("closing")) as running:
        running.start("worker")
        running.start("writer")
        yield running
        running.stop_all()


async def send(pipeline: Pipeline, topic: str, facts: list[Any], events: list[Any]) -> None:
    async with Door(pipeline.settings) as door:
        if facts:
            await door.send_facts(topic, facts)
        await door.send_events(events)


def entries(pipeline: Pipeline, tenant: str) -> dict[str, Entry]:
    with Ledger(pipeline.settings, tenant) as ledger:
        return {one.id: replace(one, version=0) for one in ledger.entries(trail=True)}


def begin(pipeline: Pipeline, story: str) -> Scenario:
    """The catalogue and the first events of a story, which is a tenant of its own."""
    scenario = read_scenario(STORIES / f"{story}.yaml", story)
    objects, release = catalogue_facts(scenario.catalogue, story)
    asyncio.run(send(pipeline, "catalog", [*objects, release], scenario.events))
    pipeline.settle()
    return scenario


def arrive(pipeline: Pipeline, scenario: Scenario, number: int) -> None:
    """What arrives at that place of the story's decisions."""
    step = scenario.decisions[number]
    assert isinstance(step, Arrival)
    facts: list[Any] = []
    if step.catalogue is not None:
        objects, release = catalogue_facts(scenario.catalogue, scenario.tenant)
        _, facts = plan(read_head([*objects, release]), step.catalogue, scenario.tenant)
    asyncio.run(send(pipeline, "catalog", facts, step.events))
    pipeline.settle()


def test_a_month_closes_once_and_is_corrected_in_the_next(pipeline: Pipeline) -> None:
    """CL1 by the commands, with wrong hashes before and a second close after."""
    scenario, tenant = begin(pipeline, "CL1"), "CL1"
    (may, june) = pipeline.run("period", "status", "--tenant", tenant, "--format", "json").json()
    assert (may["state"], may["rows"], may["amounts"], june["closes"]) == ("soft", 1, {"USD": "120.00"}, 0)
    hashed = pipeline.run("ledger", "hash", "--client", "acme", "--period", "2026-05", "--tenant", tenant)
    assert hashed.out.split()[0] == may["hash"]
    wrong = pipeline.run("period", "close", "acme", "2026-05", "--hash", "00", "--tenant", tenant)
    assert (wrong.code, wrong.out) == (1, "")
    assert "the statement changed since you looked at it" in wrong.err
    early = pipeline.run("period", "close", "acme", "2026-06", "--tenant", tenant)
    assert (early.code, "close 2026-05 first" in early.err) == (1, True), early.err
    closed = pipeline.run("period", "close", "acme", "2026-05", "--tenant", tenant, "--format", "json").json()
    assert (closed["outcome"], closed["number"], closed["hash"]) == ("closed", 1, may["hash"])
    arrive(pipeline, scenario, 1)
    wanted = {one.id: replace(one, version=0) for one in rows(simulate(scenario), scenario.names)}
    assert entries(pipeline, tenant) == wanted
    again = pipeline.run("period", "close", "acme", "2026-05", "--tenant", tenant)
    assert (again.code, "closed already" in again.err) == (1, True)
    (may, june) = pipeline.run("period", "status", "--tenant", tenant, "--format", "json").json()
    assert (may["state"], may["hash"], june["corrections"]) == ("closed", closed["hash"], 3)
    pipeline.settle()  # the answers come from the log; the store is told after that
    shown = pipeline.run("period", "show", "acme", "2026-05", "--tenant", tenant, "--format", "json").json()
    assert sorted(one["outcome"] for one in shown["closings"]) == ["closed", "refused", "refused"]


def test_a_closed_month_is_rated_again_after_its_difference_was_seen(pipeline: Pipeline) -> None:
    """CL3 by the commands; then a decision about one of the rows."""
    scenario, tenant = begin(pipeline, "CL3"), "CL3"
    assert pipeline.run("period", "close", "acme", "2026-01", "--tenant", tenant).code == 0
    arrive(pipeline, scenario, 1)
    before = entries(pipeline, tenant)
    dry = pipeline.run("rerate", "--from", "2026-01-15", "--dry-run", "--tenant", tenant, "--format", "json").json()
    assert [one["difference"] for one in dry["changes"]] == ["150.00"], dry
    assert entries(pipeline, tenant) == before
    assert pipeline.run("rerate", "--from", "2026-01-15", "--client", "acme", "--yes", "--tenant", tenant).code == 0
    wanted = {one.id: replace(one, version=0) for one in rows(simulate(scenario), scenario.names)}
    assert entries(pipeline, tenant) == wanted
    off = next(id_ for id_, one in wanted.items() if one.identity.row_class == "regular" and one.amount == 30000)
    assert pipeline.run("decide", "write_off", "--entry", off[:13], "--reason", "gift", "--tenant", tenant).code == 0
    found = [one for one in entries(pipeline, tenant).values() if one.corrects == off]
    assert sorted((one.identity.row_class, one.disposition, one.amount) for one in found) == [
        ("replacement", "written_off", 0), ("reversal", "billed", -30000),
    ]  # fmt: skip


@pytest.mark.parametrize("story", ["MO5", "LK5_corrected", "LK7"])
def test_what_arrives_after_the_close_of_may_corrects_it_in_june(pipeline: Pipeline, story: str) -> None:
    scenario = begin(pipeline, story)
    assert pipeline.run("period", "close", "acme", "2026-05", "--tenant", story).code == 0
    arrive(pipeline, scenario, 1)
    wanted = {one.id: replace(one, version=0) for one in rows(simulate(scenario), scenario.names)}
    assert entries(pipeline, story) == wanted


def test_hours_of_every_disposition_are_all_there(pipeline: Pipeline) -> None:
    """LK1: a row is written off by the command; the store's own view of conservation holds, and has these seconds."""
    scenario = begin(pipeline, "LK1")
    work = next(id_ for id_, name in scenario.names.items() if name == "given away")
    given = next(id_ for id_, one in entries(pipeline, "LK1").items() if one.identity.work == work)
    assert pipeline.run("decide", "write_off", "--entry", given[:13], "--reason", "gift", "--tenant", "LK1").code == 0
    seen = pipeline.query(
        "SELECT sum(total_worked_seconds) AS worked, sum(total_rounding_seconds) AS rounding,"
        " sum(abs(difference)) AS lost, sumMap(dispositions) AS seconds FROM conservation WHERE tenant = 'LK1'"
    )
    totals = ledger(scenario, simulate(scenario))["totals"]
    (row,) = seen
    assert (int(row["worked"]), int(row["rounding"]), int(row["lost"])) == (
        totals["worked_seconds"], totals["rounding_seconds"], 0,
    )  # fmt: skip
    some = {name: seconds for name, seconds in totals["seconds"].items() if seconds}  # an orphan stop has none
    assert {name: int(value) for name, value in row["seconds"].items()} == some


def test_the_ledger_made_anew_is_the_same(pipeline: Pipeline) -> None:
    """After closes, refusals, corrections, a re-rating and a decision: from the sources of truth with their recorded
    outcomes, under the next epoch, into empty tables that are then exchanged."""
    before = {tenant: entries(pipeline, tenant) for tenant in ("CL1", "CL3")}
    assert all(before.values()), "the tests before this one made a ledger"
    batch = pipeline.run("export", "new", "--tenant", "CL1", "--format", "json").json()
    pipeline.settle()
    pipeline.stop_all()
    ran = pipeline.run("rebuild", "--prefix", f"{pipeline.settings.topic_prefix}r1.", "--format", "json")
    assert ran.code == 0, ran.err + pipeline.logs()
    answer = ran.json()
    assert (answer["same"], answer["exchanged"], answer["epoch"]) == (True, True, 1)
    assert {tenant: entries(pipeline, tenant) for tenant in before} == before
    again = pipeline.run("export", "show", "1", "--tenant", "CL1", "--format", "json").json()
    assert (again, again["lines"] > 0) == (batch, True), "what was exported stays exported"
    with Ledger(pipeline.settings, "CL1") as ledger:
        assert {one.version >> 56 for one in ledger.entries()} == {1}
