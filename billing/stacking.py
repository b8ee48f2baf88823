"""The price of tiers that hold at once: the highest, or multiplied, or added, as the rate card says.

After hours 1.5 and holiday 2.0 on 100: highest 200, multiply 300, add 250. A tier with a price of its own has no
multiplier: the dearest such price is what the multipliers of the others build on.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from billing.money import Rate, rate_text
from billing.ratecard import STANDARD
from billing.rates import Price, Rates
from billing.tier_calendar import Stack


def name_of(stack: Stack, rates: Rates) -> str:
    """The name under which a stack is priced, its price made known to ``rates``. A tier without a price, if there is
    one, stands for the whole."""
    prices = {tier: rates.price(tier) for tier in stack}
    for tier, found in prices.items():
        if found is None:
            return tier
    line = rates.choice(STANDARD).line
    premiums = [tier for tier in stack if tier != STANDARD]
    if line is None or line.card.stacking == "highest":
        return max(stack, key=lambda tier: (worth(_rate(prices[tier])), -stack.index(tier)))
    if len(premiums) == 1:
        return premiums[0]
    name = " + ".join(premiums)
    rates.learn(name, _combined(name, premiums, rates, line.card.stacking))
    return name


def worth(rate: Rate | None) -> Fraction:
    """Prices in order; what has none comes before all."""
    return Fraction(-1) if rate is None else Fraction(rate.units, 10**rate.scale)


def _combined(name: str, premiums: Sequence[str], rates: Rates, stacking: str) -> Price | None:
    standard = rates.price(STANDARD)
    own = {tier: one for tier in premiums if _is_own(tier, rates) and (one := rates.price(tier)) is not None}
    base = max(own.values(), key=lambda one: worth(one.rate)) if own else standard
    if base is None or standard is None:
        return None
    unit, total = worth(standard.rate), worth(base.rate)
    parts = [rate_text(base.rate, 0)]
    for tier in premiums:
        factor = Fraction(1) if tier in own or not unit else worth(_rate(rates.price(tier))) / unit
        if tier in own:
            continue
        total = total * factor if stacking == "multiply" else total + unit * (factor - 1)
        shown = rate_text(_exact(factor), 0)
        parts.append(shown if stacking == "multiply" else f"{rate_text(standard.rate, 0)} × ({shown} - 1)")
    rate = _exact(max(total, Fraction(0)))
    rule = f"{base.line} {name}: {(' × ' if stacking == 'multiply' else ' + ').join(parts)}"
    return base._replace(rate=rate, text=rate_text(rate, rates.exponent), rule=rule)


def _is_own(tier: str, rates: Rates) -> bool:
    """Whether a tier has a price that is no multiple of the standard one."""
    chosen, usual = rates.choice(tier), rates.choice(STANDARD)
    own = chosen.line.line.tiers.get(tier) if chosen.line else None
    named = own is not None and own.rate is not None
    return named or chosen.line != usual.line or chosen.change != usual.change


def _exact(value: Fraction) -> Rate:
    """The rate of a fraction whose decimal ends, as every product of decimals does."""
    scale = 0
    while value.denominator != 1:
        value, scale = value * 10, scale + 1
    return Rate(value.numerator, scale)


def _rate(price: Price | None) -> Rate | None:
    return price.rate if price else None
