"""Prices that depend on how much of a period came before: graduated and volume steps, and packs of time.

1.50 an hour, beyond 1000 hours 2.00: 1200 hours are 1500.00 + 400.00 graduated, 2400.00 by volume. Packs of 15 min at
37.50: 16 min begin two, 75.00; what follows begins a third after 30 min. A line has what its own seconds add.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

from billing.free_first import in_order
from billing.money import ZERO, Rate, half_away, money_text, rate_of, rate_text, times
from billing.pieces import Pieces
from billing.rate_cut import Part, Row
from billing.ratecard import STANDARD
from billing.rates import Price, Rates, price
from billing.stacking import worth
from streams.models.catalog import RateLine

Key = tuple[str, str, str]  # contract, line and the client's month: what is cumulated together
HOUR = 3600


def step_prices(rows: Iterable[Row]) -> None:
    """Give parts the price of their step; ``rows`` hold all that is cumulated together."""
    mine = [row for row in in_order(rows) if any(_line(part) is not None for part in row.parts)]
    totals: dict[Key, int] = {}
    for row in mine:
        for part in row.parts:
            if _line(part) is not None:
                totals[_key(part, row)] = totals.get(_key(part, row), 0) + part.billed
    before: dict[Key, int] = {}
    for row in mine:
        parts: list[Part] = []
        for part in row.parts:
            line = _line(part)
            if line is None:
                parts.append(part)
                continue
            key, quantity = _key(part, row), part.billed
            parts += _priced(part, row, line, before.get(key, 0), totals[key])
            before[key] = before.get(key, 0) + quantity
        row.parts = parts


def _line(part: Part) -> RateLine | None:
    """The line that prices a part by steps or packs."""
    if part.disposition != "billed" or part.price is not None or not part.billed:
        return None
    chosen = part.terms.rates.choice(part.tier).line
    return chosen.line if chosen is not None and (chosen.line.steps or chosen.line.pack_price is not None) else None


def _key(part: Part, row: Row) -> Key:
    chosen = part.terms.rates.choice(part.tier).line
    assert chosen is not None  # a part without a line has no steps
    return part.terms.contract or part.terms.project, chosen.name, row.period


def _priced(part: Part, row: Row, line: RateLine, before: int, total: int) -> list[Part]:
    if line.pack_price is not None:
        part.price = _packs(part, line.pack_price, line.pack_minutes * 60, before)
        return [part]
    edges = sorted((int(step.over_hours * HOUR), step.rate) for step in line.steps)
    if line.pricing == "volume":
        reached = [rate for edge, rate in edges if total > edge]
        part.price = _stepped(part, reached[-1], f"volume of {_hours(total)} h") if reached else None
        return [part]
    return _graduated(part, row, edges, before)


def _graduated(part: Part, row: Row, edges: list[tuple[int, Decimal]], before: int) -> list[Part]:
    """The part, cut where a step begins."""
    pieces, at = Pieces(part, row.work), before
    while pieces.rest:
        rate = next((rate for edge, rate in reversed(edges) if edge <= at), None)
        after = next((edge for edge, _ in edges if edge > at), None)
        taken = pieces.rest if after is None else min(pieces.rest, after - at)
        words = f"from hour {_hours(max([edge for edge, _ in edges if edge <= at], default=0))} on"
        pieces.cut(taken, "billed", "", price=None if rate is None else _stepped(part, rate, words))
        at += taken
    return pieces.made


def _packs(part: Part, each: Decimal, size: int, before: int) -> Price:
    """The packs that a part begins; what a pack holds that began before costs nothing more."""
    held, needs = -(-before // size), -(-(before + part.billed) // size)
    base = part.terms.price(part.tier)
    assert base is not None  # a line with packs has a price for every tier
    count = needs - held
    which = f"pack {held + 1} to {needs}" if count > 1 else f"pack {needs}"
    rule = f"{base.line} {which}" + ("" if count else ", begun before")
    line = f"{base.line}/{which}" if count else base.line
    return base._replace(rate=ZERO, text="", rule=rule, line=line, flat=times(rate_of(each), Decimal(count)))


def _stepped(part: Part, rate: Decimal, words: str) -> Price | None:
    """The price of the part's tier, built on another rate of its line."""
    rates, own = part.terms.rates, part.terms.price(part.tier)
    chosen = rates.choice(part.tier)
    if own is None or chosen.line is None:
        return own
    line = chosen.line._replace(line=chosen.line.line.model_copy(update={"rate": rate}))
    found = price(line, chosen.change, part.tier, rates.tiers)
    exact, how = found if found is not None else (_together(rates, own, rate), f"{part.tier} of {rate}")
    return own._replace(rate=exact, text=rate_text(exact, rates.exponent), rule=f"{own.line} {words}, {how}")


def _together(rates: Rates, own: Price, rate: Decimal) -> Rate:
    """Of tiers that hold at once: what they make of the line's own rate, of another one."""
    standard = rates.price(STANDARD)
    factor = worth(own.rate) / worth(standard.rate) if standard and worth(standard.rate) > 0 else Fraction(1)
    value = Fraction(rate) * factor
    return Rate(half_away(value.numerator * 10**9, value.denominator), 9)


def _hours(seconds: int) -> str:
    hours = Fraction(seconds, HOUR)
    return str(hours.numerator) if hours.denominator == 1 else money_text(half_away(seconds, 36), 2)
