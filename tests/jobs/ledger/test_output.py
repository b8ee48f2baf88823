"""Cells that no spreadsheet runs, amounts that stay exact."""

import csv
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.output import Cell, csv_text, duration, hours, money, safe_cell


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_text_that_starts_like_a_formula_gets_an_apostrophe(start: str) -> None:
    assert safe_cell(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"


def test_numbers_stay_numbers_and_plain_text_stays_plain() -> None:
    assert [safe_cell(cell) for cell in (-5, Decimal("-75.00"), "a=b", "")] == ["-5", "-75.00", "a=b", ""]


@given(st.lists(st.lists(st.one_of(st.text(), st.integers()), min_size=2, max_size=2), max_size=5))
def test_csv_comes_back_cell_by_cell_and_none_is_a_formula(rows: list[list[Cell]]) -> None:
    back = list(csv.reader(io.StringIO(csv_text(["a", "b"], rows), newline="")))
    assert back == [["a", "b"], *[[safe_cell(cell) for cell in row] for row in rows]]
    for row, original in zip(back[1:], rows, strict=True):
        for cell, was in zip(row, original, strict=True):
            assert isinstance(was, int) or not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


@given(st.integers(-(2**62), 2**62), st.integers(0, 4))
def test_money_is_exact(amount: int, exponent: int) -> None:
    assert int(money(amount, exponent).scaleb(exponent)) == amount
    assert -money(amount, exponent).as_tuple().exponent == exponent  # type: ignore[operator]


def test_durations_read_as_people_say_them() -> None:
    spoken = [duration(n) for n in (0, 1500, 5407, -300, 3_960_000)]
    assert spoken == ["0:00:00", "0:25:00", "1:30:07", "-0:05:00", "1,100:00:00"]
    assert str(hours(1500)) == "0.4167"
