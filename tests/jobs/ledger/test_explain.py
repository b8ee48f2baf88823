"""Explain: why an entry has its amount."""

from datetime import UTC, datetime

import pytest

from jobs.explain import explanation
from streams.models.work import Step
from tests.jobs.ledger.conftest import LEAKS, W1, Run
from tests.sinks.builders import entry, void

EXPECTED = """\
Entry {id}
billed: 0:30:00, 75.00 EUR
ann (a.smith), 2026-03-01 01:00:00 to 01:25:00 (Europe/Berlin)
client acme · period 2026-03 · ticket T-1 · device pc-7 · service support · contract k1
look at: skew

Evidence
  session from meshcentral:mesh1: 0:25:00 (interval i1)
  2 sessions → 25 min

Link
  T-1 [timer]: a timer of ann runs
    not: T-2 is of another client

Rounding
  worked 0:25:00 + rounding 0:05:00 = 0:30:00 [up15]

Sum
  standard  0:30:00 × 150.00/h = 75.00 EUR

Also
  novelty: what no section knows"""


def test_the_explanation_reads_from_evidence_to_sum_and_hides_no_step() -> None:
    steps = (
        Step("evidence", "2 sessions", "25 min"),
        Step("link", after="T-1", rule="timer", why="a timer of ann runs", lost=("T-2 is of another client",)),
        Step("rounding", "25 min", "30 min", "up15"),
        Step("novelty", after="what no section knows"),
    )
    one = entry(trail=steps)
    assert explanation(one) == EXPECTED.format(id=one.id)


def test_nothing_is_said_twice_and_ids_of_tools_are_read_as_people_say_them() -> None:
    seen = {"started_at": datetime(2026, 3, 1, tzinfo=UTC), "ended_at": None, "seconds": 1500, "close": "open",
            "flags": [], "evidence": ["e1"]}  # fmt: skip
    steps = (
        Step("evidence", "remote_session i1 of meshcentral:mesh1", "25 min", "open"),
        Step("link", "ticket 7", "client acme ticket ~syncro:main:48%2F129", "ticket"),
        Step("contract", why="no_contract"),
        Step("amount", "75", "30 min × 150.00/h = 75.00", "card/0"),
    )
    lines = explanation(entry(trail=steps), {"i1": seen}).splitlines()
    assert [line for line in lines if "session" in line] == [
        "  session from meshcentral:mesh1, from 2026-03-01 01:00:00: 0:25:00"
    ]
    assert "    interval i1, no stop came, 1 event" in lines
    assert "  ticket 7 → client acme ticket 48/129 [ticket]" in lines
    assert "  none: no_contract" in lines
    assert [line for line in lines if "75.00" in line][1:] == ["  standard  0:30:00 × 150.00/h = 75.00 EUR [card/0]"]


@pytest.mark.integration
def test_a_unique_prefix_is_enough_and_the_evidence_is_shown(run: Run) -> None:
    said = run("explain", W1.id[:8])
    assert said.code == 0
    assert "standard  0:10:00 × 100.00/h = 16.67 EUR (exactly 16.666667)" in said.out
    assert "total = 83.34 EUR" in said.out
    assert "session from meshcentral:mesh1, 2026-03-01 01:00:00 to 01:25:00: 0:25:00" in said.out
    assert "interval i1, ended by stop, 2 events, look at: skew" in said.out


@pytest.mark.integration
def test_what_is_not_billed_says_why_and_what_is_at_risk(run: Run) -> None:
    said = run("explain", LEAKS[0].id).out
    assert "unlinked (client_unknown): 0:30:00, at risk 75.00 EUR" in said


@pytest.mark.integration
def test_for_programs_every_field_and_the_intervals(run: Run) -> None:
    said = run("explain", W1.id, "--format", "json").json()
    assert (said["id"], said["client"], said["amount"], said["amount_text"]) == (W1.id, "acme", 8334, "83.34")
    assert [step["op"] for step in said["trail"]] == ["rounding"]
    assert said["intervals"][0]["evidence"] == ["e1", "e2"]


@pytest.mark.integration
@pytest.mark.parametrize(
    ("asked", "code", "words"),
    [("", 2, "first digits"), ("nothing-like-it", 1, "There is no entry"), (void("w8").id, 1, "no longer holds")],
    ids=["too short", "unknown", "void"],
)
def test_what_cannot_be_explained_is_said_plainly(run: Run, asked: str, code: int, words: str) -> None:
    said = run("explain", asked)
    assert (said.code, said.out) == (code, "")
    assert words in said.err


@pytest.mark.integration
def test_the_entry_of_another_tenant_is_not_there(run: Run) -> None:
    other = entry("w9", tenant="other", client="other-client")
    assert run("explain", other.id).code == 1
    assert run("explain", other.id, "--tenant", "other").code == 0


def test_a_charge_and_a_cost_are_told() -> None:
    fee = entry(
        "charge:k1:fee/managed:2026-03-01", charge="fee", worked_seconds=0, rounding_seconds=0, quantity_seconds=0,
        segments=(), proof=(), technician="", who="", amount=14516, flags=(), ticket="", device="", service="",
        trail=(Step("charge", after="145.16 EUR", rule="k1/fee/managed", why="300 a month, in advance"),
               Step("amount", "300 × 15 of 31 days = 145.16", "145.16 EUR")),
    )  # fmt: skip
    text = explanation(fee)
    assert "billed, 145.16 EUR\nfee of 2026-03-01\n" in text
    assert "300 × 15 of 31 days = 145.16 → 145.16 EUR" in text
    assert "Rounding" not in text
    cost = Step("cost", "25.00 min × 60/h", "25.00 EUR", "costs/ann")
    costed = entry(trail=(cost,), cost=2500, cost_currency="EUR")
    assert "Cost\n  25.00 min × 60/h → 25.00 EUR [costs/ann]\n  margin 50.00 EUR" in explanation(costed)
    other = entry(trail=(cost,), cost=2500, cost_currency="USD", cost_reason="currency: USD, not EUR")
    assert "no margin: currency: USD, not EUR" in explanation(other)
