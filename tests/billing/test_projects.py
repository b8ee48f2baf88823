"""Projects and key figures, by the numbers of the rules (FP1 to FP8, LK2, LK3, LK7, LK8)."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from billing import kpi
from billing.projects import Standing, standings
from jobs.projects import as_json, figure
from streams.models.catalog import Project
from streams.models.entry import Entry, Identity

HOUR = 3600


def hours(count: int, project: str = "move", cost: int | None = 55, **fields: Any) -> Entry:
    plain: dict[str, Any] = {"disposition": "covered", "currency": "USD", "cost_currency": "USD"}
    return Entry(
        tenant="main", identity=Identity("acme", "2026-03", f"{project}{count}"), project=project,
        worked_seconds=count * HOUR, cost=None if cost is None else count * cost * 100, **(plain | fields),
    )  # fmt: skip


def project(**fields: Any) -> Project:
    plain = {"id": "move", "client": "acme", "price": "10000", "budget_hours": "80"}
    return Project.model_validate(plain | {"change_orders": [{"id": "wifi"}]} | fields)


@pytest.mark.parametrize(
    ("used", "rate", "margin", "share", "burn"),
    [(60, "166.67", "6700.00", "67.0", "75.0"), (80, "125.00", "5600.00", "56.0", "100.0"),
     (120, "83.33", "3400.00", "34.0", "150.0")],
)  # fmt: skip
def test_fp1_rate_margin_and_burn(used: int, rate: str, margin: str, share: str, burn: str) -> None:
    (one,) = standings([project()], [hours(used)])
    shown = as_json(one)
    names = ("effective_hourly_rate", "margin", "margin_percent", "burn_percent")
    assert [shown[name] for name in names] == [rate, margin, share, burn]


def test_fp8_estimate_at_completion() -> None:
    (one,) = standings([project(done_percent="50")], [hours(60)])
    shown = as_json(one)
    assert [shown[f"estimated_{name}"] for name in ("hours", "cost", "margin")] == ["120.0000", "6600.00", "3400.00"]


def seen(*values: object) -> list[object]:
    return list(values)


def test_a_change_order_leaves_the_budget_alone() -> None:
    billed = hours(4, "move/wifi", disposition="billed", amount=60000)
    one, order = standings([project()], [hours(40), billed])
    assert seen(one.hours, one.burn, one.revenue) == [40, 50, 10000]
    assert seen(order.order, order.hours, order.revenue, order.margin, order.burn) == ["wifi", 4, 600, 380, None]


def test_what_is_not_known_is_not_made_up() -> None:
    (one,) = standings([project(budget_money="4000")], [hours(10), hours(5, cost=None)])
    assert seen(one.hours, one.cost, one.margin, one.burn_money) == [15, None, None, None]
    assert as_json(one)["margin"] is None
    (euro,) = standings([project()], [hours(10, cost_currency="EUR")])
    assert euro.cost is None
    assert standings([project()], []) == []


def test_time_and_materials_bring_what_they_bill() -> None:
    rows = [hours(10, disposition="billed", amount=100_000), hours(2, disposition="billed", amount=20_000)]
    (one,) = standings([project(kind="time_and_materials", price=None, budget_money="1000")], rows)
    assert seen(one.revenue, one.cost, one.margin, one.burn_money, one.burn) == [1200, 660, 540, 66, 15]


def test_figures_of_the_rules() -> None:
    assert kpi.hour_budget(Fraction(1000), Fraction(100), Fraction(150)) == 6  # FP2
    left, share = kpi.gross_margin(Fraction(110_000), [Fraction(10_000), Fraction(33_000)])  # FP3
    assert seen(left, figure(share, 0)) == [67_000, "61"]
    assert kpi.unearned(Fraction(10_000), Fraction(7844)) == 2156  # FP4
    shares = [Fraction(75), Fraction(90), Fraction(98)]
    assert kpi.revenue_chain(Fraction(2000), Fraction(150), shares) == 198_450  # FP7
    assert figure(kpi.billability(Fraction(38_364), Fraction(50_752)), 1) == "75.6"  # LK2
    assert [kpi.unbilled_tickets(800, Fraction(n), Fraction(150)) for n in (5, 7)] == [6000, 8400]  # LK3
    assert kpi.tier_slip(5400, Fraction(150), Fraction(100)) == 75  # LK8
    with pytest.raises(ValueError, match="worth something"):
        kpi.hour_budget(Fraction(1), Fraction(0), Fraction(0))


@pytest.mark.parametrize(
    ("waited", "closed", "bucket"),
    [(-3, False, "5 min"), (300, False, "5 min"), (301, False, "1 h"), (3600, False, "1 h"), (86_400, False, "1 day"),
     (86_401, False, "later"), (5, True, "after close")],
)  # fmt: skip
def test_lk7_lateness(waited: int, closed: bool, bucket: str) -> None:
    assert kpi.lateness(1000, 1000 + waited, closed) == bucket


def test_nothing_to_divide_by_gives_nothing() -> None:
    zero = Fraction(0)
    empty = Standing("p", "c", "", "JPY", zero, zero, zero, zero, budget_hours=Fraction(Decimal(10)))
    assert seen(empty.effective_hourly_rate, empty.margin_percent, empty.burn) == [None, None, 0]
    assert as_json(empty)["revenue"] == "0"
    assert kpi.billability(zero, zero) is None
