"""The stories as evidence: read once, each run in process and compared with what it expects."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from jobs.scenario import Scenario, read_scenario
from jobs.simulate import simulate
from jobs.simulate_ledger import comparable, exact_figures, ledger, rows
from jobs.simulate_print import differences

FOLDER = Path(__file__).parents[1] / "stories"


@dataclass(frozen=True, slots=True)
class Story:
    """One scenario file whose expected numbers were worked out by hand."""

    name: str
    scenario: Scenario

    def holds(self) -> bool:
        scenario = self.scenario
        assert scenario.expected is not None, "a story says what it expects"
        result = simulate(scenario)
        seen = [comparable(entry, scenario.names) for entry in rows(result, scenario.names)]
        whole = ledger(scenario, result)
        return not differences(scenario.expected, seen, whole, exact_figures(scenario, result))


def stories(names: list[str] | None = None) -> list[Story]:
    """All of them, or those named."""
    paths = sorted(FOLDER.glob("*.yaml")) if names is None else [FOLDER / f"{name}.yaml" for name in names]
    return [Story(f"story {path.stem}", read_scenario(path)) for path in paths]
