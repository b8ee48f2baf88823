"""Key figures of scenarios: they fail where they differ, say what is wrong with a file, and agree with the ledger."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from billing.figures import rounding_effect
from jobs.scenario import read_scenario
from jobs.scenario_figures import as_json
from jobs.simulate import simulate
from jobs.simulate_ledger import exact_figures, rows
from tests.jobs.command import everyminute

STORIES = Path(__file__).parents[1] / "stories"
NAMED = sorted(path for path in STORIES.glob("*.yaml") if path.stem[:2] in ("FP", "LK"))


@pytest.mark.parametrize(
    ("story", "change", "said"),
    [
        ("FP3", ("margin_percent: 61", "margin_percent: 62"), "expected margin_percent 62, have 61"),
        ("FP3", ("margin_percent: 61", "margin_percent: 60.91"), ""),
        ("FP2", ("budget_hours: 6", "budget_hours: 5.9"), "expected budget_hours 5.9, have 6.0"),
        ("LK8", ("slipped: 5400 s", "slipped: 5401 s"), "expected slipped 1 h 30 min 1 s, have 1 h 30 min"),
        ("LK8", ("amount: 75.00}", "amount: 75.01}"), "expected amount 75.01, have 75.00"),
        ("LK7", ("entries: 3", "entries: 2"), "expected entries 2, have 3"),
        ("LK6", ("- {disposition: unlinked,", "- {disposition: unpriced,"), "have unlinked"),
        ("LK1", ("unlinked: 30 min\n", "unlinked: 31 min\n"), "seconds: expected"),
        ("LK1", ("    unlinked: 30 min\n", ""), "seconds: expected"),
    ],
)
def test_a_figure_that_differs_is_told(tmp_path: Path, story: str, change: tuple[str, str], said: str) -> None:
    text = (STORIES / f"{story}.yaml").read_text()
    assert change[0] in text
    (tmp_path / "s.yaml").write_text(text.replace(*change))
    ran = everyminute("simulate", tmp_path / "s.yaml", "--check")
    assert ran.code == (1 if said else 0)
    assert said in ran.err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("figures: {hourly: 150}", "did you mean `hourly_rate`?"),
        ("figures: {hourly_rate: 0}", "`hourly_rate` must be above zero"),
        ("figures: {hourly_rate: much}", "`much` is no number of at least 0"),
        ("figures: {overheads: 10}", "`overheads` is a mapping of names and amounts"),
        ("figures: {hard_costs: {managed: [1]}}", "this is no number of at least 0"),
        ("figures: {tickets: 1.5}", "`tickets` is a whole number"),
        ("figures: 12", "`figures` is a mapping"),
    ],
)
def test_a_figure_that_cannot_be_read_is_refused_with_its_place(tmp_path: Path, change: str, said: str) -> None:
    text = (STORIES / "FP2.yaml").read_text()
    (tmp_path / "s.yaml").write_text(text.replace("figures: {hourly_rate: 150, hard_costs: {managed: 100}}", change))
    ran = everyminute("simulate", tmp_path / "s.yaml")
    assert ran.code == 2
    assert said in ran.err
    assert "s.yaml:13:" in ran.err


@pytest.mark.parametrize("path", NAMED, ids=lambda path: path.stem)
def test_figures_agree_with_the_rows(path: Path) -> None:
    scenario = read_scenario(path)
    result = simulate(scenario)
    entries = rows(result, scenario.names)
    found = exact_figures(scenario, result)
    effect = rounding_effect({one.id: one for one in entries})
    assert sum(one.seconds for one in effect.values()) == sum(one.rounding_seconds for one in entries)
    assert found["billability"][0]["worked"] == sum(one.worked_seconds for one in entries)
    done = sum(one.seconds for one in result.work.values() if one.state == "done")
    assert sum(row["worked"] for row in found["lateness"]) in (0, done)
    assert not [
        row for figure in as_json(found).values() for row in figure for v in row.values() if type(v) is Fraction
    ]


def test_the_table_shows_figures_where_the_file_asks_for_them() -> None:
    assert "hour budget: contract managed, client acme" in everyminute("simulate", STORIES / "FP2.yaml").out
    assert "billability:" not in everyminute("simulate", STORIES / "LK8.yaml").out
