"""Files of usage: the same lines in every format, no formula in any, the same bytes whenever they are made."""

from __future__ import annotations

import csv
import hashlib
import sys
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import orjson
import pytest
from pyarrow import parquet

from jobs.console import UserError
from jobs.exports import sheet
from jobs.exports.formats import FileFormat, line_file
from jobs.exports.make import file_name, write
from jobs.usage import CSV, cells, lines_of
from streams.models.entry import Entry
from tests.jobs.ledger.conftest import W1, W2, W3, Run
from tests.sinks.builders import entry

ROWS = [W1, W2, W3]
NOTES = {"title": "Usage of all & everybody", "state": "draft"}
STATES = {("acme", "2026-03"): "closed"}


def made(format_: FileFormat, folder: Path, rows: list[Entry] = ROWS) -> Path:
    path = folder / f"usage.{format_}"
    write(rows, STATES, format_, path, NOTES)
    return path


def read(path: Path) -> list[dict[str, Any]]:
    """Rows of a file; seconds as int, money as Decimal, all else as text."""
    if path.suffix == ".csv":
        found: list[dict[str, Any]] = list(csv.DictReader(path.open(newline="", encoding="utf-8")))
    elif path.suffix == ".jsonl":
        found = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    elif path.suffix == ".parquet":
        found = parquet.read_table(path).to_pylist()
    else:
        rows = openpyxl.load_workbook(path)["Usage"].iter_rows(values_only=True)
        names = next(rows)
        found = [{str(n): "" if c is None else c for n, c in zip(names, row, strict=True)} for row in rows]
    return [
        one | {"amount": Decimal(str(one["amount"])).normalize(), "worked_seconds": int(one["worked_seconds"])}
        for one in found
    ]


@pytest.mark.parametrize("format_", FileFormat)
def test_every_format_has_the_same_lines(format_: FileFormat, tmp_path: Path) -> None:
    found = read(made(format_, tmp_path))
    wanted = [dict(zip(CSV, cells(line, "closed" if line.entry.identity.client == "acme" else "draft"), strict=True))
              for line in lines_of(ROWS)]  # fmt: skip
    for name in ("client", "entry", "tier", "line_key", "state", "worked_seconds", "start", "class"):
        assert [one[name] for one in found] == [one[name] for one in wanted], name
    assert [one["amount"] for one in found] == [Decimal(str(one["amount"])).normalize() for one in wanted]
    assert sum(one["amount"] for one in found if one["currency"] == "EUR") == Decimal("158.34")


@pytest.mark.parametrize("format_", FileFormat)
def test_the_same_lines_are_the_same_bytes(format_: FileFormat, tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    first, second = made(format_, tmp_path), made(format_, tmp_path / "again")
    assert first.read_bytes() == second.read_bytes()
    result = write(ROWS, STATES, format_, second, NOTES)
    assert result.sha256 == hashlib.sha256(first.read_bytes()).hexdigest()
    assert result.lines_sha256 == hashlib.sha256(made(FileFormat.jsonl, tmp_path).read_bytes()).hexdigest()
    assert result.lines == 4
    assert {t.currency: t.amount for t in result.totals if t.client is None} == {"EUR": 15834, "JPY": 75}


def test_a_workbook_says_nothing_of_when_it_was_made(tmp_path: Path) -> None:
    with zipfile.ZipFile(made(FileFormat.xlsx, tmp_path)) as book:
        assert {one.date_time for one in book.infolist()} == {(1980, 1, 31, 0, 0, 0)}
        assert b"2000-01-01T00:00:00Z" in book.read("docProps/core.xml")
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝"])
def test_no_cell_of_csv_is_a_formula(start: str, tmp_path: Path) -> None:
    path = made(FileFormat.csv, tmp_path, [entry("w1", who=f"{start}1+1", technician="")])
    assert f"'{start}1+1" in path.read_bytes().decode()


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@x", "\tx", "=HYPERLINK(1)", "https://x.example"])
def test_text_in_a_workbook_is_text(start: str, tmp_path: Path) -> None:
    path = made(FileFormat.xlsx, tmp_path, [entry("w1", who=start, technician="")])
    cell = openpyxl.load_workbook(path)["Usage"].cell(2, CSV.index("technician") + 1)
    assert (cell.data_type, cell.value, cell.hyperlink) == ("s", start, None)


def test_a_number_that_a_spreadsheet_would_change_stays_text(tmp_path: Path) -> None:
    path = made(FileFormat.xlsx, tmp_path, [entry("w1", amount=10**17 + 1, segments=())])
    cell = openpyxl.load_workbook(path)["Usage"].cell(2, CSV.index("amount") + 1)
    assert (cell.data_type, cell.value) == ("s", "1000000000000000.01")


def test_what_does_not_fit_on_a_sheet_goes_on_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet, "MOST_ROWS", 3)
    book = openpyxl.load_workbook(made(FileFormat.xlsx, tmp_path))
    assert [(one.title, one.max_row) for one in book] == [("Usage", 3), ("Usage 2", 3), ("About", 2)]


def test_without_pyarrow_parquet_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UserError, match=r"pip install 'everyminute\[parquet\]'"):
        line_file(FileFormat.parquet, tmp_path / "u.parquet", {})


def test_names_of_files_hold_no_path_and_say_that_it_is_a_draft() -> None:
    assert file_name("usage", ("2026-03", "../a b/<ü>"), "draft", FileFormat.csv) == "usage-2026-03-.._a_b_.draft.csv"
    assert file_name("usage", ("all", None), "closed", FileFormat.xlsx) == "usage-all.xlsx"


@pytest.mark.integration
@pytest.mark.parametrize("format_", FileFormat)
def test_the_command_writes_a_file_marked_as_a_draft(run: Run, format_: FileFormat, tmp_path: Path) -> None:
    said = run("usage", "--client", "acme", "--format", format_, "--output", tmp_path)
    path = tmp_path / f"usage-all-acme.draft.{format_}"
    assert (said.code, said.out) == (0, "")
    assert f"158.34 EUR; sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}" in said.err
    assert {one["state"] for one in read(path)} == {"draft"}
    assert sum(one["amount"] for one in read(path)) == Decimal("158.34")


@pytest.mark.integration
def test_json_lines_go_to_standard_output_and_workbooks_do_not(run: Run) -> None:
    said = run("usage", "--client", "beta", "--format", "jsonl")
    assert [orjson.loads(line)["line_key"] for line in said.out.splitlines()] == [f"{W3.id}/0"]
    assert run("usage", "--format", "xlsx").code == 2
    assert run("usage", "--format", "json", "--output", "x").code == 2
