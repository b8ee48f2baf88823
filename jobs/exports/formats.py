"""Files of usage lines, written row by row in constant memory. The same rows and the same notes give the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import orjson

from jobs.output import Cell, csv_text
from jobs.usage import CSV, named

Notes = Mapping[str, str]


class FileFormat(StrEnum):
    csv = "csv"
    jsonl = "jsonl"
    parquet = "parquet"
    xlsx = "xlsx"


MEDIA: dict[FileFormat, str] = {
    FileFormat.csv: "text/csv; charset=utf-8",
    FileFormat.jsonl: "application/jsonl",
    FileFormat.parquet: "application/vnd.apache.parquet",
    FileFormat.xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class LineFile(Protocol):
    """Takes rows of ``jobs.usage.cells``, in order."""

    def add(self, row: Sequence[Cell], exponent: int) -> None:
        """``exponent``: decimals of the row's amount."""

    def close(self) -> None: ...


class CsvFile:
    """For people and spreadsheets: no cell is run as a formula."""

    def __init__(self, path: Path, notes: Notes) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        self._file.write(csv_text(CSV, []))

    def add(self, row: Sequence[Cell], exponent: int) -> None:
        self._file.write(csv_text([], [row]).split("\n", 1)[1])

    def close(self) -> None:
        self._file.close()


class JsonLinesFile:
    """For programs: text exactly as it is."""

    def __init__(self, path: Path, notes: Notes) -> None:
        self._file = path.open("wb")

    def add(self, row: Sequence[Cell], exponent: int) -> None:
        self._file.write(json_line(row))

    def close(self) -> None:
        self._file.close()


def json_line(row: Sequence[Cell]) -> bytes:
    return orjson.dumps(named(row)) + b"\n"


def line_file(format_: FileFormat, path: Path, notes: Notes) -> LineFile:
    """``notes`` stand beside the lines where the format has a place for them. Raises UserError where a package that
    the format needs is not installed."""
    return FILES[format_](path, notes)


def _parquet(path: Path, notes: Notes) -> LineFile:
    from jobs.exports.parquet import ParquetFile

    return ParquetFile(path, notes)


def _xlsx(path: Path, notes: Notes) -> LineFile:
    from jobs.exports.sheet import XlsxFile

    return XlsxFile(path, notes)


FILES: dict[FileFormat, Callable[[Path, Notes], LineFile]] = {
    FileFormat.csv: CsvFile,
    FileFormat.jsonl: JsonLinesFile,
    FileFormat.parquet: _parquet,
    FileFormat.xlsx: _xlsx,
}
