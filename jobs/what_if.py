"""`simulate --what-if`: the same events under another catalogue, and the difference in money."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from jobs.catalog_load import Catalogue, load_folders
from jobs.catalog_rules import check_whole
from jobs.catalog_yaml import read_yaml
from jobs.console import Exit, UserError
from jobs.money_diff import Change, as_json, compare
from jobs.scenario import Scenario, read_scenario
from jobs.simulate import Result, simulate


def other_catalogue(path: Path) -> Catalogue:
    """A folder or file of a catalogue, or the catalogue of another scenario. Raises UserError with every problem."""
    if path.is_file() and (tree := read_yaml(path, [])) is not None and "catalogue" in tree.fields:
        return read_scenario(path).catalogue
    catalogue = load_folders([path])
    check_whole(catalogue)
    if catalogue.errors:
        listed = "\n".join(f"  {problem}" for problem in catalogue.errors)
        raise UserError(f"the other catalogue cannot be used:\n{listed}", Exit.USAGE)
    return catalogue


def what_if(scenario: Scenario, result: Result, catalogue: Catalogue) -> list[Change]:
    """Every client's month that would be another, by the same events."""
    other = simulate(replace(scenario, catalogue=catalogue))
    return compare(result.entries.values(), other.entries.values())


def what_if_json(ledger: dict[str, Any], changes: list[Change]) -> dict[str, Any]:
    return {"ledger": ledger, "what_if": as_json(changes)}
