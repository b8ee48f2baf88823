"""Explain: why an entry has its amount."""

import pytest

from jobs.explain import explanation
from streams.models.work import Step
from tests.jobs.ledger.conftest import LEAKS, W1, Run
from tests.sinks.builders import entry, void

EXPECTED = """\
Entry {id}
billed 0:30 h, 75.00 EUR
ann (a.smith), 2026-03-01 01:00:00 to 01:25:00 (Europe/Berlin)
client acme · period 2026-03 · ticket T-1 · device pc-7 · service support · contract k1
look at: skew

Evidence
  remote_session from meshcentral:mesh1: 0:25 (interval i1)
  2 sessions → 25 min

Link
  T-1 [timer]: a timer of ann runs
    not: T-2 is of another client

Rounding
  worked 0:25 + rounding 0:05 = 0:30
  25 min → 30 min [up15]

Sum
  standard  0:30 h  × 150.00/h  = 75.00 EUR
  total = 75.00 EUR

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


@pytest.mark.integration
def test_a_unique_prefix_is_enough_and_the_evidence_is_shown(run: Run) -> None:
    said = run("explain", W1.id[:8])
    assert said.code == 0
    assert "standard  0:10 h  × 100.00/h  = 16.67 EUR" in said.out
    assert "total = 83.34 EUR" in said.out
    assert "2026-03-01 00:00:00 to 00:25:00 UTC, ended by stop, 2 events, look at: skew" in said.out


@pytest.mark.integration
def test_what_is_not_billed_says_why_and_what_is_at_risk(run: Run) -> None:
    said = run("explain", LEAKS[0].id).out
    assert "unlinked 0:30 h, at risk 75.00 EUR: client_unknown" in said


@pytest.mark.integration
def test_for_programs_every_field_and_the_intervals(run: Run) -> None:
    said = run("explain", W1.id, "--format", "json").json()
    assert (said["id"], said["client"], said["amount"], said["amount_text"]) == (W1.id, "acme", 8334, "83.34")
    assert [step["op"] for step in said["trail"]] == ["rounding"]
    assert said["intervals"][0]["evidence"] == ["e1", "e2"]


@pytest.mark.integration
@pytest.mark.parametrize(
    ("asked", "code", "words"),
    [("", 2, "several"), ("nothing-like-it", 1, "There is no entry"), (void("w8").id, 1, "no longer holds")],
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
