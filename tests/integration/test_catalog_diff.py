"""`catalog diff` says beforehand what `catalog apply` then does, to the cent, and writes nothing."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from jobs.scenario import read_scenario
from streams.doors import Door
from tests.engine_fixture import EngineProcess
from tests.integration.pipeline import Pipeline

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

CATALOGUE = """
organisation: {zone: UTC}
clients: [{id: acme}, {id: beta}]
technicians: [{id: dana}]
devices: [{id: pc, client: acme}]
rate_cards: [{id: standard, lines: [{service: "*", rate: 100}]}]
contracts: [{id: a, client: acme}, {id: b, client: beta}]
"""
EVENTS = """
events:
  - {session: s, technician: dana, device: pc, start: 2026-03-02 09:00, stop: "09:30"}
  - {timer: t, technician: dana, client: acme, start: 2026-03-03 10:00, stop: "11:30"}
  - {timer: u, technician: dana, client: beta, start: 2026-03-04 10:00, stop: "11:00"}
"""


def test_the_money_is_shown_before_it_changes(kafka: str, engine: EngineProcess, tmp_path: Path) -> None:
    folder = tmp_path / "catalogue"
    folder.mkdir()
    (folder / "all.yaml").write_text(CATALOGUE, encoding="utf-8")
    story = tmp_path / "story.yaml"
    story.write_text("catalogue: catalogue\n" + EVENTS, encoding="utf-8")
    with Pipeline(kafka, engine, tmp_path / "home") as pipeline:
        pipeline.start_all()
        assert pipeline.run("catalog", "apply", folder).code == 0
        asyncio.run(send(pipeline, story))
        pipeline.settle()
        assert amounts(pipeline) == {"acme": Decimal("200.00"), "beta": Decimal("100.00")}
        # the rate of one client rises by 20 %, and the device turns out to be the other's
        changed = CATALOGUE.replace("pc, client: acme", "pc, client: beta").replace(
            "rate_cards: [", 'rate_cards: [{id: own, client: beta, lines: [{service: "*", rate: 120}]}, '
        )
        (folder / "all.yaml").write_text(changed, encoding="utf-8")
        told = pipeline.run("catalog", "diff", folder, "--format", "json")
        assert told.code == 0, told.err
        money = {row["client"]: row for row in told.json()["money"]}
        assert {name: (row["before"]["amount"], row["after"]["amount"]) for name, row in money.items()} == {
            "acme": ("200.00", "150.00"),
            "beta": ("100.00", "180.00"),
        }
        assert amounts(pipeline) == {"acme": Decimal("200.00"), "beta": Decimal("100.00")}, "a diff writes nothing"
        assert pipeline.run("catalog", "apply", folder).code == 0
        pipeline.settle()
        assert amounts(pipeline) == {name: Decimal(row["after"]["amount"]) for name, row in money.items()}
        again = pipeline.run("catalog", "diff", folder)
        assert (again.code, again.out) == (0, "")
        assert "nothing changed since release 2" in again.err
        pipeline.stop_all()


async def send(pipeline: Pipeline, story: Path) -> None:
    async with Door(pipeline.settings) as door:
        await door.send_events(read_scenario(story).events)


def amounts(pipeline: Pipeline) -> dict[str, Decimal]:
    rows = pipeline.query("SELECT client, sum(amount) AS cents FROM entries_live GROUP BY client ORDER BY client")
    return {row["client"]: Decimal(row["cents"]).scaleb(-2) for row in rows}
