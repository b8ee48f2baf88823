"""Which release a closed statement stands on, after closes and re-ratings."""

from __future__ import annotations

from jobs.catalog_standing import lines, standings
from streams.models.closing import Closed, encode_outcome
from streams.models.decision import Decision, encode_decision
from streams.models.fact import Fact


def closed(client: str, period: str, release: int) -> Fact:
    body = encode_outcome(Closed(client=client, period=period, number=1, hash="h", until=0, release=release))
    return Fact(kind="closed", tenant="main", id=f"close-{client}-{period}", body=body)


def rerate(on: str, release: int, client: str = "") -> Fact:
    body = encode_decision(Decision(kind="rerate", on=on, release=release, client=client))
    return Fact(kind="decision", tenant="main", id=f"rerate-{on}-{client}", body=body)


def told(*facts: Fact) -> list[str]:
    return lines(standings(facts), 4)[1:]


def test_a_closed_month_stays_on_the_release_it_was_closed_under() -> None:
    assert told(closed("acme", "2026-05", 1)) == ["  acme 2026-05 (closed): release 1"]


def test_a_re_rating_in_the_middle_moves_the_end_of_the_month() -> None:
    found = told(closed("acme", "2026-05", 1), rerate("2026-05-15", 3))
    assert found == ["  acme 2026-05 (closed): release 1, from 2026-05-15 on 3"]


def test_a_re_rating_from_before_moves_all_of_it_and_of_one_client_only_its_own() -> None:
    facts = closed("acme", "2026-05", 1), closed("beta", "2026-05", 2), rerate("2026-04-20", 3, "acme")
    assert told(*facts) == ["  acme 2026-05 (closed): release 3", "  beta 2026-05 (closed): release 2"]


def test_a_later_re_rating_leaves_earlier_months_alone() -> None:
    assert told(closed("acme", "2026-05", 1), rerate("2026-06-01", 3)) == ["  acme 2026-05 (closed): release 1"]


def test_the_first_outcome_of_a_decision_counts() -> None:
    again = Fact(kind="closed", tenant="main", id="close-acme-2026-05", body=closed("acme", "2026-05", 9).body)
    assert told(closed("acme", "2026-05", 1), again) == ["  acme 2026-05 (closed): release 1"]
