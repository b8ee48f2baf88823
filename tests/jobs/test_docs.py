"""The pages about catalogue and scenarios: their examples run, and every field stands there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from jobs import scenario, scenario_balances, scenario_decisions, scenario_events, scenario_expect
from jobs.catalog_load import SECTIONS
from jobs.catalog_rules import check
from streams.models.catalog import OBJECT_TYPES
from tests.jobs.command import everyminute

ROOT = Path(__file__).parents[2]
CATALOGUE = (ROOT / "docs" / "catalogue.md").read_text()
DECISIONS = {*scenario_decisions.FIELDS, *(name for names in scenario_decisions.FIELDS.values() for name in names)}
SCENARIOS = (ROOT / "docs" / "scenarios.md").read_text()


def blocks(text: str) -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)


def test_the_catalogue_of_the_page_has_no_errors(tmp_path: Path) -> None:
    for n, block in enumerate(blocks(CATALOGUE)):
        (tmp_path / f"{n:02}.yaml").write_text(block)
    assert [str(problem) for problem in check([tmp_path]).problems] == []


def fields(model: type[BaseModel]) -> set[str]:
    """Names of fields as written, through models inside."""
    found = set()
    for name, info in model.model_fields.items():
        found.add(info.alias or name)
        for inner in (info.annotation, *get_args(info.annotation)):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                found |= fields(inner)
    return found


@pytest.mark.parametrize(("section", "kind"), SECTIONS.items())
def test_every_field_has_an_example(section: str, kind: str) -> None:
    examples = "".join(block for block in blocks(CATALOGUE) if re.search(rf"^{section}:", block, re.MULTILINE))
    missing = {name for name in fields(OBJECT_TYPES[kind]) if not re.search(rf"\b{name}:", examples)}
    assert missing == ({"id"} if kind == "organisation" else set())


@pytest.mark.parametrize("block", blocks(SCENARIOS))
def test_a_scenario_of_the_page_gives_what_it_says(tmp_path: Path, block: str) -> None:
    (tmp_path / "s.yaml").write_text(block)
    ran = everyminute("simulate", tmp_path / "s.yaml", "--check")
    assert ran.code == 0, ran.out


@pytest.mark.parametrize(
    "name",
    sorted(
        {*scenario.FIELDS, *scenario_events.FIELDS, *scenario_expect.ROW, *scenario_expect.LISTS, *DECISIONS}
        | {*scenario_balances.OF_CONTRACT, *scenario_balances.OF_LOT, *scenario_balances.OF_EVENT}
    ),
)
def test_every_field_of_a_scenario_is_described(name: str) -> None:
    assert f"`{name}`" in SCENARIOS


@pytest.mark.parametrize("file", sorted((ROOT / "examples" / "scenarios").glob("*.yaml")), ids=lambda file: file.stem)
def test_every_example_gives_what_it_says(file: Path) -> None:
    ran = everyminute("simulate", file, "--check")
    assert ran.code == 0, ran.out
