"""Usage: the lines, and totals that equal them, in every format."""

import csv
import io
from collections import defaultdict
from decimal import Decimal

import pytest

from tests.jobs.ledger.conftest import W1, W2, W3, Run

pytestmark = pytest.mark.integration


def test_every_line_of_a_client_and_month_and_nothing_else(run: Run) -> None:
    said = run("usage", "--client", "acme", "--period", "2026-03", "--format", "json")
    lines = said.json()["lines"]
    assert said.code == 0
    priced = [(one["entry"], one["tier"], one["amount"]) for one in lines if one["disposition"] == "billed"]
    assert priced == [(W1.id, "standard", "16.67"), (W1.id, "evening", "66.67"), (W2.id, "standard", "75.00")]
    assert {one["client"] for one in lines} == {"acme"}
    assert lines[0]["start"] == "2026-03-01 01:00"  # Berlin


def test_totals_equal_the_lines(run: Run) -> None:
    said = run("usage", "--format", "json").json()
    sums: dict[tuple[str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 4)
    for line in said["lines"]:
        for client in (line["client"], "all"):
            told = (1, line["worked_seconds"], line["quantity_seconds"], line["amount"])
            total = sums[client, line["currency"]]
            sums[client, line["currency"]] = [a + Decimal(b) for a, b in zip(total, told, strict=True)]
    for total in said["totals"]:
        line_sum = sums["all" if total["client"] is None else total["client"], total["currency"]]
        named = (total["lines"], total["worked_seconds"], total["quantity_seconds"], total["amount"])
        assert [Decimal(part) for part in named] == line_sum
    assert {t["currency"]: t["amount"] for t in said["totals"] if t["client"] is None} == {
        "": "0.00",
        "EUR": "158.34",
        "JPY": "75",
    }


def test_csv_has_exact_seconds_and_money_and_no_formula(run: Run) -> None:
    said = run("usage", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(said.out)))
    assert [row["technician"] for row in rows if row["entry"] == W2.id] == ["'=HYPERLINK(1)"]
    by_currency: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        by_currency[row["currency"]] += Decimal(row["amount"])
    assert by_currency == {"EUR": Decimal("158.34"), "JPY": Decimal(75), "": Decimal(0)}
    assert {row["entry"] for row in rows} >= {W1.id, W2.id, W3.id}
    assert "other-client" not in said.out


def test_the_table_shows_the_total(run: Run) -> None:
    said = run("usage", "--client", "acme")
    assert "158.34 EUR" in said.out
    assert "=HYPERLINK(1)" in said.out  # whole, not cut off
    assert said.err == ""


def test_another_tenant_has_its_own_ledger(run: Run) -> None:
    assert {line["client"] for line in run("usage", "--tenant", "other", "--format", "json").json()["lines"]} == {
        "other-client"
    }


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("--client", "acmee"), "no entry of client 'acmee'. There is: acme, …"),
        (("--period", "2020-01"), "no entry of period '2020-01'. There is: 2026-03, 2026-04"),
        (("--tenant", "empty"), "Tenant empty has no entries yet: everyminute import list."),
        (("--tenant", "demo"), "Tenant demo has no entries yet: everyminute demo load."),
    ],
    ids=["client", "period", "tenant", "demo"],
)
def test_nothing_is_said_as_nothing_and_why(run: Run, asked: tuple[str, ...], words: str) -> None:
    said = run("usage", *asked)
    assert (said.code, "nothing" in said.out) == (0, True)
    assert words in said.err


def test_one_client_stands_in_the_title_and_all_lines_fit_a_screen(run: Run) -> None:
    lines = run("usage", "--client", "beta").out.splitlines()
    assert lines[0].startswith("Usage of beta, all periods")
    assert "client" not in lines[1]
    assert [line for line in lines if line != line.rstrip()] == []


def test_a_month_that_is_none_is_refused_with_an_example(run: Run) -> None:
    said = run("usage", "--period", "March")
    assert (said.code, said.out) == (2, "")
    assert "2026-03" in said.err


def test_without_a_store_the_command_says_what_to_start(run: Run) -> None:
    said = run("usage", clickhouse_port="1")
    assert said.code == 3
    assert said.err.startswith("everyminute: No ClickHouse answers at 127.0.0.1:1. Start it (everyminute up)")


def test_without_tables_the_command_says_how_to_make_them(run: Run) -> None:
    said = run("usage", clickhouse_database="default")
    assert said.code == 3
    assert "python -m sinks.migrate" in said.err


def test_a_client_s_name_is_a_value_and_never_sql(run: Run) -> None:
    said = run("usage", "--client", "' OR 1=1 --", "--format", "json")
    assert said.json() == {"lines": [], "totals": []}
