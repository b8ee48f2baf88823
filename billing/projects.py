"""Projects in figures: burn, estimate at completion, effective hourly rate, margin. Pure, exact, rounded when shown.

10 000 for 80 h at a cost of 55.00: after 120 h the burn is 150 %, an hour brought 83.33, and 3400.00 are left, 34.0 %.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from billing.money import exponent_of
from streams.models.catalog import Project
from streams.models.entry import Entry

HOUR = 3600
Ratio = Fraction | None  # None: nothing to divide by, or not known


def effective_hourly_rate(revenue: Fraction, hours: Fraction) -> Ratio:
    """Revenue for each hour worked: 10 000 in 60 h is 166.67."""
    return revenue / hours if hours else None


def burn(used: Fraction, budget: Fraction) -> Ratio:
    """How much of a budget is used, in percent: 60 of 80 h is 75."""
    return 100 * used / budget if budget else None


def at_completion(used: Fraction, done_percent: Fraction) -> Ratio:
    """What it will come to at this pace: 60 h and half done is 120 h."""
    return 100 * used / done_percent if done_percent else None


def margin_percent(revenue: Fraction, cost: Fraction) -> Ratio:
    """Of revenue what is left after cost: 10 000 and 3300 is 67."""
    return 100 * (revenue - cost) / revenue if revenue else None


@dataclass(frozen=True, slots=True)
class Standing:
    """One project, or one change order of it (``order``). Money in major units of ``currency``, time in hours.

    ``revenue`` of a fixed price is the price, whatever was asked for yet (``asked``); else what work and milestones
    brought. ``cost`` None: of some of its work it is not known. The project's own figures leave change orders out.
    """

    project: str
    client: str
    order: str
    currency: str
    hours: Fraction
    revenue: Fraction
    asked: Fraction
    cost: Fraction | None
    budget_hours: Fraction | None = None
    budget_money: Fraction | None = None
    done_percent: Fraction | None = None

    @property
    def margin(self) -> Ratio:
        return None if self.cost is None else self.revenue - self.cost

    @property
    def margin_percent(self) -> Ratio:
        return None if self.cost is None else margin_percent(self.revenue, self.cost)

    @property
    def effective_hourly_rate(self) -> Ratio:
        return effective_hourly_rate(self.revenue, self.hours)

    @property
    def burn(self) -> Ratio:
        return None if self.budget_hours is None else burn(self.hours, self.budget_hours)

    @property
    def burn_money(self) -> Ratio:
        """Of a budget of money: what the hours cost us."""
        return None if self.budget_money is None or self.cost is None else burn(self.cost, self.budget_money)

    @property
    def estimated_hours(self) -> Ratio:
        return None if self.done_percent is None else at_completion(self.hours, self.done_percent)

    @property
    def estimated_cost(self) -> Ratio:
        if self.done_percent is None or self.cost is None:
            return None
        return at_completion(self.cost, self.done_percent)

    @property
    def estimated_margin(self) -> Ratio:
        cost = self.estimated_cost
        return None if cost is None else self.revenue - cost


def standings(projects: Iterable[Project], entries: Iterable[Entry]) -> list[Standing]:
    """Every project and change order in its currency, from all rows of the ledger that hold."""
    rows: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.project:
            rows.setdefault(entry.project, []).append(entry)
    found: list[Standing] = []
    for project in sorted(projects, key=lambda one: one.id):
        found += _of(project, "", rows.get(project.id, []))
        for order in project.change_orders:
            found += _of(project, order.id, rows.get(f"{project.id}/{order.id}", []))
    return found


def _of(project: Project, order: str, rows: list[Entry]) -> list[Standing]:
    currencies = sorted({row.currency for row in rows})
    return [_standing(project, order, [row for row in rows if row.currency == one], one) for one in currencies]


def _standing(project: Project, order: str, rows: list[Entry], currency: str) -> Standing:
    unit = 10 ** exponent_of(currency)
    asked = Fraction(sum(row.amount for row in rows), unit)
    costed = [row for row in rows if row.worked_seconds]
    known = all(row.cost is not None and row.cost_currency == currency for row in costed)
    fixed = project.kind == "fixed_price" and not order and project.price is not None
    own = not order
    return Standing(
        project.id,
        project.client,
        order,
        currency,
        hours=Fraction(sum(row.worked_seconds for row in rows), HOUR),
        revenue=Fraction(project.price) if fixed and project.price is not None else asked,
        asked=asked,
        cost=Fraction(sum(row.cost or 0 for row in costed), unit) if known else None,
        budget_hours=Fraction(project.budget_hours) if own and project.budget_hours is not None else None,
        budget_money=Fraction(project.budget_money) if own and project.budget_money is not None else None,
        done_percent=Fraction(project.done_percent) if own and project.done_percent is not None else None,
    )
