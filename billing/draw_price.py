"""What prepaid work takes from a balance, and what it costs beside or beyond it."""

from __future__ import annotations

from fractions import Fraction

from billing.contracts.lots import HOUR, Unit
from billing.contracts.plan import Plan
from billing.money import Rate, plus, rate_of, rate_text, times
from billing.ratecard import STANDARD
from billing.rates import Price
from billing.terms import Blocked, Takes, Terms


def takes(plan: Plan, terms: Terms, tier: str) -> Takes:
    """Made once for all parts under the same terms."""
    found = terms.takes.get(tier)
    if found is None:
        price, blocked = overage(plan, terms, tier)
        found = terms.takes[tier] = Takes(
            _takes(plan, terms, tier, "seconds"),
            _takes(plan, terms, tier, "money"),
            premium(plan, terms, tier),
            price,
            blocked,
        )
    return found


def per_second(price: Price) -> Fraction:
    """Major units of money."""
    return Fraction(price.rate.units, 10**price.rate.scale * HOUR)


def _takes(plan: Plan, terms: Terms, tier: str, unit: Unit) -> Fraction | None:
    """What one second of a part takes from a balance of a unit; None: what has no price has no value to draw."""
    block_rate = plan.contract.drawdown.block_rate
    if unit == "seconds" and block_rate is None:
        return Fraction(factor(plan, terms, tier))
    price = terms.price(tier)
    if price is None or price.rate.units <= 0:
        return None
    if unit == "money" or block_rate is None:
        return per_second(price)
    return per_second(price) * HOUR / Fraction(block_rate)


def factor(plan: Plan, terms: Terms, tier: str) -> Fraction:
    """The draw-down multiplier that the catalogue sets."""
    line = terms.rates.choice(STANDARD).line if " + " in tier else None
    return Fraction(plan.factor(tier, terms.role, line.card.stacking if line else "highest"))


def premium(plan: Plan, terms: Terms, tier: str) -> Price | None:
    """What prepaid hours of a dearer tier cost beside what they draw, where the premium goes to the price."""
    if plan.contract.premium != "price" or tier == STANDARD:
        return None
    usual, own = terms.price(STANDARD), terms.price(tier)
    if usual is None or own is None:
        return None
    more = plus(own.rate, Rate(-usual.rate.units, usual.rate.scale))
    if more.units <= 0:
        return None
    exponent = terms.exponent
    rule = f"premium of {tier}: {rate_text(own.rate, exponent)} - {rate_text(usual.rate, exponent)}"
    return Price(more, rate_text(more, exponent), rule, f"{plan.id}/premium")


def overage(plan: Plan, terms: Terms, tier: str) -> tuple[Price | None, Blocked | None]:
    """The price of what the balance does not cover, or why there is none. A multiplied draw-down is not multiplied
    again in the price, unless the contract says so."""
    contract, rates = plan.contract, terms.rates
    multiplied = _takes(plan, terms, tier, "seconds") or Fraction(1)
    if contract.overage_rate is not None:
        rate = rate_of(contract.overage_rate)
        how = f"{contract.id} overage"
        if contract.overage_multiplied and multiplied != 1:
            rate, text = _times(rate, multiplied)
            how = f"{how} × {text}"
        rate, how = _with_premium(plan, terms, tier, rate, how)
        return Price(rate, rate_text(rate, rates.exponent), how, f"{contract.id}/overage"), None
    once = multiplied == 1 or contract.overage_multiplied or contract.premium == "price"
    tier = tier if once else STANDARD
    if why := rates.unpriced(tier):
        return None, ("unpriced", why)
    return rates.price(tier), None


def _times(rate: Rate, by: Fraction) -> tuple[Rate, str]:
    """The product, exact where it ends as a decimal, else to twelve places; and the factor as text."""
    value = Fraction(rate.units, 10**rate.scale) * by
    scale = next((n for n in range(13) if (value * 10**n).denominator == 1), 12)
    top = value * 10**scale
    return Rate((2 * top.numerator + top.denominator) // (2 * top.denominator), scale), str(by)


def _with_premium(plan: Plan, terms: Terms, tier: str, rate: Rate, how: str) -> tuple[Rate, str]:
    """The overage rate of a dearer tier: times its multiplier, else plus what its own price is above the standard."""
    more = premium(plan, terms, tier)
    if more is None:
        return rate, how
    multiplier = terms.rates.multiplier(tier)
    if multiplier is None:
        return plus(rate, more.rate), f"{how} + {more.text}"
    return times(rate, multiplier), f"{how} × {multiplier}"
