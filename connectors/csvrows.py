"""Rows of a CSV file, one at a time, with their line and exact bytes."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import BinaryIO

from connectors.base import Bad, Refused, Row
from connectors.files import opening
from connectors.scan import MAX_ROW

DELIMITERS = (",", ";", "\t")
MAX_LINES = 64  # of one row: a quoted field may hold line breaks


class Table:
    """A CSV file with a header. ``columns`` and ``delimiter`` are known from the start."""

    def __init__(self, stream: BinaryIO, needed: tuple[str, ...]) -> None:
        opening(stream)
        self.stream, self.start = stream, stream.tell()
        header = stream.readline(MAX_ROW).decode("utf-8", errors="replace").replace("\r", " ").strip()
        self.delimiter = max(DELIMITERS, key=header.count)
        self.columns = [name.strip() for name in next(csv.reader([header], delimiter=self.delimiter), [])]
        missing = [name for name in needed if name not in self.columns]
        if missing:
            raise Refused(f"The first line names no column {', '.join(missing)}. Export the report with these columns.")

    def rows(self) -> Iterator[Row]:
        """The rows after the header. A row that never closes its quotes is one line, and costs only itself."""
        self.stream.seek(self.start)
        self.stream.readline(MAX_ROW)
        number, waiting = 2, list[bytes]()
        while line := waiting.pop(0) if waiting else self.stream.readline(MAX_ROW):
            if not line.endswith(b"\n") and len(line) >= MAX_ROW:
                size = len(line) + self._drain()
                yield Row(number, line, whole=False, size=size)
                number += 1
                continue
            lines = [line]
            while not self._complete(lines) and len(lines) < MAX_LINES:
                following = waiting.pop(0) if waiting else self.stream.readline(MAX_ROW)
                if not following:
                    break
                lines.append(following)
            if not self._complete(lines):
                waiting, lines = lines[1:] + waiting, lines[:1]
            data = b"".join(lines).rstrip(b"\r\n")
            if data.strip():
                yield Row(number, data[:MAX_ROW], whole=len(data) <= MAX_ROW, size=len(data))
            number += len(lines)

    def values(self, row: Row) -> dict[str, str]:
        """The fields of a row by column."""
        if not row.whole:
            raise Bad("too_large", f"a row of {row.size} bytes", f"at most {MAX_ROW} bytes in one row")
        try:
            text = row.data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Bad("not_utf8", str(error), "text in UTF-8") from None
        try:
            cells = next(csv.reader(text.splitlines(keepends=True), delimiter=self.delimiter, strict=True))
        except (csv.Error, StopIteration) as error:
            raise Bad("wrong_shape", f"no CSV row: {error}", "quotes around whole fields") from None
        if len(cells) != len(self.columns):
            raise Bad("wrong_shape", f"{len(cells)} fields", f"{len(self.columns)}, as the first line names")
        return dict(zip(self.columns, cells, strict=True))

    def _complete(self, lines: list[bytes]) -> bool:
        """Whether every quote is closed, by counting them: a doubled quote is two."""
        return sum(line.count(b'"') for line in lines) % 2 == 0

    def _drain(self) -> int:
        size = 0
        while line := self.stream.readline(MAX_ROW):
            size += len(line)
            if line.endswith(b"\n"):
                break
        return size
