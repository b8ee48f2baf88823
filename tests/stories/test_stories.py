"""Every story of this folder, by four roads: as written, shuffled, twice, and with dying workers. One ledger.

The expected numbers are those of the rules, worked out by hand; they are never copied from what the kernel gave.
"""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from jobs.scenario import read_scenario
from jobs.scenario_decisions import Arrival
from jobs.simulate import AS_WRITTEN, Hops, Road, simulate
from jobs.simulate_ledger import as_json, comparable, exact_figures, ledger, rows
from jobs.simulate_print import differences, side_by_side_text
from streams.models.fact import Fact
from tests.stories.roads import Restarted, Shuffled, Twice

DECIDED = "decisions:"
STORIES = sorted(Path(__file__).parent.glob("*.yaml"))
ROADS: dict[str, list[Road]] = {
    "as written": [AS_WRITTEN],
    "shuffled": [Shuffled(seed) for seed in range(6)],
    "everything twice": [Twice()],
    "workers die": [Restarted(seed) for seed in range(3)],
}


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_every_road_leads_to_the_ledger_the_rules_demand(path: Path, road: str) -> None:
    scenario = read_scenario(path)
    assert scenario.expected is not None, "a story says what it expects"
    written = ledger(scenario, simulate(scenario))
    for way in ROADS[road]:
        result = simulate(scenario, way)
        whole = ledger(scenario, result)
        seen = [comparable(entry, scenario.names) for entry in rows(result, scenario.names)]
        found = differences(scenario.expected, seen, whole, exact_figures(scenario, result))
        assert not found, "\n".join([scenario.about, *found, side_by_side_text(scenario.expected, seen)])
        assert orjson.dumps(whole) == orjson.dumps(written), "another road, another ledger"


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("path", [one for one in STORIES if DECIDED in one.read_text()], ids=lambda path: path.stem)
def test_a_log_made_anew_gives_the_same_ledger(path: Path, seed: int) -> None:
    """Recorded outcomes first, then all events and the catalogue, then the decisions: nothing is decided twice."""
    scenario = read_scenario(path)
    first = simulate(scenario)
    hops = Hops(scenario.tenant, Shuffled(seed))
    hops.recall(list(first.outcomes.values()))
    events = [
        *scenario.events,
        *(one for step in scenario.decisions if isinstance(step, Arrival) for one in step.events),
    ]
    marks = [] if scenario.as_of is None else [Fact(kind="mark", tenant="*", id="mark", rev=scenario.as_of)]
    objects: list[Fact] = []
    for fact in first.catalogue:
        if fact.kind != "release":
            objects.append(fact)
            continue
        hops.arrive(events, objects, fact, marks)
        events, objects, marks = [], [], []
    for fact in first.decided:
        hops.decide(fact)
    wanted = {one.id: as_json(one, {}) for one in rows(first, {})}
    assert {one.id: as_json(one, {}) for one in rows(hops.result, {})} == wanted
