"""docs/rules.md: every acceptance vector with the stories that prove it, each run while the page is made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from jobs.scenario import Scenario, read_scenario
from jobs.simulate import simulate
from jobs.simulate_ledger import comparable, exact_figures, ledger, rows
from jobs.simulate_print import differences

TESTS = Path(__file__).parents[1] / "tests"
STORIES = TESTS / "stories"
VECTORS = TESTS / "vectors" / "vectors.yaml"
WORDS = TESTS / "vectors" / "words.yaml"

HEAD = """# The billing rules

Each rule with numbers from the systems that MSPs use today, and the story that proves it: a scenario of events and a
catalogue that goes through the same kernel as your ledger. `everyminute simulate tests/stories/RS2.yaml` shows one with
its explanation, `--check` compares it with what it expects. The last column is what came out when this page was made.

Sources: S the source states it, D arithmetic on a stated rule, P the sources are silent or disagree and this is our
decision ([decisions](decisions.md)).
"""
WORDED = """
## The rules in words

Sentence by sentence, with the stories that show each.

| rule | stories |
|---|---|
"""
ALL = """
## Every story

| story | what it shows | result |
|---|---|---|
"""


def rules_page() -> str:
    """The page: vectors by section, the rules in words, then every story with its result."""
    vectors: list[dict[str, Any]] = yaml.safe_load(VECTORS.read_text(encoding="utf-8"))
    words: dict[str, list[dict[str, Any]]] = yaml.safe_load(WORDS.read_text(encoding="utf-8"))
    stories = "".join(map(_story, sorted(STORIES.glob("*.yaml"))))
    return HEAD + "".join(_sections(vectors)) + WORDED + "".join(_sentences(words)) + ALL + stories


def _sentences(words: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    for group, rules in words.items():
        yield f"| **{group}** | |\n"
        for one in rules:
            yield f"| {_cell(one['rule'])} | {', '.join(map(_link, one['stories']))} |\n"


def _sections(vectors: list[dict[str, Any]]) -> Iterator[str]:
    section = ""
    for vector in vectors:
        if vector["section"] != section:
            section = vector["section"]
            yield f"\n## {section}\n\n| id | rule | input | expected | source | stories |\n|---|---|---|---|---|---|\n"
        stories = ", ".join(map(_link, vector["stories"]))
        cells = (vector["id"], vector["rule"], vector["input"], vector["expected"], vector["source"])
        yield "| " + " | ".join([*map(_cell, cells), stories or "none yet"]) + " |\n"


def _story(path: Path) -> str:
    scenario = read_scenario(path)
    return f"| {_link(path.stem)} | {_cell(scenario.about)} | {_result(scenario)} |\n"


def _result(scenario: Scenario) -> str:
    """Whether the story's ledger is the one it expects."""
    assert scenario.expected is not None, scenario.path
    result = simulate(scenario)
    seen = [comparable(entry, scenario.names) for entry in rows(result, scenario.names)]
    figures = exact_figures(scenario, result)
    found = differences(scenario.expected, seen, ledger(scenario, result), figures)
    return "**differs**" if found else "as expected"


def _link(name: str) -> str:
    return f"[{name}](../tests/stories/{name}.yaml)"


def _cell(text: str) -> str:
    return " ".join(str(text).replace("|", "\\|").split())
