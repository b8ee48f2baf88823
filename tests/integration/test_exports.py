"""CL8 through the real pipeline: what is closed is exported once, the same batch is the same bytes, the next is new."""

from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from jobs import tokens
from jobs.access import Access
from jobs.exports import batches
from jobs.ledger import Ledger
from jobs.scenario import read_scenario
from jobs.scenario_decisions import Arrival
from jobs.simulate import catalogue_facts
from streams.doors import Door
from tests.engine_fixture import EngineProcess
from tests.integration.pipeline import Pipeline, wait_for
from tests.web.conftest import served

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]
STORY = Path(__file__).parents[1] / "stories" / "CL1.yaml"
FORMATS = ("csv", "jsonl", "parquet", "xlsx")


@pytest.fixture(scope="module")
def pipeline(kafka: str, engine: EngineProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    with Pipeline(kafka, engine, tmp_path_factory.mktemp("exports")) as running:
        running.start("worker")
        running.start("writer")
        yield running
        running.stop_all()


async def send(pipeline: Pipeline, facts: list[Any], events: list[Any]) -> None:
    async with Door(pipeline.settings) as door:
        await door.send_facts("catalog", facts)
        await door.send_events(events)


def fetched(pipeline: Pipeline, number: int, folder: Path) -> dict[str, str]:
    """SHA-256 of every file of a batch, and of its manifests."""
    folder.mkdir()
    for one in FORMATS:
        ran = pipeline.run("export", "get", number, "--format", one, "--output", folder)
        assert ran.code == 0, ran.err
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def lines(folder: Path, number: int) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in (folder / f"batch-main-{number}.jsonl").read_bytes().splitlines()]


def test_what_is_closed_is_exported_once_and_never_changes(pipeline: Pipeline, tmp_path: Path) -> None:
    scenario = read_scenario(STORY, "main")
    objects, release = catalogue_facts(scenario.catalogue, "main")
    asyncio.run(send(pipeline, [*objects, release], scenario.events))
    pipeline.settle()
    nothing = pipeline.run("export", "new")
    assert (nothing.code, "Nothing is closed" in nothing.err) == (1, True)
    draft = pipeline.run("usage", "--period", "2026-05", "--format", "csv", "--output", tmp_path)
    assert (tmp_path / "usage-2026-05.draft.csv").exists(), draft.err
    assert "This is a draft" in draft.err

    assert pipeline.run("period", "close", "acme", "2026-05").code == 0
    pipeline.settle()
    first = pipeline.run("export", "new", "--by", "kim", "--format", "json").json()
    assert (first["batch"], first["lines"], [one["period"] for one in first["statements"]]) == (1, 1, ["2026-05"])
    before = fetched(pipeline, 1, tmp_path / "before")

    late = scenario.decisions[1]
    assert isinstance(late, Arrival)
    asyncio.run(send(pipeline, [], late.events))
    pipeline.settle()
    assert fetched(pipeline, 1, tmp_path / "after") == before, "the same batch is the same bytes"
    assert pipeline.run("export", "show", 1, "--format", "json").json() == first

    assert pipeline.run("period", "close", "acme", "2026-06").code == 0
    pipeline.settle()
    second = pipeline.run("export", "new", "--by", "lee", "--format", "json").json()
    fetched(pipeline, 2, tmp_path / "second")
    (old,), new = lines(tmp_path / "before", 1), lines(tmp_path / "second", 2)
    assert (second["lines"], len({one["line_key"] for one in [old, *new]})) == (4, 5), "no line is in both"
    assert {(one["class"], one["corrects_period"]) for one in new} == {
        ("regular", ""), ("reversal", "2026-05"), ("replacement", "2026-05"),
    }  # fmt: skip
    assert Decimal(second["totals"][-1]["amount"]) == sum(Decimal(one["amount"]) for one in new) == Decimal(90)
    assert pipeline.run("export", "new").code == 1
    listed = pipeline.run("export", "list", "--format", "json").json()
    assert [(one["batch"], one["made_by"], one["from"]) for one in listed] == [
        (1, "kim", "2026-05"),
        (2, "lee", "2026-06"),
    ]


def test_of_two_batches_made_at_once_the_first_in_the_log_has_the_statement(pipeline: Pipeline) -> None:
    scenario = read_scenario(STORY, "twice")
    objects, release = catalogue_facts(scenario.catalogue, "twice")
    asyncio.run(send(pipeline, [*objects, release], scenario.events))
    pipeline.settle()
    assert pipeline.run("period", "close", "acme", "2026-05", "--tenant", "twice").code == 0
    pipeline.settle()
    with Ledger(pipeline.settings, "twice") as ledger:
        found = batches.unexported(ledger)
        facts = [batches.fact_of("twice", found, who, 0) for who in ("kim", "lee")]
        for fact in facts:
            asyncio.run(batches.append(pipeline.settings, fact))
        made = [batches.wait(ledger, fact.id, 60) for fact in facts]
        assert made[0] is not None
        assert made[1] is None
        assert [(one.number, one.by) for one in batches.batches(ledger)] == [(1, "kim")]


def test_the_door_makes_batches_and_gives_the_bytes_of_the_command(pipeline: Pipeline, tmp_path: Path) -> None:
    scenario = read_scenario(STORY, "door")
    objects, release = catalogue_facts(scenario.catalogue, "door")
    asyncio.run(send(pipeline, [*objects, release], scenario.events))
    pipeline.settle()
    assert pipeline.run("period", "close", "acme", "2026-05", "--tenant", "door").code == 0
    pipeline.settle()
    access = Access(pipeline.settings)
    maker = tokens.create(access, "books", "door", ("usage:read", "usage:export"))
    reader = tokens.create(access, "reader", "door", ("usage:read",))
    with served(pipeline.settings) as address, httpx.Client(base_url=address, trust_env=False, timeout=60) as client:
        mine, theirs = ({"authorization": f"Bearer {token}"} for token in (maker, reader))
        assert client.post("/v1/batches", json={}, headers=theirs).status_code == 403
        made = client.post("/v1/batches", json={}, headers=mine)
        assert (made.status_code, made.json()["made_by"]) == (201, "token books"), made.text
        again = client.post("/v1/batches", json={}, headers=mine)
        assert (again.status_code, again.json()["title"]) == (409, "Nothing is new")
        assert client.get("/v1/batches/1", headers=theirs).json() == made.json()
        for one in FORMATS:
            got = client.get("/v1/batches/1/lines", params={"format": one}, headers=theirs)
            path = tmp_path / f"b.{one}"
            assert pipeline.run("export", "get", 1, "--format", one, "--output", path, "--tenant", "door").code == 0
            assert got.content == path.read_bytes()
            assert got.headers["everyminute-sha256"] == hashlib.sha256(got.content).hexdigest()
            assert f'filename="batch-door-1.{one}"' in got.headers["content-disposition"]
        assert client.get("/v1/batches/2", headers=theirs).status_code == 404


def test_lag_is_measured_for_dashboards(pipeline: Pipeline) -> None:
    """`python -m jobs.health` as a process of its own, until it has told that nothing is left."""
    pipeline.settle()
    environment = {name: text for name, text in os.environ.items() if not name.startswith("EVERYMINUTE_")}
    environment |= {f"EVERYMINUTE_{name.upper()}": text for name, text in pipeline.environment().items()}
    process = subprocess.Popen([sys.executable, "-m", "jobs.health"], env=environment, cwd=STORY.parents[2])
    try:
        wait_for(lambda: pipeline.query("SELECT count() AS n FROM health")[0]["n"], "nothing was measured")
    finally:
        process.terminate()
    assert process.wait(20) == 0
    found = {(row["consumer"], row["topic"]): row for row in pipeline.query("SELECT * FROM health")}
    assert all(row["lag"] == 0 for row in found.values())
    assert found["writer", "exports"]["written"] == found["writer", "exports"]["done"] > 0
