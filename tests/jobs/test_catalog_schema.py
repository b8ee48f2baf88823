"""The JSON Schema of catalogue files says yes to every example and story, and no to what `catalog check` refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from jobs.catalog_schema import catalogue_schema
from tests.jobs.command import everyminute

ROOT = Path(__file__).parents[2]
SCHEMA = jsonschema.Draft202012Validator(catalogue_schema())


BOOL = "tag:yaml.org,2002:bool"


class AsEditorsRead(yaml.SafeLoader):
    """YAML 1.2's core: dates are texts, and so are yes, no, on and off."""


AsEditorsRead.yaml_implicit_resolvers = {
    letter: [one for one in known if one[0] != "tag:yaml.org,2002:timestamp" and (one[0] != BOOL or letter in "tTfF")]
    for letter, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), AsEditorsRead)


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(catalogue_schema())


@pytest.mark.parametrize("path", sorted((ROOT / "examples" / "catalogue").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_example_fits(path: Path) -> None:
    assert [error.message for error in SCHEMA.iter_errors(read(path))] == []


def test_the_catalogue_of_every_story_fits() -> None:
    for path in sorted((ROOT / "tests" / "stories").glob("*.yaml")):
        catalogue = read(path)["catalogue"]
        if isinstance(catalogue, dict):
            assert [error.message for error in SCHEMA.iter_errors(catalogue)] == [], path.stem


@pytest.mark.parametrize(
    "wrong",
    [
        {"clients": [{"name": "without an id"}]},
        {"clients": {"id": "acme"}},
        {"customers": []},
        {"clients": [{"id": "acme", "colour": "red"}]},
        {"contracts": [{"id": "c", "client": "acme", "kind": "barter"}]},
        {"rate_cards": [{"id": "r", "lines": [{"rate": -1}]}]},
        {"rate_cards": [{"id": "r", "lines": [{"rate": "a lot"}]}]},
        {"clients": [{"id": "a/b"}]},
    ],
    ids=str,
)
def test_what_the_check_refuses_does_not_fit(wrong: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(yaml.safe_dump(wrong), encoding="utf-8")
    assert everyminute("catalog", "check", path).code == 1
    assert not SCHEMA.is_valid(wrong)
