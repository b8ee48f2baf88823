"""What a connector is: a function from an exported file to outcomes, one outcome a row, in the order of the file.

    read(stream, instance, options) -> Iterator[Outcome]

Errors, two kinds: `Refused` is raised for a file that cannot be read at all (wrong file, no time zone), before
anything has been yielded; a broken row is a value, `BadRow`, and stops nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any, BinaryIO, Literal, NamedTuple
from urllib.parse import quote
from zoneinfo import ZoneInfo

import msgspec

from streams.models.catalog import CatalogObject
from streams.models.event import Event
from streams.models.ids import digest
from streams.models.parked import Reason


class Options(NamedTuple):
    """What the person who imports knows and the file does not say. ``as_of`` in ms."""

    tenant: str = "main"
    as_of: int | None = None
    zone: ZoneInfo | None = None
    ticket_column: str = ""
    time_unit: Literal["minutes", "hours"] = "minutes"


class Row(NamedTuple):
    """One row of a file: its first line (from 1), its exact bytes, and the list it stood in ("" for none)."""

    line: int
    data: bytes
    list: str = ""
    whole: bool = True  # False: cut short by the end of the file or by the size limit
    size: int = 0  # bytes of the row in the file, more than ``data`` holds when it was too large


class Skipped(NamedTuple):
    """A row we understand and leave out on purpose. ``reason`` is a word of docs/connectors.md."""

    line: int
    reason: str


class BadRow(NamedTuple):
    """A row that is to be parked: what we saw, what we expected, what to do."""

    line: int
    data: bytes
    reason: Reason
    saw: str
    expected: str
    remedy: str


class DirectoryObject(NamedTuple):
    """A client, technician, device or ticket as the tool knows it. ``rev`` in ms: updated-at or as-of."""

    kind: str
    item: CatalogObject
    rev: int


Outcome = Event | DirectoryObject | Skipped | BadRow


class Connector(NamedTuple):
    """An entry of the registry. ``about`` is the line of help."""

    read: Callable[[BinaryIO, str, Options], Iterator[Outcome]]
    about: str


class Refused(Exception):  # noqa: N818 - the file is refused; nothing of ours went wrong
    """This file cannot be imported like this; the text says why and what to do."""


class Bad(Exception):  # noqa: N818 - leaves a row's mapping early; `outcomes` turns it into a BadRow
    def __init__(self, reason: Reason, saw: str, expected: str, remedy: str = "") -> None:
        super().__init__(f"saw {saw}, expected {expected}")
        self.reason: Reason = reason
        self.saw, self.expected = saw, expected
        self.remedy = remedy or "Correct the row in the export, or export again, and import the file again."


class Skip(Exception):  # noqa: N818 - as Bad, for rows left out on purpose
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


_decoder = msgspec.json.Decoder(float_hook=Decimal)


def decode(row: Row) -> Any:
    """The JSON value of a row; fractions are exact decimals, whole numbers of any length stay whole."""
    if not row.whole:
        raise _cut(row)
    try:
        return _decoder.decode(row.data)
    except RecursionError:
        raise Bad("not_json", "brackets nested too deeply", "a flat row") from None
    except UnicodeDecodeError as error:
        raise Bad("not_utf8", str(error), "text in UTF-8") from None
    except msgspec.DecodeError as error:
        text = str(error)
        reason: Reason = "not_utf8" if "utf-8" in text.lower() else "not_json"
        raise Bad(reason, text, "one JSON value") from None


def _cut(row: Row) -> Bad:
    if row.size > len(row.data):
        return Bad("too_large", f"a row of {row.size} bytes", f"at most {len(row.data)} bytes in one row")
    return Bad("not_json", "a row that the file ends in", "a complete row", "Export again: this file was cut off.")


def source_name(connector: str, instance: str) -> str:
    return f"{connector}:{instance}"


def object_id(source: str, native_id: str) -> str:
    """Catalogue id of what a tool reports. ``~`` sorts behind every id people write, so theirs win an alias."""
    plain = f"~{source}:{quote(native_id, safe=' $@=+:.,()&')}"
    return plain if len(plain) <= 120 else f"~{source}:{digest(native_id.encode())}"


def reference(source: str, native_id: str | None) -> str | None:
    """How a directory object names another one: by alias, as "source=native id"."""
    return None if native_id is None else f"{source}={native_id}"


def outcomes(rows: Iterable[Row], mapping: Callable[[Row], Outcome]) -> Iterator[Outcome]:
    """Map each row; one that cannot be read becomes a BadRow and the next goes on."""
    for row in rows:
        try:
            yield mapping(row)
        except Skip as skip:
            yield Skipped(row.line, skip.reason)
        except Bad as bad:
            yield BadRow(row.line, row.data, bad.reason, bad.saw, bad.expected, bad.remedy)


class AsOf:
    """When the file was true: what the person said, else the largest instant in it, never the clock.

    Found in a pass of its own, and only if asked for; the reading pass goes on where it was.
    """

    def __init__(
        self, options: Options, stream: BinaryIO, rows: Callable[[], Iterable[Row]], find: Callable[[Row], int | None]
    ) -> None:
        self._known, self._stream, self._rows, self._find = options.as_of, stream, rows, find

    def needed(self) -> int:
        """Milliseconds since 1970. Refuses a file that has no instant."""
        if self._known is None:
            place = self._stream.tell()
            self._known = max(filter(None, map(self._instant, self._rows())), default=None)
            self._stream.seek(place)
        if self._known is None:
            raise Refused(
                "Nothing in the file says when it was exported. Add --as-of, such as --as-of 2026-03-02T18:00Z."
            )
        return self._known

    def _instant(self, row: Row) -> int | None:
        try:
            return self._find(row)
        except Bad:
            return None
