"""Every story of this folder, by four roads: as written, shuffled, twice, and with dying workers. One ledger.

The expected numbers are those of the rules, worked out by hand; they are never copied from what the kernel gave.
"""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from jobs.scenario import read_scenario
from jobs.simulate import AS_WRITTEN, Road, simulate
from jobs.simulate_ledger import comparable, ledger, rows
from jobs.simulate_print import differences, side_by_side_text
from tests.stories.roads import Restarted, Shuffled, Twice

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
        found = differences(scenario.expected, seen, whole)
        assert not found, "\n".join([scenario.about, *found, side_by_side_text(scenario.expected, seen)])
        assert orjson.dumps(whole) == orjson.dumps(written), "another road, another ledger"
