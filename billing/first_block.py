"""The first block of a scope at a price of its own: an amount, whatever of it was worked.

First hour 150.00, then quarters at 100.00/h: 70 min are 60 at 150.00 and 15 at 25.00.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

from billing.free_first import in_order
from billing.front import front
from billing.money import ZERO, Rate, half_away
from billing.rate_cut import Part, Row
from billing.ratecard import STANDARD
from billing.rates import Price, Rates, factor_of
from billing.scopes import Scope
from billing.stacking import worth


def first_block(rows: Iterable[Row]) -> None:
    """Give the first block of every scope its price; ``rows`` hold all that shares a scope."""
    scopes: dict[Scope, list[tuple[Row, Part]]] = {}
    for row in in_order(rows):
        for part in row.parts:
            policy = part.terms.policy
            if policy is not None and policy.first_block and part.billed:
                scopes.setdefault(part.scope[:-1], []).append((row, part))
    for members in scopes.values():
        policy = members[0][1].terms.policy
        assert policy is not None
        price = block_price(members[0][1])
        if price is not None:
            _charge(members, policy.first_block, price)


def block_price(part: Part) -> Price | None:
    """What the block costs in the tier in which it begins; None if the line has no such price."""
    rates, price = part.terms.rates, part.terms.price(part.tier)
    chosen = rates.choice(part.tier)
    if part.price is not None or price is None or chosen.line is None or chosen.line.line.first_block is None:
        return None
    factor = _factor(rates, part.tier)
    if chosen.change is not None and chosen.change.line.plus is None:
        factor *= Fraction(factor_of(chosen.change.line))
    exponent = rates.exponent
    exact = Fraction(chosen.line.line.first_block) * factor * 10**exponent
    amount = Rate(half_away(exact.numerator, exact.denominator), exponent)
    rule = f"{price.line} first block"
    return price._replace(rate=ZERO, text="", rule=rule, line=rule, flat=amount)


def _factor(rates: Rates, tier: str) -> Fraction:
    """What the tier makes of a price."""
    own, standard = rates.price(tier), rates.price(STANDARD)
    if own is None or standard is None or worth(standard.rate) <= 0:
        return Fraction(1)
    return worth(own.rate) / worth(standard.rate)


def _charge(members: list[tuple[Row, Part]], size: int, price: Price) -> None:
    """A block that is not billed as a whole (a balance or an allowance has some of it) is billed by the hour."""
    left, block = size, list[tuple[Row, Part, int]]()
    for row, part in members:
        if left > 0:
            block.append((row, part, min(left, part.billed)))
            left -= part.billed
    if any(part.disposition != "billed" or part.price is not None for _, part, _ in block):
        return
    for number, (row, part, taken) in enumerate(block):
        where = next(n for n, held in enumerate(row.parts) if held is part)
        pieces = [replace(part)] if taken == part.billed else list(front(part, row.work, taken))
        pieces[0].price = price if number == 0 else price._replace(flat=ZERO, fee=ZERO, rule=f"{price.rule}, its rest")
        row.parts[where : where + 1] = pieces
