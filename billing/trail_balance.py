"""What an explanation says of balances: what was there, what is left, what is owed, which line was crossed."""

from __future__ import annotations

from fractions import Fraction

from billing.contracts.lots import Unit
from billing.money import half_away, money_text
from billing.trail import duration
from streams.models.work import Step


def drawn(lot: str, unit: Unit, before: Fraction, after: Fraction, each: Fraction, why: str = "") -> Step:
    """What a balance had before and has after a piece of work."""
    if not why and each != 1 and unit == "seconds":
        why = f"each second takes {number(each)}"
    return Step("balance", before=quantity(before, unit), after=quantity(after, unit), rule=lot, why=why)


def owed(contract: str, unit: Unit, before: Fraction, after: Fraction, cycles: bool) -> Step:
    """What is owed once the balance is used up."""
    texts = [f"{quantity(value, unit)} owed" for value in (before, after)]
    why = f"the balance is used up: the next {'cycle' if cycles else 'lot'} takes it back"
    return Step("balance", before=texts[0], after=texts[1], rule=contract, why=why)


def alert(contract: str, unit: Unit, percent: str, there: Fraction, at: str) -> Step:
    """A line that was crossed."""
    used = quantity(there * Fraction(percent) / 100, unit)
    return Step("alert", before=quantity(there, unit), after=used, rule=contract, why=f"{percent} % used at {at}")


def quantity(value: Fraction, unit: Unit) -> str:
    """As people say it: "14 min 7 s", "120.00", "1 incident"."""
    if unit == "incidents":
        return f"{number(value)} incident{'' if value == 1 else 's'}"
    if unit == "money":
        return money_text(half_away(value.numerator * 100, value.denominator), 2)
    text = duration(int(value))
    return text if value.denominator == 1 else f"{text} and a part"


def number(value: Fraction) -> str:
    """A factor as decimal text where it ends, else as a fraction: "1.5", "7/3"."""
    scale, rest = 0, value.denominator
    while rest % 10 == 0 or rest % 2 == 0 or rest % 5 == 0:
        rest = rest // 10 if rest % 10 == 0 else rest // 2 if rest % 2 == 0 else rest // 5
        scale += 1
    return money_text(value.numerator * 10**scale // value.denominator, scale) if rest == 1 else str(value)
