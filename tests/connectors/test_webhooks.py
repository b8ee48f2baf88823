"""Every example of a webhook becomes exactly what stands beside it; ``python -m tests.connectors.test_webhooks``
rewrites. Whatever bytes come, mapping them gives outcomes and never an error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import BadRow, DirectoryObject, Options, Outcome, Skipped
from connectors.receive import HOOKS, receive
from streams.models.event import Event
from tests.connectors.golden import readable

EXAMPLES = Path(__file__).parent / "webhooks"
OPTIONS = Options(tenant="main")


def examples() -> list[str]:
    files = (path for path in EXAMPLES.glob("*/*.json") if not path.name.endswith(".expected.json"))
    return sorted(path.relative_to(EXAMPLES).as_posix() for path in files)


def body(name: str) -> bytes:
    return (EXAMPLES / name).read_bytes()


def read(name: str, authenticated: bool = True, options: Options = OPTIONS) -> list[Outcome]:
    return receive(HOOKS[name.split("/")[0]], "one", body(name), options, authenticated)


def expected(name: str) -> Path:
    return EXAMPLES / f"{name}.expected.json"


@pytest.mark.parametrize("name", examples())
def test_an_example_becomes_what_its_golden_file_says(name: str) -> None:
    assert readable(read(name)) == expected(name).read_text(encoding="utf-8"), (
        "look at the difference; if it is meant: python -m tests.connectors.test_webhooks"
    )


def test_free_text_never_gets_into_an_outcome() -> None:
    for name in examples():
        text = expected(name).read_text(encoding="utf-8")
        assert not [word for word in ("spooler", "Cannot print", "Timer stopped", "front.desk") if word in text], name


@pytest.mark.parametrize("name", examples())
def test_what_nobody_authenticated_is_marked_and_brings_no_directory(name: str) -> None:
    signed, unsigned = read(name), read(name, authenticated=False)
    assert len(signed) == len(unsigned)
    for one, other in zip(signed, unsigned, strict=True):
        if isinstance(one, Event):
            assert isinstance(other, Event)
            assert one.authenticated
            assert not other.authenticated
            assert one.id == other.id, "signed later, it is the same fact"
        elif isinstance(one, DirectoryObject):
            assert other == Skipped(1, "unsigned_directory")
        else:
            assert one == other


@pytest.mark.parametrize("connector", sorted(HOOKS))
def test_every_webhook_has_examples_and_a_page(connector: str) -> None:
    assert list((EXAMPLES / connector).glob("*.json"))
    page = (EXAMPLES.parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
    assert f"webhook add {connector} " in page


def test_the_unit_of_zammad_is_what_the_operator_says() -> None:
    name = "zammad/webhook_article.json"
    minutes = next(one for one in read(name) if isinstance(one, Event))
    hours = next(one for one in read(name, options=OPTIONS._replace(time_unit="hours")) if isinstance(one, Event))
    assert minutes.duration_ms == 36 * 60_000 + 30_000
    assert hours.duration_ms == minutes.duration_ms * 60


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not_json"),
        (b"\xff", "not_utf8"),
        (b"[" * 100_000, "not_json"),
        (b'{"id":1,"id":2}', "wrong_shape"),
        (b'{"a":{"ticket":1,"ticket":1}}', "wrong_shape"),
        (b'{"a":NaN}', "not_json"),
        (b"7", "wrong_shape"),
    ],
)
@pytest.mark.parametrize("connector", sorted(HOOKS))
def test_what_cannot_be_read_is_kept_whole(connector: str, data: bytes, reason: str) -> None:
    [found] = receive(HOOKS[connector], "one", data, OPTIONS, True)
    assert isinstance(found, BadRow)
    assert (found.reason, found.data) == (reason, data)
    assert found.saw
    assert found.expected
    assert found.remedy


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths to every value, inner ones too."""
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found += leaves(inner, (*path, key))
    return found


@given(st.data())
@settings(deadline=None, max_examples=400)
def test_an_example_with_anything_in_one_place_is_outcomes(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(examples()))
    whole = json.loads(body(name))
    if isinstance(whole.get("Entity"), str) and data.draw(st.booleans()):
        entity = json.loads(whole["Entity"])
        replaced(entity, data)
        whole["Entity"] = json.dumps(entity)
    else:
        replaced(whole, data)
    found = receive(HOOKS[name.split("/")[0]], "one", json.dumps(whole).encode(), OPTIONS, True)
    for one in found:
        assert isinstance(one, Event | DirectoryObject | Skipped | BadRow)
        if isinstance(one, Event):
            assert one.tenant == "main", "never from the payload"


def replaced(whole: Any, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(leaves(whole)))
    place = whole
    for key in path[:-1]:
        place = place[key]
    if data.draw(st.booleans()) and isinstance(place, dict):
        del place[path[-1]]
    else:
        place[path[-1]] = data.draw(VALUES)


if __name__ == "__main__":
    for example in examples():
        expected(example).write_text(readable(read(example)), encoding="utf-8")
