"""What an MSP asks of its ledger as a whole: budgets, margins, the revenue chain, leakage. Pure and exact.

Money in major units, time in hours or seconds, shares in percent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

LATENESS = ((300, "5 min"), (3600, "1 h"), (86_400, "1 day"))


def hour_budget(fee: Fraction, hard_cost: Fraction, hourly: Fraction) -> Fraction:
    """Hours that a flat fee pays for: (1000 − 100) / 150 = 6."""
    if hourly <= 0:
        raise ValueError(f"an hour must be worth something, saw {hourly}")
    return max(fee - hard_cost, Fraction(0)) / hourly


def gross_margin(revenue: Fraction, costs: Iterable[Fraction]) -> tuple[Fraction, Fraction | None]:
    """What is left, and its share: 110 000 − (10 000 + 33 000) = 67 000, 61 %."""
    left = revenue - sum(costs, Fraction(0))
    return left, 100 * left / revenue if revenue else None


def unearned(price: Fraction, earned: Fraction) -> Fraction:
    """What of a price no work has earned yet: 10 000 − 7844 = 2156."""
    return max(price - earned, Fraction(0))


def revenue_chain(hours: Fraction, hourly: Fraction, shares: Sequence[Fraction]) -> Fraction:
    """Hours × rate × utilisation × realisation × collection: 2000 × 150 × 75 % × 90 % × 98 % = 198 450."""
    value = hours * hourly
    for share in shares:
        value = value * share / 100
    return value


def billability(billable: Fraction, worked: Fraction) -> Fraction | None:
    """Billable of all hours, in percent: 38 364 of 50 752 is 75.6."""
    return 100 * billable / worked if worked else None


def unbilled_tickets(tickets: int, share: Fraction, worth: Fraction) -> Fraction:
    """Money of tickets that nobody bills: 800 × 5 % × 150 = 6000."""
    return tickets * share / 100 * worth


def lateness(ended: int, entered: int, closed: bool) -> str:
    """How long after the work it was known (instants in seconds): up to 5 min, 1 h, 1 day, more; or after the close."""
    if closed:
        return "after close"
    waited = max(entered - ended, 0)
    return next((name for limit, name in LATENESS if waited <= limit), "later")


def tier_slip(seconds: int, due: Fraction, charged: Fraction) -> Fraction:
    """Money lost where hours of a dearer tier were billed at a cheaper one: seconds × (due − charged)."""
    return Fraction(seconds, 3600) * (due - charged)
