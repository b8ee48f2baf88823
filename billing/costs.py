"""What worked seconds cost us: by technician or role, date and tier. 1 h after hours at 55.00 × 1.5: 82.50.

Minutes that a technician works for several clients at once cost once: each of n pieces of work has an n-th of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

from billing.cost_cards import Costs, Hourly
from billing.money import HOUR, exponent_of, half_away, money_text
from billing.rate_cut import Row
from streams.models.work import Step, Work


class Cost(NamedTuple):
    """``amount`` in minor units of ``currency``; None: ``reason`` says why it is not known."""

    amount: int | None = None
    currency: str = ""
    reason: str = ""
    steps: tuple[Step, ...] = ()


def cost_of(row: Row, costs: Costs, currency: str, days: Iterable[int]) -> Cost:
    """What the worked seconds of a row cost; ``days`` are the local days of its parts."""
    work = row.work
    if not any(part.seconds for part in row.parts):
        return Cost()
    if not work.technician:
        return Cost(reason="no_technician")
    total, texts, found = Fraction(0), list[str](), dict[str, Hourly]()
    for part, day in zip(row.parts, days, strict=True):
        hourly = costs.hourly(work.technician, day)
        if hourly is None:
            return Cost(reason=f"no_cost: {work.technician}")
        found[hourly.name] = hourly
        seconds = Fraction(part.seconds) - _elsewhere(work, part.start, part.end)
        factor = hourly.factor(part.tier)
        total += seconds * Fraction(hourly.cost) * Fraction(factor) / HOUR
        if part.seconds:
            minutes = money_text(half_away(seconds.numerator * 100, seconds.denominator * 60), 2)
            texts.append(f"{minutes} min × {hourly.cost}/h" + (f" × {factor}" if factor != 1 else ""))
    currencies = sorted({one.currency for one in found.values()})
    if len(currencies) > 1:
        return Cost(reason=f"cost_currency_mixed: {', '.join(currencies)}")
    exponent = exponent_of(currencies[0])
    amount = half_away(total.numerator * 10**exponent, total.denominator)
    why = "minutes at several clients at once are shared" if work.parallel else ""
    said = f"{money_text(amount, exponent)} {currencies[0]}"
    step = Step("cost", before=" + ".join(texts), after=said, rule=", ".join(sorted(found)), why=why)
    other = currencies[0] != currency
    return Cost(amount, currencies[0], f"currency: {currencies[0]}, not {currency}" if other else "", (step,))


def _elsewhere(work: Work, start: int, end: int) -> Fraction:
    """Seconds of a stretch that the other pieces of work at the same time have to bear."""
    found = Fraction(0)
    for since, until, count in work.parallel:
        for begins, ends in work.spans:
            both = min(end, ends, until) - max(start, begins, since)
            if both > 0:
                found += both * Fraction(count - 1, count)
    return found
