"""Catalogues in which something was deleted, doubled or replaced: findings with a place, or a ledger that adds up."""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from jobs.console import UserError
from jobs.scenario import read_scenario
from jobs.simulate import simulate
from jobs.simulate_ledger import ledger

PAGE = Path(__file__).parents[2] / "docs" / "catalogue.md"
EVENTS = [
    {"timer": "a", "technician": "dana", "client": "acme", "ticket": "48213", "start": "2026-03-02 14:00",
     "stop": "15:30"},
    {"timer": "b", "technician": "dana", "client": "acme", "service": "timer.onsite", "start": "2026-07-03 10:00",
     "stop": "20:30"},
    {"session": "c", "technician": "dana", "device": "acme-ws-014", "start": "2026-03-07 10:00", "stop": "10:05"},
]  # fmt: skip
VALUES: list[Any] = [
    "", None, "0", "-1", "1e999", "nan", [], {}, "x", "true", "9999999999999", "24:00", "2026-02-30", ["a"],
    {"a": "b"}, "standard", "US", "P1", "0001-01-01", "9999-12-31",
]  # fmt: skip


def example() -> dict[str, Any]:
    """The page's catalogue, by the calendar and the policy that use the most of it."""
    whole: dict[str, Any] = {}
    for block in re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL):
        whole |= yaml.load(block, Loader=yaml.BaseLoader)
    whole["organisation"] |= {"calendar": "every_case", "rounding": "parity"}
    return whole


def paths(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in children:
        yield from paths(child, (*path, key))


def broken(whole: dict[str, Any], path: tuple[Any, ...], dice: random.Random) -> dict[str, Any]:
    whole = copy.deepcopy(whole)
    node: Any = whole
    for step in path[:-1]:
        node = node[step]
    what = dice.choice(("delete", "double", "replace", "replace"))
    if what == "delete":
        del node[path[-1]]
    elif what == "double" and isinstance(node, list):
        node.append(copy.deepcopy(node[path[-1]]))
    else:
        node[path[-1]] = copy.deepcopy(dice.choice(VALUES))
    return whole


@pytest.mark.parametrize("seed", range(8))
def test_whatever_is_wrong_has_a_message(seed: int, tmp_path: Path) -> None:
    whole = example()
    everywhere = list(paths(whole))
    places = everywhere[seed::8]  # every node once, over the seeds
    dice = random.Random(seed)
    for path in places:
        file = tmp_path / "s.yaml"
        file.write_text(yaml.safe_dump({"catalogue": broken(whole, path, dice), "events": EVENTS}))
        said = ""
        try:
            scenario = read_scenario(file)
            assert ledger(scenario, simulate(scenario))["conservation"]["holds"], path
        except UserError as refused:
            said = str(refused)
        assert not said or "s.yaml:" in said, path
