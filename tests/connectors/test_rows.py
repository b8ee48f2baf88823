"""Rows are cut out of a file with their line and exact bytes, whatever stands around them, in bounded memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO, RawIOBase
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors import scan
from connectors.base import Refused, Row
from connectors.csvrows import Table
from connectors.files import json_rows

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


def rows(text: bytes, lists: tuple[str, ...] = ("events",), maps: tuple[str, ...] = ()) -> list[Row]:
    return list(json_rows(BytesIO(text), lists, maps))


def data(found: list[Row]) -> list[bytes]:
    return [row.data for row in found]


@settings(max_examples=150)
@given(st.lists(JSON, max_size=6), st.sampled_from([None, 0, 2]), st.integers(1, 40))
def test_elements_of_a_list_come_out_as_they_went_in(values: list[object], indent: int | None, chunk: int) -> None:
    text = json.dumps({"more": [{"a": "]}"}], "events": values, "end": {"b": []}}, indent=indent).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan, "CHUNK", chunk)
        found = rows(text)
    assert [json.loads(row.data) for row in found] == values
    assert all(row.whole and row.data in text for row in found)


@settings(max_examples=100)
@given(st.lists(st.dictionaries(st.text(max_size=4), JSON, min_size=1, max_size=3), min_size=2, max_size=6))
def test_one_value_a_line_and_values_in_a_row_are_the_same_rows(values: list[dict[str, object]]) -> None:
    lines = b"\n".join(json.dumps(value).encode() for value in values)
    pretty = b"\n".join(json.dumps(value, indent=1).encode() for value in values)
    assert [json.loads(row.data) for row in rows(lines, ())] == values
    assert [json.loads(row.data) for row in rows(pretty, ())] == values


def test_lines_are_counted_from_one() -> None:
    assert [row.line for row in rows(b'{\n "events": [\n  {"a": 1},\n\n  {\n"a": 2}, {"a": 3}\n]}')] == [3, 5, 6]
    assert [row.line for row in rows(b'{"a": 1}\n\n{"a": 2}\n', ())] == [1, 3]


def test_a_broken_row_costs_itself() -> None:
    good, later = b'{"a": 1}', b'{"a": "}{]["}'
    for broken in (
        b'{"a": tru}',
        b'{"a": [1, 2}',
        b'{"a": "open\n}',
        b"{1: 2}",
        b"nonsense",
        b'{"a": "\xff"}',
        b'{"a" 1}',
    ):
        found = data(rows(b"[\n" + good + b",\n" + broken + b",\n" + later + b"\n]"))
        assert found[0] == good, broken
        assert found[-1] == later, broken


def test_a_line_that_is_cut_costs_itself() -> None:
    assert data(rows(b'{"a": 1}\n{"a": "cut\n{"a": 2}\n', ())) == [b'{"a": 1}', b'{"a": "cut', b'{"a": 2}']
    assert data(rows(b'{"a": {"cut": 1\n{"a": 2}\n', ())) == [b'{"a": {"cut": 1', b'{"a": 2}']


@pytest.mark.parametrize("cut", range(14, 44))
def test_a_file_that_is_cut_says_so_and_keeps_what_was_whole(cut: int) -> None:
    text = b'{"events": [\n {"a": 1},\n {"a": 2},\n {"a": 3}]}'
    found = rows(text[:cut])
    whole = [json.loads(row.data) for row in found if row.whole]
    assert whole == [{"a": 1}, {"a": 2}, {"a": 3}][: len(whole)]
    assert not found[-1].whole


def test_a_map_of_lists_gives_the_rows_of_every_list() -> None:
    text = b'{"action": "nodes", "nodes": {"g1": [{"a": 1}], "g2": [{"a": 2}, {"a": 3}]}}'
    assert data(rows(text, (), ("nodes",))) == [b'{"a": 1}', b'{"a": 2}', b'{"a": 3}']


def test_a_byte_order_mark_is_no_part_of_the_file() -> None:
    assert data(rows(b'\xef\xbb\xbf[{"a": 1}]')) == [b'{"a": 1}']
    assert Table(BytesIO(b"\xef\xbb\xbfa,b\n1,2\n"), ("a", "b")).columns == ["a", "b"]


@pytest.mark.parametrize("text", [b"", b" \n", b"PK\x03\x04", b"<html>", '[{"a": 1}]'.encode("utf-16")])
def test_a_file_that_is_no_json_is_refused(text: bytes) -> None:
    with pytest.raises(Refused):
        rows(text)


def test_an_overlong_row_keeps_its_beginning_and_the_next_row_is_read() -> None:
    for filler in (b'"' + b"x" * 3_000_000 + b'"', b'"' + b'\\"' * 900_000 + b'"', b"[1]," * 500_000 + b"0"):
        found = rows(b'[{"a": [' + filler + b']},\n{"a": 2}]')
        assert [row.whole for row in found] == [False, True]
        assert len(found[0].data) == scan.MAX_ROW
        assert found[0].size == len(filler) + 9
        assert (found[1].data, found[1].line) == (b'{"a": 2}', 2)


class Endless(RawIOBase):
    """A file of rows that never ends, and remembers how much of it was asked for."""

    def __init__(self, head: bytes, row: bytes) -> None:
        self.rest, self.row, self.served = head, row, 0

    def seek(self, place: int, whence: int = 0) -> int:
        return place

    def read(self, size: int = -1) -> bytes:
        while len(self.rest) < size:
            self.rest += self.row * 100
        taken, self.rest = self.rest[:size], self.rest[size:]
        self.served += size
        return taken


def test_rows_come_while_the_file_is_still_being_read() -> None:
    stream = Endless(b"", b'{"a": 1},')
    stream.rest = b"["
    found: Iterator[Row] = json_rows(stream, ())  # type: ignore[arg-type]  # as much of a file as is needed
    assert len(list(islice(found, 10_000))) == 10_000
    assert stream.served < 2_000_000


def table(text: bytes) -> tuple[Table, list[Row]]:
    found = Table(BytesIO(text), ("a",))
    return found, list(found.rows())


def test_csv_rows_keep_bytes_and_lines() -> None:
    found, csv_rows = table(b'a;b\r\n1;"x;\r\n""y"""\r\n\r\n2;z\r\n')
    assert [(row.line, row.data) for row in csv_rows] == [(2, b'1;"x;\r\n""y"""'), (5, b"2;z")]
    assert found.values(csv_rows[0]) == {"a": "1", "b": 'x;\r\n"y"'}


def test_a_quote_that_never_closes_costs_one_line() -> None:
    _, csv_rows = table(b'a,b\n1,"open\n2,x\n3,y\n')
    assert [row.data for row in csv_rows] == [b'1,"open', b"2,x", b"3,y"]
