"""Rows of a JSON file, one at a time, with their line and exact bytes. Memory is bounded by the largest row.

The forms tools export: one list, one answer with a named list (``{"events": […]}``), one value a line, or values
one after another. Rows are cut out by their brackets and decoded one by one, so a broken row costs itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO

import msgspec

from connectors.base import Refused, Row
from connectors.scan import CHUNK, MAX_ROW, Scanner

MAX_ANSWER = 64 * 1024 * 1024  # of a whole answer on one line of a capture
Names = tuple[str, ...]
HEAD = 64 * 1024  # an answer names its list within these first bytes
UTF8_MARK = b"\xef\xbb\xbf"


def opening(stream: BinaryIO) -> bytes:
    """The file's first bytes without the byte order mark; the stream stands behind the mark. May refuse."""
    stream.seek(0)
    head = stream.read(CHUNK)
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise Refused("The file is UTF-16. Save it as UTF-8 and import it again.")
    start = len(UTF8_MARK) if head.startswith(UTF8_MARK) else 0
    stream.seek(start)
    if not head[start:].strip():
        raise Refused("The file is empty.")
    return head[start:]


def json_rows(stream: BinaryIO, lists: Names, maps: Names = ()) -> Iterator[Row]:
    """Rows of a JSON file. ``lists`` are the members whose elements are rows; ``maps`` those that hold lists of
    rows by a key (``{"nodes": {"group": [row, …]}}``). Raises Refused for what is no JSON file at all."""
    head = opening(stream)
    if head.lstrip()[:1] not in (b"{", b"["):
        raise Refused("The file does not begin like JSON, with { or [. Is it the right file, and unpacked?")
    if _by_line(head):
        yield from _lines(stream, lists, maps)
    else:
        yield from _values(Scanner(stream), lists, maps)


def _by_line(head: bytes) -> bool:
    """Whether every line is a value of its own: the first is a whole object, or it is broken and the second is."""
    first, second = ([line.strip() for line in head.split(b"\n") if line.strip()] + [b""])[:2]
    if first[:1] != b"{" or first == b"{}":
        return False
    return _is_json(first) or (first[-1:] not in (b"[", b"{") and second[:1] == b"{" and _is_json(second))


def _is_json(text: bytes) -> bool:
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _lines(stream: BinaryIO, lists: Names, maps: Names) -> Iterator[Row]:
    number = 0
    while line := stream.readline(MAX_ANSWER):
        number += 1
        text = line.rstrip(b"\r\n")
        if text.lstrip()[:1] == b"{" and _is_json(text) and _holds_list(text, lists, maps):
            yield from _object(Scanner(BytesIO(text), number), lists, maps)
        elif text.strip():
            yield Row(number, text[:MAX_ROW], whole=len(text) <= MAX_ROW, size=len(text))


def _values(scanner: Scanner, lists: Names, maps: Names) -> Iterator[Row]:
    """Values one after another; of answers, the rows they hold."""
    while byte := scanner.next():
        if byte == b"[":
            yield from _elements(scanner, "")
        elif byte == b"{" and _holds_list(scanner.window(HEAD), lists, maps):
            yield from _object(scanner, lists, maps)
        else:
            yield scanner.value()


def _holds_list(text: bytes, lists: Names, maps: Names) -> bool:
    """Whether the object that begins here is an answer that holds rows, rather than a row itself, which has an id."""
    if not any(b'"' + name.encode() + b'"' in text for name in (*lists, *maps)):
        return False
    scanner = Scanner(BytesIO(text))
    scanner.next()
    scanner.take(scanner.at + 1)
    while scanner.next() not in (b"", b"}") and (key := scanner.key()) is not None:
        if key == "id":
            return False
        if (key in lists and scanner.next() == b"[") or (key in maps and scanner.next() == b"{"):
            return True
        scanner.value()
    return False


def _object(scanner: Scanner, lists: Names, maps: Names, *, every: bool = False) -> Iterator[Row]:
    """The rows an answer holds, in ``lists`` or in every list. What else it holds is passed over."""
    scanner.next()
    scanner.take(scanner.at + 1)
    while (byte := scanner.next()) != b"}":
        key = scanner.key() if byte else None
        if key is None:
            yield Row(scanner.line, scanner.rest(), whole=False)
            return
        opened = scanner.next()
        if (every or key in lists) and opened == b"[":
            yield from _elements(scanner, key)
        elif key in maps and opened == b"{":
            yield from _object(scanner, (), (), every=True)
        else:
            scanner.value()
    scanner.take(scanner.at + 1)


def _elements(scanner: Scanner, name: str) -> Iterator[Row]:
    """The elements of the list that begins here."""
    scanner.take(scanner.at + 1)
    whole = True
    while (byte := scanner.next()) != b"]":
        if not byte:
            if whole:  # nothing has said yet that the file was cut off
                yield Row(scanner.line, b"", name, whole=False)
            return
        row = scanner.value(name)
        whole = row.whole or row.size > len(row.data)
        yield row
    scanner.take(scanner.at + 1)
