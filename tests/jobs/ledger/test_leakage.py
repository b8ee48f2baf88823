"""Leakage: what brought nothing, what it would have brought, and where to look first."""

import csv
import io

import pytest

from jobs.leakage import Group, top_report
from tests.jobs.ledger.conftest import LEAKS, Run

pytestmark = pytest.mark.integration  # most read a small ledger in the real engine


def test_groups_by_whom_and_why_with_the_money_at_risk(run: Run) -> None:
    said = run("leakage", "--period", "2026-03", "--format", "json").json()
    found = [(g["client"], g["technician"], g["disposition"], g["worked_seconds"], g["risk_amount"])
             for g in said["leakage"]]  # fmt: skip
    assert found == [
        ("acme", "bob", "unpriced", 3000, "124.00"),
        ("", "ann", "unlinked", 1500, "75.00"),
        ("acme", "ann", "non_billable", 1500, "0.00"),
    ]


def test_recovered_time_says_what_became_of_it(run: Run) -> None:
    said = run("leakage", "--format", "json").json()["recovered"]
    assert [(g["disposition"], g["worked_seconds"], g["amount"]) for g in said] == [
        ("billed", 1500, "75.00"),
        ("unpriced", 1500, "0.00"),
    ]


def test_what_to_look_at_comes_with_the_dearest_example_and_a_remedy(run: Run) -> None:
    first, second = run("leakage", "--format", "json").json()["next"]
    assert (first["what"], first["amount"], first["example"]) == ("unpriced", "0:50:00, 124.00 EUR", LEAKS[2].id)
    assert "rate line" in first["remedy"]
    assert (second["what"], second["example"]) == ("unlinked · client_unknown", LEAKS[0].id)


def test_one_technician(run: Run) -> None:
    said = run("leakage", "--technician", "bob", "--format", "json").json()
    assert {g["technician"] for g in said["leakage"]} == {"bob"}


def test_tables_and_csv_say_the_same(run: Run) -> None:
    table = run("leakage").out
    for part in ("124.00 EUR", "199.00 EUR", "By technician", "Recovered", f"everyminute explain {LEAKS[2].id[:8]}"):
        assert part in table
    rows = list(csv.DictReader(io.StringIO(run("leakage", "--format", "csv").out)))
    assert [row["risk_amount"] for row in rows] == ["124.00", "75.00", "0.00"]


def test_what_was_decided_stands_apart_and_each_example_can_be_called_as_it_stands(run: Run) -> None:
    leaks, decided = run("leakage", "--tenant", "main").out.split("Not billed on purpose")
    assert "unpriced" in leaks
    assert "non_billable" not in leaks
    assert "non_billable" in decided
    assert f"everyminute explain {LEAKS[2].id[:8]} --tenant main" in decided


def group(client: str, risk: int, currency: str = "EUR") -> Group:
    return {"client": client, "disposition": "unpriced", "reason": "", "entries": 1, "worked_seconds": 60,
            "quantity_seconds": 60, "risk_amount": risk, "risk_currency": currency, "exponent": 2}  # fmt: skip


def test_many_clients_with_nothing_at_risk_are_one_line_a_currency() -> None:
    groups = [group("big", 900), *(group(f"eur{n}", 0) for n in range(3)), group("usd", 0, "USD")]
    report = top_report(groups, "By client", "client")
    assert [(row[0], row[1], row[-1]) for row in report.rows] == [
        ("big", 1, "9.00 EUR"), ("3 others", 3, "–"), ("1 others", 1, "–"),
    ]  # fmt: skip
    assert sum(int(row[1]) for row in report.totals) == sum(int(row[1]) for row in report.rows) == 5


def test_no_leakage_is_said_as_nothing(run: Run) -> None:
    said = run("leakage", "--client", "beta")
    assert (said.code, "nothing" in said.out) == (0, True)
