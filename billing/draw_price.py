"""What prepaid work takes from a balance, and what it costs beside or beyond it."""

from __future__ import annotations

from fractions import Fraction

from billing.contracts.lots import HOUR, Unit
from billing.contracts.plan import Plan
from billing.money import Rate, plus, rate_of, rate_text, times
from billing.rate_cut import Part
from billing.ratecard import STANDARD
from billing.rates import Price
from billing.terms import Blocked


def per_second(price: Price) -> Fraction:
    """Major units of money."""
    return Fraction(price.rate.units, 10**price.rate.scale * HOUR)


def takes(plan: Plan, part: Part, unit: Unit) -> Fraction | None:
    """What one second of a part takes from a balance of a unit; None: what has no price has no value to draw."""
    block_rate = plan.contract.drawdown.block_rate
    if unit == "seconds" and block_rate is None:
        return Fraction(factor(plan, part))
    price = part.terms.price(part.tier)
    if price is None or price.rate.units <= 0:
        return None
    if unit == "money" or block_rate is None:
        return per_second(price)
    return per_second(price) * HOUR / Fraction(block_rate)


def factor(plan: Plan, part: Part) -> Fraction:
    """The draw-down multiplier that the catalogue sets."""
    line = part.terms.rates.choice(STANDARD).line if " + " in part.tier else None
    return Fraction(plan.factor(part.tier, part.terms.role, line.card.stacking if line else "highest"))


def premium(plan: Plan, part: Part) -> Price | None:
    """What prepaid hours of a dearer tier cost beside what they draw, where the premium goes to the price."""
    if plan.contract.premium != "price" or part.tier == STANDARD:
        return None
    usual, own = part.terms.price(STANDARD), part.terms.price(part.tier)
    if usual is None or own is None:
        return None
    more = plus(own.rate, Rate(-usual.rate.units, usual.rate.scale))
    if more.units <= 0:
        return None
    exponent = part.terms.exponent
    rule = f"premium of {part.tier}: {rate_text(own.rate, exponent)} - {rate_text(usual.rate, exponent)}"
    return Price(more, rate_text(more, exponent), rule, f"{plan.id}/premium")


def overage(plan: Plan, part: Part) -> tuple[Price | None, Blocked | None]:
    """The price of what the balance does not cover, or why there is none. A multiplied draw-down is not multiplied
    again in the price, unless the contract says so."""
    contract, rates = plan.contract, part.terms.rates
    multiplied = takes(plan, part, "seconds") or Fraction(1)
    if contract.overage_rate is not None:
        rate = rate_of(contract.overage_rate)
        how = f"{contract.id} overage"
        if contract.overage_multiplied and multiplied != 1:
            rate, text = _times(rate, multiplied)
            how = f"{how} × {text}"
        rate, how = _with_premium(plan, part, rate, how)
        return Price(rate, rate_text(rate, rates.exponent), how, f"{contract.id}/overage"), None
    once = multiplied == 1 or contract.overage_multiplied or contract.premium == "price"
    tier = part.tier if once else STANDARD
    if why := rates.unpriced(tier):
        return None, ("unpriced", why)
    return rates.price(tier), None


def _times(rate: Rate, by: Fraction) -> tuple[Rate, str]:
    """The product, exact where it ends as a decimal, else to twelve places; and the factor as text."""
    value = Fraction(rate.units, 10**rate.scale) * by
    scale = next((n for n in range(13) if (value * 10**n).denominator == 1), 12)
    top = value * 10**scale
    return Rate((2 * top.numerator + top.denominator) // (2 * top.denominator), scale), str(by)


def _with_premium(plan: Plan, part: Part, rate: Rate, how: str) -> tuple[Rate, str]:
    """The overage rate of a dearer tier: times its multiplier, else plus what its own price is above the standard."""
    more = premium(plan, part)
    if more is None:
        return rate, how
    multiplier = part.terms.rates.multiplier(part.tier)
    if multiplier is None:
        return plus(rate, more.rate), f"{how} + {more.text}"
    return times(rate, multiplier), f"{how} × {multiplier}"
