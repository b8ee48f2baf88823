"""Which contract takes the work; what none takes is shown with money at risk and never silently zero."""

from __future__ import annotations

from datetime import date
from typing import Any, get_args

import pytest

from billing.contracts import CONTRACTS
from billing.contracts.choice import choose_contract
from streams.models.catalog import (
    Calendar,
    CatalogObject,
    Client,
    Contract,
    Organisation,
    Rounding,
    Service,
    Window,
)
from tests.billing.rate_kit import catalogue, rated, span, with_calendar, work, worked

DAY = date(2026, 3, 3).toordinal()


def contract(id_: str, *services: str, **given: Any) -> Contract:
    return Contract.model_validate({"id": id_, "client": "acme", "services": list(services or ("*",)), **given})


def test_every_kind_of_the_catalogue_is_in_the_registry() -> None:
    assert set(CONTRACTS) == set(get_args(Contract.model_fields["kind"].annotation))


@pytest.mark.parametrize(
    ("rule", "contracts", "expected"),
    [
        ("the only one", [contract("a")], "a"),
        ("the longest pattern", [contract("a"), contract("b", "rem*"), contract("c", "remote")], "c"),
        ("the later date", [contract("a"), contract("b", **{"from": "2026-01-01"})], "b"),
        ("the smaller id", [contract("b"), contract("a")], "a"),
        ("not yet", [contract("a"), contract("b", "remote", **{"from": "2026-03-04"})], "a"),
        ("ended", [contract("a"), contract("b", "remote", until="2026-03-03")], "a"),
        ("another service", [contract("a", "onsite")], "no_contract_fits"),
        ("none", [], "no_contract"),
    ],
)
def test_the_choice(rule: str, contracts: list[Contract], expected: str) -> None:
    choice = choose_contract(contracts, "remote", DAY)
    assert (choice.contract.id if choice.contract else choice.reason) == expected, rule
    assert choice == choose_contract(contracts[::-1], "remote", DAY)


def test_every_contract_says_why_it_lost() -> None:
    choice = choose_contract([contract("a"), contract("b", "onsite"), contract("c", until="2026-01-01")], "remote", DAY)
    assert set(choice.lost) == {"b: does not take remote", "c: ended on 2026-01-01"}
    twins = choose_contract([contract("b"), contract("a")], "", DAY)
    assert twins.lost == ("b: a goes first, its id is smaller",)


def with_contract(*contracts: Contract) -> list[CatalogObject]:
    services: list[CatalogObject] = [Service(id="remote", match=["remote.*"]), Service(id="onsite", match=["visit"])]
    return [*(one for one in catalogue() if not isinstance(one, Contract)), *services, *contracts]


def test_r26_what_the_contract_does_not_take_is_listed_with_money_at_risk() -> None:
    objects = with_contract(contract("tm", "remote"))
    billed, lost = rated(objects, worked(60, "a", service="remote.desktop"), worked(60, "b", service="visit"))
    assert (billed.service, billed.disposition, billed.amount, billed.risk_amount) == ("remote", "billed", 100_00, 0)
    assert (lost.service, lost.disposition, lost.reason) == ("onsite", "no_rate_path", "no_contract_fits")
    assert (lost.amount, lost.risk_amount, lost.risk_currency, lost.quantity_seconds) == (0, 100_00, "USD", 3600)
    assert next(step.lost for step in lost.trail if step.op == "contract") == ("tm: does not take onsite",)


def test_a_client_without_any_contract() -> None:
    (row,) = rated(with_contract(), worked(60))
    assert (row.disposition, row.reason, row.risk_amount) == ("no_rate_path", "no_contract", 100_00)


def test_work_that_a_contract_takes_in_part_is_billed_in_part() -> None:
    """The contract begins at midnight inside the work: an hour is billed, the other waits for somebody to look."""
    objects = with_contract(contract("tm", **{"from": date(2026, 3, 4)}))
    (row,) = rated(objects, work("w", span("2026-03-03 23:00", "2026-03-04 01:00")))
    assert (row.disposition, row.contract, row.amount, row.risk_amount) == ("billed", "tm", 100_00, 100_00)
    lost, billed = row.outcomes()
    assert lost == ("no_rate_path", "no_contract_fits", 3600, 3600, 0, 100_00)
    assert billed == ("billed", "", 3600, 3600, 100_00, 0)


def test_risk_is_divided_over_segments_without_losing_a_cent() -> None:
    """Three stretches of 20 min without a price, at 100.00: 100.00 are at risk, not 99.99."""
    weekly = Window.model_validate({"days": ["tue"], "from": "10:20", "until": "10:40", "tier": "standard"})
    later = Window.model_validate({"days": ["tue"], "from": "11:00", "until": "11:20", "tier": "standard"})
    calendar = Calendar(id="std", windows=[weekly, later], otherwise="night")
    objects = with_calendar([*catalogue(), calendar])
    (row,) = rated(objects, work("w", span("2026-03-03 10:00", "2026-03-03 11:40")))
    assert (row.amount, row.risk_amount, row.worked_seconds) == (66_66, 100_00, 6000)
    assert [one.risk_amount for one in row.segments] == [33_34, 0, 33_33, 0, 33_33]


def test_the_month_a_contract_begins_in_is_billed_and_the_one_before_is_not() -> None:
    objects = with_contract(contract("tm", **{"from": date(2026, 4, 1)}))
    rows = rated(objects, work("w", span("2026-03-31 23:00", "2026-04-01 01:00")))
    assert [(row.identity.period, row.disposition) for row in rows] == [
        ("2026-03", "no_rate_path"),
        ("2026-04", "billed"),
    ]


def test_the_organisation_s_rounding_applies_where_the_contract_has_none() -> None:
    up15 = Rounding(id="up15", increment_minutes=15)
    objects = [Organisation(rounding="up15"), Client(id="acme"), up15, *catalogue()[2:]]
    (billed,) = rated(objects, worked(5))
    (unlinked,) = rated(objects, worked(5, client=None, path="none"), client="")
    assert (billed.quantity_seconds, unlinked.quantity_seconds) == (900, 900)
    assert (unlinked.disposition, unlinked.risk_amount) == ("unlinked", 25_00)


def test_a_policy_or_calendar_that_does_not_exist_prices_nothing() -> None:
    for field in ("rounding", "calendar"):
        (row,) = rated(with_contract(contract("tm", **{field: "gone"})), worked(5))
        assert (row.disposition, row.reason) == ("unpriced", f"{field}_missing: gone")
        assert row.quantity_seconds == 300
