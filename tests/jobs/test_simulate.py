"""`simulate`: formats, exit codes, times as written, and two ledgers side by side."""

from __future__ import annotations

import csv
import io
import resource
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from jobs.scenario_expect import fits, pair_up
from jobs.scenario_time import NoInstantError, parse_instant, parse_seconds, say_seconds
from jobs.simulate_print import safe_cell
from tests.jobs.command import everyminute

STORIES = Path(__file__).parents[1] / "stories"
RS2 = (STORIES / "RS2.yaml").read_text()
NEW_YORK = ZoneInfo("America/New_York")


def test_json_has_the_rated_entry_and_the_proof() -> None:
    whole = everyminute("simulate", STORIES / "RS2.yaml", "--format", "json").json()
    (entry,) = whole["entries"]
    assert (entry["worked_seconds"], entry["billed_seconds"], entry["amount"]) == (840, 900, "29.17")
    assert [(s["tier"], s["seconds"], s["billed_seconds"], s["rate"], s["amount"]) for s in entry["segments"]] == [
        ("standard", 600, 600, "100.00", "16.67"),
        ("after_hours", 240, 300, "150.00", "12.50"),
    ]
    assert {step["op"] for step in entry["trail"]} >= {"evidence", "link", "contract", "tier", "rounding", "rate"}
    assert whole["totals"]["amount"] == {"USD": "29.17"}
    assert whole["conservation"]["holds"] is True


def test_table_and_csv() -> None:
    table = everyminute("simulate", STORIES / "RS2.yaml")
    assert "29.17 USD" in table.out
    assert "5 min × 150.00/h = 12.50" in table.out
    rows = list(csv.DictReader(io.StringIO(everyminute("simulate", STORIES / "RS2.yaml", "-f", "csv").out)))
    assert [(row["client"], row["amount"], row["billed_seconds"]) for row in rows] == [("acme", "29.17", "900")]


def test_another_ledger_is_shown_beside_the_expected_one(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(RS2.replace("amount: 29.17", "amount: 62.50"))
    ran = everyminute("simulate", tmp_path / "s.yaml", "--check")
    assert ran.code == 1
    assert "62.50" in ran.out
    assert "29.17" in ran.out
    assert "1 of 1 rows differ" in ran.err


@pytest.mark.parametrize(
    "change",
    [("worked: 14 min", "worked: 15 min"), ("rate: 150,", "rate: 151,"), ("expect:", "expect:\n  - work: other\n"),
     ("tier: standard, worked", "tier: after_hours, worked")],
)  # fmt: skip
def test_every_expected_field_can_fail(tmp_path: Path, change: tuple[str, str]) -> None:
    (tmp_path / "s.yaml").write_text(RS2.replace(*change))
    assert everyminute("simulate", tmp_path / "s.yaml", "--check").code == 1


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (("events:", "decisions: [{clsoe: {}}]\nevents:"), 2, "did you mean `close`?"),
        (("events:", "decisions: [{close: {client: acme}}]\nevents:"), 2, "`close` needs `period`"),
        (
            ("events:", "decisions: [{close: {client: acme, period: 2026-13}}]\nevents:"),
            2,
            "write the month as 2026-03",
        ),
        (("events:", "decisions: [{approve: {work: nothing}}]\nevents:"), 2, "no event is called `nothing`"),
        (("events:", "decisions: [{rerate: {from: tomorrow}}]\nevents:"), 2, "write 2026-03-01"),
        (("events:", "decisions: {close: 1}\nevents:"), 2, "`decisions` is a list"),
        (("client: acme}]", "client: acme, kind: per_incident, included_hours: 5}]"), 2, "counts incidents, not hours"),
        (("stop: 17:04", "stopp: 17:04"), 2, "did you mean `stop`?"),
        (("2026-03-03 16:50", "tomorrow"), 2, "`tomorrow` is no instant"),
        (("amount: 29.17", "amuont: 29.17"), 2, "did you mean `amount`?"),
        (("rate: 100}]", "rate: 0}]"), 2, "bills service `*` at 0"),
        (("timer: t", "timber: t"), 2, "did you mean `timer`?"),
    ],
)
def test_what_cannot_be_run_is_said_at_its_line(tmp_path: Path, change: tuple[str, str], code: int, said: str) -> None:
    (tmp_path / "s.yaml").write_text(RS2.replace(*change))
    ran = everyminute("simulate", tmp_path / "s.yaml")
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err
    assert "s.yaml:" in ran.err


def test_check_without_expectations_is_used_wrongly(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(RS2.split("expect:")[0])
    assert everyminute("simulate", tmp_path / "s.yaml", "--check").code == 2


def test_a_small_file_is_quick_from_a_cold_start() -> None:
    """Processor time, start of Python included: it does not depend on what else the machine does."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    command = [sys.executable, "-m", "jobs", "simulate", str(STORIES / "RS2.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "29.17" in done.stdout
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < 2.0


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("2026-03-02 09:05", 1772460300000),
        ("2026-03-02T14:05:00Z", 1772460300000),
        ("2026-03-02 14:05:00.250Z", 1772460300250),
        ("2026-03-02T15:05:00+01:00", 1772460300000),
        ("2026-11-01T01:30-04:00", 1793511000000),
        ("2026-11-01T01:30-05:00", 1793514600000),
        ("09:05", 1772460300000),
    ],
)
def test_instants(text: str, ms: int) -> None:
    assert parse_instant(text, NEW_YORK, date(2026, 3, 2)) == ms


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-08 02:30",
        "2026-11-01 01:30",
        "2026-02-30 10:00",
        "now",
        "25:00",
        "2026-03-02T10:00+99:00",
        "1970-01-01 10:00",
        "",
    ],
)
def test_instants_that_are_none_or_two(text: str) -> None:
    with pytest.raises(NoInstantError):
        parse_instant(text, NEW_YORK, date(2026, 3, 2))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("15 min", 900),
        ("1 h 30 min", 5400),
        ("1.5 h", 5400),
        ("900 s", 900),
        ("900", 900),
        ("0:15:00", 900),
        ("-5 min", -300),
    ],
)
def test_lengths(text: str, seconds: int) -> None:
    assert parse_seconds(text) == seconds
    assert parse_seconds(say_seconds(seconds)) == seconds


@pytest.mark.parametrize("text", ["", "min", "5 apples", "0.0001 s", "5 min and more"])
def test_lengths_that_are_none(text: str) -> None:
    with pytest.raises(NoInstantError):
        parse_seconds(text)


def test_rows_find_their_expectation_in_any_order() -> None:
    rows = [{"a": 1, "b": 1}, {"a": 1, "b": 2}]
    assert sorted(pair_up([{"a": 1}, {"a": 1, "b": 1}], rows)) == [(0, 1), (1, 0)]
    assert pair_up([{"a": 9}], []) == [(0, None)]
    assert pair_up([], rows) == [(None, 0), (None, 1)]
    assert not fits({"amount": Decimal("1.00")}, {"amount": Decimal("1.01")})


@pytest.mark.parametrize(
    ("text", "cell"), [("=1+1", "'=1+1"), ("@x", "'@x"), ("\tx", "'\tx"), ("-5.00", "-5.00"), ("acme", "acme")]
)
def test_csv_runs_no_formula(text: str, cell: str) -> None:
    assert safe_cell(text) == cell
