"""Broken rows: each is parked with its line, exact bytes and a reason, and the rows around it go on."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.base import BadRow, Options, Refused, Skipped
from connectors.scan import MAX_ROW
from streams.models.cloudevent import decode_cloudevent, encode_cloudevent
from streams.models.event import Event
from tests.connectors.golden import AS_OF, EXAMPLES, examples, read
from tests.connectors.test_pitfalls import COLUMNS, RELAY

GOOD = json.dumps(RELAY).encode()


def with_(**values: Any) -> bytes:
    return json.dumps({key: value for key, value in (RELAY | values).items() if value != "GONE"}).encode()


MALFORMED: dict[str, tuple[bytes, str]] = {
    "not JSON": (GOOD.replace(b": 15", b": fifteen"), "not_json"),
    "cut in the middle": (GOOD[:80], "not_json"),
    "not UTF-8": (GOOD.replace(b"dana", b"d\xe4na"), "not_utf8"),
    "a list instead of an object": (b"[1, 2]", "wrong_shape"),
    "a needed key is missing": (with_(time="GONE"), "missing_key"),
    "a needed list is missing": (with_(msgArgs="GONE"), "missing_key"),
    "a needed value is empty": (with_(msgArgs=[""]), "empty_value"),
    "a needed value is null": (with_(time=None), "empty_value"),
    "a value of the wrong type": (with_(msgid="15"), "wrong_shape"),
    "a number where text is meant": (with_(time=1772460312410), "wrong_shape"),
    "a time that is none": (with_(time="yesterday"), "bad_row"),
    "a date that does not exist": (with_(time="2026-02-30T10:00:00Z"), "bad_row"),
    "a time without a zone": (with_(time="2026-03-02T14:05:12"), "bad_row"),
    "a time before all tools": (with_(time="1970-01-01T00:00:00Z"), "instant_out_of_range"),
    "a negative length": (with_(msgid=11, msgArgs=["k", "a", "b", -5]), "instant_out_of_range"),
    "a length that is no number": (with_(msgid=11, msgArgs=["k", "a", "b", "5s"]), "wrong_shape"),
    "an endless length": (with_(msgid=11, msgArgs=["k", "a", "b", 10**30]), "instant_out_of_range"),
    "an id with control characters": (with_(msgArgs=["k\x1f3"]), "bad_row"),
    "an id of a thousand characters": (with_(msgArgs=["k" * 1000]), "too_large"),
    "a row of a megabyte": (with_(msg="x" * 1_000_000), "too_large"),
    "brackets without end": (b'{"a": ' + b"[" * 3000 + b"]" * 3000 + b"}", "not_json"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_row_is_parked_and_the_others_go_on(name: str) -> None:
    row, reason = MALFORMED[name]
    outcomes = read("meshcentral/x.jsonl", b"\n".join((GOOD, row, GOOD)))
    assert [type(outcome) for outcome in outcomes] == [Event, BadRow, Event]
    parked = outcomes[1]
    assert isinstance(parked, BadRow)
    assert (parked.reason, parked.line, parked.data) == (reason, 2, row[:MAX_ROW])
    assert parked.saw
    assert parked.expected
    assert parked.remedy


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"a,s,Host", "wrong_shape"),
        (b"a,s,Host,d,2026-03-02T14:00:00Z,,,more", "wrong_shape"),
        (b'a,s,Host,"d,2026-03-02T14:00:00Z,,', "wrong_shape"),
        (b"a,s,Host,d\xff,2026-03-02T14:00:00Z,,", "not_utf8"),
        (b",s,Host,d,2026-03-02T14:00:00Z,,", "empty_value"),
        (b"a,s,Robot,d,2026-03-02T14:00:00Z,,", "bad_row"),
        (b"a,s,Host,d,,,", "empty_value"),
        (b"a,s,Host,d,2/3/2026 2:05 PM,,", "bad_row"),
        (b"a,s,Host,d,2026-03-02T14:00:00Z,,1.5e9", "instant_out_of_range"),
        (b"a,s,Host,d,2026-03-02T14:00:00Z,,NaN", "wrong_shape"),
        (b"a,s,Host,d,2126-03-02T14:00:00Z,,", "instant_out_of_range"),
        (b"a" * (MAX_ROW + 10), "too_large"),
    ],
)
def test_a_malformed_csv_row_is_parked_and_the_others_go_on(row: bytes, reason: str) -> None:
    good = b"g,s,Host,d,2026-03-02T14:00:00Z,2026-03-02T14:10:00Z,600"
    outcomes = read("screenconnect/x", b"\n".join((COLUMNS.encode(), good, row, good)))
    assert [type(outcome) for outcome in outcomes] == [Event, BadRow, Event]
    parked = outcomes[1]
    assert isinstance(parked, BadRow)
    assert (parked.reason, parked.line, parked.data) == (reason, 3, row[:MAX_ROW])


def test_a_report_without_its_columns_is_refused() -> None:
    with pytest.raises(Refused, match="DisconnectedTime"):
        read("screenconnect/x", COLUMNS.replace(",DisconnectedTime", "").encode() + b"\n")


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(2**60, 2**70), st.text(max_size=12),
    st.floats(allow_nan=False, allow_infinity=False), st.builds(list), st.builds(dict), st.builds(lambda: [[]]),
    st.just("2026-03-02T14:05"),
)  # fmt: skip


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [at] if at else []
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            found += places(value[key], (*at, key))
    return found


def parent_of(document: Any, place: tuple[Any, ...]) -> Any:
    for key in place[:-1]:
        document = document[key]
    return document


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_change_of_an_example_raises_or_loses_a_row(data: st.DataObject) -> None:
    """Law: any value of any example replaced or removed, every row still has exactly one outcome."""
    name = data.draw(st.sampled_from([name for name in examples() if name.endswith(".json")]))
    document = json.loads((EXAMPLES / name).read_bytes())
    rows = len(read(name))
    for _ in range(data.draw(st.integers(1, 3))):
        inner = [place for place in places(document) if depth(name, place)]
        if not inner:
            break
        place = data.draw(st.sampled_from(inner))
        if data.draw(st.booleans()):
            value = data.draw(VALUES)
            parent_of(document, place)[place[-1]] = value
        else:
            parent_of(document, place).pop(place[-1])
    outcomes = read(name, json.dumps(document).encode(), Options(as_of=AS_OF))
    assert len(outcomes) == rows
    for outcome in outcomes:
        if isinstance(outcome, Event):  # what a connector lets through, the pipeline takes
            assert decode_cloudevent(outcome.tenant, encode_cloudevent(outcome)) == outcome


def depth(name: str, place: tuple[Any, ...]) -> bool:
    """Whether a place lies inside a row, not in what holds the rows, nor in timers inside a ticket."""
    above = {"nodes_response": 4, "scripthistory": 2, "agent": 2, "event_": 3, "tickets": 3}
    least = next((number for word, number in above.items() if word in name), 3)
    return len(place) >= least and "ticket_timers" not in place[1:] and place[0] != "FieldNames"


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_change_of_bytes_raises_anything_but_a_refusal(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(examples()))
    text = bytearray((EXAMPLES / name).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(text) - 1))
        text[place : place + data.draw(st.integers(0, 3))] = data.draw(
            st.sampled_from([b"", b'"', b"{", b"]", b"}", b"\n", b"\\", b"\xff", b"\\ud800", b",", b"0", b"e9999999"])
        )
    try:
        outcomes = read(name, bytes(text))
    except Refused:
        return
    assert all(isinstance(outcome, Event | BadRow | Skipped) or outcome.rev > 0 for outcome in outcomes)
