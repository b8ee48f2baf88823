"""`everyminute projects`: the rows of a ledger beside the catalogue's prices and budgets."""

from __future__ import annotations

from pathlib import Path

import pytest

from sinks.clickhouse import ClickHouseSink
from sinks.rows import entry_row
from sinks.tables import ENTRIES
from tests.jobs.ledger.conftest import Run
from tests.sinks.builders import entry

pytestmark = pytest.mark.integration
CATALOGUE = """
organisation: {currency: EUR}
clients: [{id: acme}]
contracts: [{id: c, client: acme}]
projects:
  - {id: move, client: acme, tickets: ["1"], price: 1000, budget_hours: 10, milestones: [{id: done, percent: 100}]}
"""


def test_a_project_beside_its_budget(run: Run, sink: ClickHouseSink, tmp_path: Path) -> None:
    hours = entry(
        "p1", tenant="planned", project="move", worked_seconds=4 * 3600, quantity_seconds=4 * 3600, rounding_seconds=0,
        amount=0, segments=(), disposition="covered", cost=22_000, cost_currency="EUR",
    )  # fmt: skip
    sink.write(ENTRIES, [entry_row(hours)])
    (tmp_path / "c.yaml").write_text(CATALOGUE)
    said = run("projects", tmp_path, "--tenant", "planned", "--format", "json")
    (one,) = said.json()["projects"]
    names = ("hours", "burn_percent", "cost", "margin", "effective_hourly_rate")
    assert [one[name] for name in names] == ["4.0000", "40.0", "220.00", "780.00", "250.00"]
    assert "move" in run("projects", tmp_path, "--tenant", "planned").out


def test_a_catalogue_with_errors_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(CATALOGUE.replace("percent: 100", "percent: 90"))
    said = run("projects", tmp_path)
    assert said.code == 2
    assert "milestones add up to 900" in said.err
