"""Every story named by an acceptance vector expects the numbers that the table of vectors has for it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pytest
import yaml

from jobs.scenario_time import parse_seconds

TESTS = Path(__file__).parents[1]
STORIES = TESTS / "stories"
SECONDS = (
    "worked",
    "rounding",
    "quantity",
    "billed",
    "covered",
    "drawn",
    "overlap",
    "left",
    "size",
    "rolled",
    "offset",
    "billable",
    "slipped",
)


class Plain(yaml.SafeLoader):
    """Every scalar as the text that stands in the file."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012


def read(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Plain)


VECTORS: list[dict[str, Any]] = read(TESTS / "vectors" / "vectors.yaml")
WORDS: dict[str, list[dict[str, Any]]] = read(TESTS / "vectors" / "words.yaml")
CLAIMS = [(story, claims) for vector in VECTORS for story, claims in vector["stories"].items()]


def flat(node: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """(field, value) of everything a story expects; "segments.rate", "total.USD"; rows and their fields in order."""
    if isinstance(node, list):
        for one in node:
            if isinstance(one, dict):
                yield from flat(one, prefix)
            else:
                yield prefix.removesuffix("."), one
    elif isinstance(node, dict):
        for name, value in node.items():
            inner = prefix if name == "entries" else f"{prefix}{name}."
            if isinstance(value, list | dict):
                yield from flat(value, inner)
            else:
                yield prefix + name, value


def value_of(field: str, text: str) -> Any:
    """As a number where it is one: seconds of a length of time, exact money."""
    if field.split(".")[-1] in SECONDS:
        return parse_seconds(text)
    try:
        return Decimal(text)
    except InvalidOperation:
        return text


def expected_of(story: str, field: str) -> Any:
    """All values of a field in a story, in order; of ``sum.field`` their sum."""
    expect = read(STORIES / f"{story}.yaml")["expect"]
    name = field.removeprefix("sum.")
    values = [value_of(name, text) for key, text in flat(expect) if key == name]
    if name == field:
        return values
    assert values, f"{story} expects no {name}"
    return sum(values)


@pytest.mark.parametrize(("story", "claims"), CLAIMS, ids=[story for story, _ in CLAIMS])
def test_a_story_expects_the_numbers_of_its_vector(story: str, claims: dict[str, Any]) -> None:
    assert claims, "a vector says which numbers of the story are its own"
    for field, wanted in claims.items():
        name = field.removeprefix("sum.")
        numbers = [value_of(name, text) for text in wanted] if isinstance(wanted, list) else value_of(name, wanted)
        assert expected_of(story, field) == numbers, field


def test_a_story_with_the_name_of_a_vector_is_in_the_table() -> None:
    known = {story for story, _ in CLAIMS}
    ids = {vector["id"] for vector in VECTORS}
    named = {path.stem for path in STORIES.glob("*.yaml") if path.stem.split("_")[0] in ids}
    remedy = "add them under `stories:` of their vector, with the numbers that the rules give"
    assert named <= known, f"tests/vectors/vectors.yaml says nothing of {sorted(named - known)}: {remedy}"


def test_every_vector_has_a_story() -> None:
    assert [vector["id"] for vector in VECTORS if not vector["stories"]] == []


def test_every_story_shows_a_rule_and_every_rule_has_stories() -> None:
    stories = {path.stem for path in STORIES.glob("*.yaml")}
    worded = {story for rules in WORDS.values() for rule in rules for story in rule["stories"]}
    assert worded <= stories, f"tests/vectors/words.yaml names stories that are not there: {sorted(worded - stories)}"
    lonely = stories - worded - {story for story, _ in CLAIMS}
    assert not lonely, f"say in tests/vectors/words.yaml which rule these show: {sorted(lonely)}"
