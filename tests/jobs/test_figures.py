"""Key figures of scenarios: they fail where they differ, say what is wrong with a file, and agree with the ledger."""

from __future__ import annotations

import copy
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from billing.figures import rounding_effect
from jobs.console import UserError
from jobs.scenario import read_scenario
from jobs.scenario_figures import as_json, wrong_figures
from jobs.simulate import simulate
from jobs.simulate_ledger import exact_figures, rows
from tests.jobs.command import everyminute
from tests.jobs.test_broken_decisions import CHANGES, Plain, keys

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


@pytest.mark.parametrize("story", ["FP2", "FP3", "FP7", "LK1", "LK3", "LK7"])
def test_figures_of_which_any_node_is_broken_are_read_or_refused(story: str, tmp_path: Path) -> None:
    whole = yaml.load((STORIES / f"{story}.yaml").read_text(), Plain)
    parts = [part for part in (("figures",), ("expect", "figures"), ("expect", "seconds")) if held(whole, part)]
    said: list[str] = []
    for part in parts:
        for path in keys(held(whole, part)):
            for change in CHANGES if path else ():
                broken = copy.deepcopy(whole)
                change(held(broken, (*part, *path[:-1])), path[-1])
                (tmp_path / "s.yaml").write_text(yaml.safe_dump(broken, sort_keys=False))
                try:
                    scenario = read_scenario(tmp_path / "s.yaml")
                except UserError as error:
                    said.append(str(error))
                    continue
                assert scenario.expected is not None
                list(wrong_figures(scenario.expected.figures, exact_figures(scenario, simulate(scenario))))
    assert said
    assert all("s.yaml:" in one for one in said)


def held(node: Any, path: tuple[int | str, ...]) -> Any:
    for key in path:
        node = node.get(key) if isinstance(node, dict) else node[int(key)]
    return node
