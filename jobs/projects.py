"""Projects in figures, printed: budget burn, estimate at completion, effective hourly rate, margin."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from billing.money import exponent_of, half_away, money_text
from billing.projects import Standing
from jobs.output import Cell, Report

TABLE = ("project", "client", "hours", "burn", "revenue", "cost", "margin", "margin %", "per hour", "at completion")


def figure(value: Fraction | None, places: int) -> str | None:
    """Rounded half away from zero, as decimal text; None stays."""
    return None if value is None else money_text(half_away(value.numerator * 10**places, value.denominator), places)


def as_json(one: Standing) -> dict[str, Any]:
    """Money as text in major units, hours to four places, shares in percent to one; null where it is not known."""
    unit = exponent_of(one.currency)
    amounts = ("revenue", "asked", "cost", "margin", "effective_hourly_rate", "budget_money", "estimated_cost",
               "estimated_margin")  # fmt: skip
    return {
        "project": one.project,
        "client": one.client,
        "change_order": one.order or None,
        "currency": one.currency,
        **{name: figure(getattr(one, name), 4) for name in ("hours", "budget_hours", "estimated_hours")},
        **{name: figure(getattr(one, name), unit) for name in amounts},
        **{f"{name}": figure(getattr(one, name), 1) for name in ("margin_percent", "done_percent")},
        "burn_percent": figure(one.burn, 1),
        "burn_money_percent": figure(one.burn_money, 1),
    }


def report(found: Sequence[Standing]) -> Report:
    return Report("Projects", TABLE, [_row(as_json(one)) for one in found])


def _row(one: dict[str, Any]) -> list[Cell]:
    name = f"{one['project']}/{one['change_order']}" if one["change_order"] else one["project"]
    percent = {key: f"{one[key]} %" if one[key] is not None else "–" for key in ("burn_percent", "margin_percent")}
    money = {key: f"{one[key]} {one['currency']}" if one[key] is not None else "–"
             for key in ("revenue", "cost", "margin", "effective_hourly_rate")}  # fmt: skip
    ahead = one["estimated_hours"]
    return [
        name, one["client"], one["hours"], percent["burn_percent"], money["revenue"], money["cost"], money["margin"],
        percent["margin_percent"], money["effective_hourly_rate"], f"{ahead} h" if ahead is not None else "–",
    ]  # fmt: skip
