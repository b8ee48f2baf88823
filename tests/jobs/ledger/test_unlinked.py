"""Work without a ticket, as people and programs see it."""

import pytest

from tests.jobs.ledger.conftest import LEAKS, Run

pytestmark = pytest.mark.integration


def test_only_work_without_a_ticket_is_listed_the_most_at_risk_first(run: Run) -> None:
    said = run("unlinked", "--format", "json")
    assert said.code == 0
    (first,) = [one for one in said.json() if one["disposition"] == "unlinked"]
    assert (first["id"], first["risk"], first["risk_currency"]) == (LEAKS[0].id, 7500, "EUR")
    assert said.json()[0]["risk"] == max(one["risk"] for one in said.json())


def test_the_table_says_what_is_at_risk(run: Run) -> None:
    said = run("unlinked")
    assert said.code == 0
    assert "at risk" in said.out
