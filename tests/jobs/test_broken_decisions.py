"""Any node of a scenario's decisions deleted, emptied, retyped or doubled: a message with its line, no traceback."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from jobs.console import UserError
from jobs.scenario import read_scenario
from jobs.simulate import simulate
from jobs.simulate_ledger import ledger

STORIES = Path(__file__).parents[1] / "stories"
Key = tuple[int | str, ...]


class Plain(yaml.SafeLoader):
    """Every scalar as the text that stands in the file."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012


def keys(node: Any, path: Key = ()) -> Iterator[Key]:
    yield path
    for key, child in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from keys(child, (*path, key))


def delete(parent: Any, key: Any) -> None:
    del parent[key]


def double(parent: Any, key: Any) -> None:
    if isinstance(parent, list):
        parent.insert(key, copy.deepcopy(parent[key]))
    else:
        parent[f"{key}2"] = parent[key]


def become(made: Callable[[Any], Any]) -> Callable[[Any, Any], None]:
    def change(parent: Any, key: Any) -> None:
        parent[key] = made(parent[key])

    return change


CHANGES: list[Callable[[Any, Any], None]] = [
    delete, double, become(lambda _: None), become(lambda _: "x y"), become(lambda one: [one]),
    become(lambda one: {"a": one}),
]  # fmt: skip


@pytest.mark.parametrize("story", ["CL1", "CL4", "decided", "purchased", "rerate_everybody"])
def test_a_broken_decision_is_said_at_its_line(story: str, tmp_path: Path) -> None:
    whole = yaml.load((STORIES / f"{story}.yaml").read_text(), Plain)
    file, said = tmp_path / "s.yaml", list[str]()
    for path in list(keys(whole["decisions"]))[1:]:
        for change in CHANGES:
            tree = copy.deepcopy(whole)
            parent = tree["decisions"]
            for key in path[:-1]:
                parent = parent[key]
            change(parent, path[-1])
            file.write_text(yaml.safe_dump(tree, sort_keys=False))
            try:
                scenario = read_scenario(file)
                ledger(scenario, simulate(scenario))
            except UserError as error:
                said.append(str(error))
    assert len(said) > 10
    assert all(f"{file}:" in one for one in said)
