"""Dashboards: every panel's SQL answers on the engine, on nothing and on a ledger whose figures are known.

Grafana itself does not run here: what it does to a query (macros, variables) is done by the test.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from jobs.health import store
from sinks.clickhouse import ClickHouseSink
from sinks.migrate import migrate
from sinks.rows import entry_row, interval_row, parked_row
from sinks.tables import ENTRIES, INTERVALS, PARKED
from streams.settings import Settings
from tests.engine_fixture import Database, EngineProcess, database, engine, fresh_database
from tests.sinks.builders import entry, interval, parked, unbilled

__all__ = ["database", "engine"]
GRAFANA = Path(__file__).parents[3] / "deploy" / "grafana"
BOARDS = {path.stem: json.loads(path.read_text()) for path in sorted((GRAFANA / "dashboards").glob("*.json"))}
PANELS = [(name, panel) for name, board in BOARDS.items() for panel in board["panels"]]
TO = 4_000_000_000


def expanded(sql: str, values: dict[str, list[str]]) -> str:
    """As Grafana sends it: variables quoted, macros of the ClickHouse plug-in replaced."""

    def quoted(found: re.Match[str]) -> str:
        return ", ".join("'" + one.replace("\\", "\\\\").replace("'", "\\'") + "'" for one in values[found[1]])

    sql = re.sub(r"\$\{(\w+):singlequote\}", quoted, sql)
    sql = re.sub(r"\$__timeFilter\((\w+)\)", rf"(\1 >= toDateTime(0) AND \1 <= toDateTime({TO}))", sql)
    sql = re.sub(r"\$__timeInterval\((\w+)\)", r"toStartOfInterval(toDateTime(\1), INTERVAL 60 second)", sql)
    assert "$" not in sql, sql
    return sql


def sql_of(panel: dict[str, Any]) -> str:
    (target,) = panel["targets"]
    return str(target["rawSql"])


@pytest.fixture(scope="module")
def seeded(engine: EngineProcess) -> Iterator[Database]:
    """Billed 2 × 75.00 EUR of which one recovered, 75.00 EUR at risk, one parked item, two measurements of lag."""
    made = fresh_database(engine)
    settings = Settings(clickhouse_port=engine.port, clickhouse_database=made.name)
    migrate(settings)
    sink = ClickHouseSink(settings)
    rows = [entry("w1"), entry("w2", client="o'hara", recovered=True), unbilled("w3", reason="technician_unknown"),
            unbilled("w4", "written_off", risk=900), entry("w5", tenant="other", amount=1, segments=())]  # fmt: skip
    sink.write(ENTRIES, [entry_row(one) for one in rows])
    sink.write(INTERVALS, [interval_row(interval(), 1)])
    sink.write(PARKED, [parked_row(parked())])
    sink.close()
    minute = int(time.time()) // 60 * 60 - 120  # of long ago nothing is kept
    store(settings, minute, [("worker", "catalog", 10, 4), ("writer", "entries", 5, 5)])
    store(settings, minute + 15, [("worker", "catalog", 30, 29), ("writer", "entries", 5, 5)])
    yield made
    client = engine.client()
    client.command(f"DROP DATABASE {made.name}")
    client.close()


VALUES = {"tenant": ["main"], "period": ["2026-03"], "client": ["acme", "o'hara"]}


def ask(database: Database, sql: str) -> list[tuple[Any, ...]]:
    """As the read-only user, whom the data source names."""
    client = database.engine.reader(database=database.name)
    try:
        return [tuple(row) for row in client.query(expanded(sql, VALUES)).result_rows]
    finally:
        client.close()


@pytest.mark.integration
@pytest.mark.parametrize(("board", "panel"), PANELS, ids=[f"{name}-{panel['title']}" for name, panel in PANELS])
def test_every_panel_answers(seeded: Database, board: str, panel: dict[str, Any]) -> None:
    found = ask(seeded, sql_of(panel))
    empty = ("Refused closes and decisions", "Retainers")  # nothing of the kind was seeded
    assert found or panel["title"] in empty


@pytest.mark.integration
def test_every_panel_answers_on_an_empty_ledger(database: Database) -> None:
    migrate(Settings(clickhouse_port=database.engine.port, clickhouse_database=database.name))
    for _, panel in PANELS:
        assert len(ask(database, sql_of(panel))) <= 1, panel["title"]


FIGURES: dict[str, list[tuple[Any, ...]]] = {
    "At risk": [("EUR", 75.0)],
    "Hours not billed": [(0.5,)],
    "Recovered": [("EUR", 75.0)],
    "Statements that do not tie": [(0,)],
    "Why": [("unlinked", "technician_unknown", "EUR", 1, 0.5, 75.0)],
    "Where": [("acme", "EUR", 0.5, 75.0)],
    "Realisation by client": [("acme", "EUR", 75.0, 146.5, 51.2), ("o'hara", "EUR", 75.0, 62.5, 120.0)],
    "Parked": [(1,)],
    "Months": [("2026-03", "open", 2, 0)],
    "Lag by topic": [("worker", "catalog", 30, 29, 1), ("writer", "entries", 5, 5, 0)],
}


@pytest.mark.integration
@pytest.mark.parametrize("title", FIGURES)
def test_figures_of_panels_are_those_of_the_ledger(seeded: Database, title: str) -> None:
    (panel,) = (panel for _, panel in PANELS if panel["title"] == title)
    assert ask(seeded, sql_of(panel)) == FIGURES[title]


@pytest.mark.integration
def test_lag_and_counters_over_time(seeded: Database) -> None:
    series = {panel["title"]: ask(seeded, sql_of(panel)) for _, panel in PANELS if panel["type"] == "timeseries"}
    assert [one[1:] for one in series["Lag"]] == [("worker", 6), ("writer", 0)]
    assert [one[1:] for one in series["Records acknowledged a minute"]] == [("worker", 100.0), ("writer", 0.0)]
    assert [one[1:] for one in series["At risk by day and reason"]] == [("unlinked EUR", 75.0)]


@pytest.mark.integration
@pytest.mark.parametrize("name", BOARDS)
def test_variables_list_what_there_is(seeded: Database, name: str) -> None:
    found = {one["name"]: ask(seeded, one["query"]["rawSql"]) for one in BOARDS[name]["templating"]["list"]}
    assert found["tenant"] == [("main",), ("other",)]
    assert all(one["query"]["rawSql"] == one["definition"] for one in BOARDS[name]["templating"]["list"])
    if name == "leakage":
        assert (found["period"], found["client"]) == ([("2026-03",)], [("acme",), ("o'hara",)])


def test_dashboards_name_the_provisioned_source_and_only_known_variables() -> None:
    (source,) = yaml.safe_load((GRAFANA / "provisioning/datasources/everyminute.yaml").read_text())["datasources"]
    assert (source["type"], source["jsonData"]["username"]) == ("grafana-clickhouse-datasource", "reader")
    for board in BOARDS.values():
        names = {one["name"] for one in board["templating"]["list"]}
        ids = [panel["id"] for panel in board["panels"]]
        assert len(set(ids)) == len(ids)
        for panel in board["panels"]:
            assert panel["datasource"] == {"type": source["type"], "uid": source["uid"]}
            assert set(re.findall(r"\$\{(\w+)", sql_of(panel))) <= names
            assert panel["description"]


def test_panels_do_not_overlap() -> None:
    for board in BOARDS.values():
        taken: set[tuple[int, int]] = set()
        for panel in board["panels"]:
            place = panel["gridPos"]
            cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
            assert not cells & taken, panel["title"]
            assert place["x"] + place["w"] <= 24
            taken |= cells
