"""Every example file becomes exactly what stands beside it. A new example is a new test."""

from __future__ import annotations

import pytest

from connectors import CONNECTORS
from streams.models.event import Event
from tests.connectors.golden import EXAMPLES, examples, expected, read, readable


@pytest.mark.parametrize("name", examples())
def test_an_example_becomes_what_its_golden_file_says(name: str) -> None:
    assert readable(read(name)) == expected(name).read_text(encoding="utf-8"), (
        "look at the difference; if it is meant: python -m tests.connectors.golden"
    )


@pytest.mark.parametrize("name", examples())
def test_reading_again_gives_the_same_fact_keys(name: str) -> None:
    first, again = read(name), read(name)
    assert [o.fact_key() for o in first if isinstance(o, Event)] == [
        o.fact_key() for o in again if isinstance(o, Event)
    ]
    assert first == again


@pytest.mark.parametrize("connector", sorted(CONNECTORS))
def test_every_connector_has_examples_and_a_page(connector: str) -> None:
    assert list((EXAMPLES / connector).glob("*"))
    page = (EXAMPLES.parents[2] / "docs" / "connectors.md").read_text(encoding="utf-8")
    assert f"import {connector} " in page


def test_free_text_never_gets_into_an_outcome() -> None:
    texts = ("display text", "Print spooler fix", "spooler restarted", "Nightly disk report", "ipconfig", "not read")
    for name in examples():
        data = (EXAMPLES / name).read_text(encoding="utf-8")
        found = [text for text in texts if text in expected(name).read_text(encoding="utf-8")]
        assert not found, f"{name}: {found} of {len(data)} characters"
