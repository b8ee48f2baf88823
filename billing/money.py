"""Money: integers of minor units, rounded once, half away from zero. No floats, no Decimal context.

A price is an exact number of ``units / 10**scale`` per hour; an amount is an integer of minor units of a currency
whose ``exponent`` says how many decimals it has (USD 2, JPY 0, KWD 3).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

HOUR = 3600
EXACT_PLACES = 6  # of the unrounded amount, which is for display only

_NO_DECIMALS = frozenset(
    (
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    )
)
_THREE_DECIMALS = frozenset(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"))


class Rate(NamedTuple):
    """An exact price per hour: ``units / 10**scale`` in major units of its currency."""

    units: int
    scale: int


ZERO = Rate(0, 0)


def exponent_of(currency: str) -> int:
    """Decimals of a currency's minor unit (ISO 4217): 0, 2 or 3."""
    if currency in _NO_DECIMALS:
        return 0
    return 3 if currency in _THREE_DECIMALS else 2


def rate_of(value: Decimal) -> Rate:
    """The exact rate of a finite decimal, in lowest terms: 150.00 and 150 are the same rate."""
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise ValueError(f"a price must be a number, saw {value}")
    units = int("".join(map(str, digits))) * (-1 if sign else 1)
    return _lowest(units * 10 ** max(exponent, 0), max(-exponent, 0))


def times(rate: Rate, multiplier: Decimal) -> Rate:
    """The exact product: 33.35 × 1.5 = 50.025."""
    factor = rate_of(multiplier)
    return _lowest(rate.units * factor.units, rate.scale + factor.scale)


def plus(one: Rate, other: Rate) -> Rate:
    """The exact sum: 100 + -10 = 90."""
    scale = max(one.scale, other.scale)
    return _lowest(one.units * 10 ** (scale - one.scale) + other.units * 10 ** (scale - other.scale), scale)


def amount_of(seconds: int, rate: Rate, exponent: int, fixed: Rate = ZERO) -> int:
    """Minor units for ``seconds`` at ``rate`` and a ``fixed`` amount, rounded once, half away from zero.

    3000 s at 100.00: 8333; 1800 s at 150.00 and 49.00: 12400.
    """
    scale = max(rate.scale, fixed.scale)
    units = seconds * rate.units * 10 ** (scale - rate.scale) + HOUR * fixed.units * 10 ** (scale - fixed.scale)
    return half_away(units * 10**exponent, HOUR * 10**scale)


def exact_of(parts: Iterable[tuple[int, Rate]]) -> str:
    """The unrounded sum of (seconds, rate) in major units, as decimal text of at most six places."""
    pairs = list(parts)
    scale = max((rate.scale for _, rate in pairs), default=0)
    total = sum(seconds * rate.units * 10 ** (scale - rate.scale) for seconds, rate in pairs)
    text = money_text(half_away(total * 10**EXACT_PLACES, HOUR * 10**scale), EXACT_PLACES)
    return text.rstrip("0").rstrip(".")


def half_away(numerator: int, denominator: int) -> int:
    """The nearest integer of a fraction, halves away from zero; ``denominator`` > 0."""
    if numerator < 0:
        return -half_away(-numerator, denominator)
    return (2 * numerator + denominator) // (2 * denominator)


def money_text(amount: int, exponent: int) -> str:
    """8333 with exponent 2: "83.33"."""
    if exponent == 0:
        return str(amount)
    whole, rest = divmod(abs(amount), 10**exponent)
    return f"{'-' if amount < 0 else ''}{whole}.{rest:0{exponent}}"


def rate_text(rate: Rate, exponent: int) -> str:
    """The exact price, with at least the currency's decimals: "150.00", "50.025"."""
    scale = max(rate.scale, exponent)
    return money_text(rate.units * 10 ** (scale - rate.scale), scale)


def allocate(amount: int, weights: Sequence[int]) -> list[int]:
    """Divide an amount by weights and lose no cent: 10000 over three equal parts is 3334, 3333, 3333.

    Largest remainder first, ties to the earlier part. Weights are not negative and not all zero.
    """
    if amount < 0:
        return [-part for part in allocate(-amount, weights)]
    total = sum(weights)
    if total <= 0 or min(weights) < 0:
        raise ValueError(f"weights must be positive, saw {list(weights)}")
    parts = [amount * weight // total for weight in weights]
    order = sorted(range(len(weights)), key=lambda i: (-(amount * weights[i] % total), i))
    for i in order[: amount - sum(parts)]:
        parts[i] += 1
    return parts


def _lowest(units: int, scale: int) -> Rate:
    while scale and units % 10 == 0:
        units //= 10
        scale -= 1
    return Rate(units, scale)
