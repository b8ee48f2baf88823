"""A small demo month in and out of a whole pipeline: its figures, its removal, and its return."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from jobs.demo.figures import Figures, read_figures
from jobs.demo.load import TENANT, demo_folder, load, remove
from jobs.demo.summary import print_summary, write_summary
from jobs.demo.truthfile import read_truth
from jobs.ledger import Ledger
from tests.engine_fixture import EngineProcess, engine
from tests.integration.pipeline import Pipeline
from tests.kafka_fixture import kafka

__all__ = ["engine", "kafka"]

pytestmark = pytest.mark.integration

TICKETS = 300
TOTALS = """
SELECT currency, sum(e.worked_seconds) AS worked, sumIf(e.quantity_seconds, e.disposition = 'billed') AS billed,
       sum(e.amount) AS total, sumIf(e.worked_seconds, e.recovered AND e.disposition = 'billed') AS found,
       sumIf(e.amount, e.recovered) AS found_amount
FROM entries_live AS e WHERE tenant = 'demo' GROUP BY currency ORDER BY total DESC, currency
"""
SAME = """
SELECT client, period, technician, ticket, service, kind, disposition, reason, recovered, amount, currency, risk_amount,
       worked_seconds, quantity_seconds, started_at
FROM entries_live WHERE tenant = 'demo' ORDER BY ALL
"""


@pytest.fixture(scope="module")
def pipeline(kafka: str, engine: EngineProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    with Pipeline(kafka, engine, tmp_path_factory.mktemp("home"), TENANT) as running:
        running.start_all()
        yield running


def put_in(pipeline: Pipeline) -> str:
    """Load and wait; the instance under which it is in."""
    report, instance = asyncio.run(load(pipeline.settings, lambda _: None, TICKETS))
    pipeline.settle()
    write_summary(pipeline.settings, report, instance)
    return instance


def figures(pipeline: Pipeline) -> Figures:
    with Ledger(pipeline.settings) as ledger:
        return read_figures(ledger, read_truth(demo_folder(pipeline.settings) / "truth.json"))


def shown(pipeline: Pipeline, capsys: pytest.CaptureFixture[str]) -> str:
    print_summary(pipeline.settings)
    return capsys.readouterr().out


def test_in_and_out_and_in_again(pipeline: Pipeline, capsys: pytest.CaptureFixture[str]) -> None:
    assert put_in(pipeline) == "demo"
    first: list[dict[str, Any]] = pipeline.query(SAME)
    totals = pipeline.query(TOTALS)
    found = figures(pipeline)
    assert [vars(one) for one in found.totals] == [
        {"currency": one["currency"], "exponent": 2, "worked": one["worked"], "billed": one["billed"],
         "amount": one["total"], "recovered": one["found"], "recovered_amount": one["found_amount"]}
        for one in totals
    ]  # fmt: skip
    text = shown(pipeline, capsys)
    for one in totals:
        if one["billed"]:
            assert f"{one['total'] / 100:,.2f} {one['currency']}" in text
    assert found.accuracy is not None
    assert found.accuracy.total.precision > 0.85
    assert f"{found.accuracy.ticketed} sessions that had a ticket" in text

    assert asyncio.run(remove(pipeline.settings)) > 1000
    pipeline.settle()
    assert {view: len(rows) for view, rows in pipeline.contents().items()} == {
        "entries_live": 0, "work_live": 0, "intervals_live": 0, "parked_live": 0,
    }  # fmt: skip
    assert asyncio.run(remove(pipeline.settings)) == 0
    assert pipeline.run("demo", "summary").code == 3

    assert put_in(pipeline) == "demo-2"
    assert pipeline.query(SAME) == first
    assert pipeline.query(TOTALS) == totals
    assert shown(pipeline, capsys) == text
