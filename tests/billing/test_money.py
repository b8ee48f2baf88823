"""Money is exact, and rounded once."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.money import (
    allocate,
    amount_of,
    exact_of,
    exponent_of,
    half_away,
    money_text,
    rate_of,
    rate_text,
    times,
)
from tests.billing.rate_kit import LAWS

PRICES = st.decimals(min_value=0, max_value=10_000, allow_nan=False, allow_infinity=False, places=4)
SECONDS = st.integers(min_value=-(10**7), max_value=10**7)


@pytest.mark.parametrize(
    ("vector", "seconds", "rate", "expected"),
    [
        ("MO1: seconds, not decimal hours", 50 * 60, "100", 83_33),
        ("MO2: no leak by 0.33 h", 20 * 60, "150", 50_00),
        ("MO3: no floored minutes", 59 * 60 + 59, "150", 149_96),
        ("RD12: 12 min at 150", 12 * 60, "150", 30_00),
        ("a half goes away from zero", 3600, "10.125", 10_13),
        ("MO5: and so does its reversal", -3600, "10.125", -10_13),
    ],
)
def test_amounts(vector: str, seconds: int, rate: str, expected: int) -> None:
    assert amount_of(seconds, rate_of(Decimal(rate)), 2) == expected, vector


@pytest.mark.parametrize(("currency", "amount"), [("JPY", 83), ("USD", 83_33), ("KWD", 83_333)])
def test_the_minor_unit_is_the_currency_s(currency: str, amount: int) -> None:
    assert amount_of(3000, rate_of(Decimal(100)), exponent_of(currency)) == amount


def test_mo6_a_division_loses_no_cent() -> None:
    assert allocate(100_00, [1, 1, 1]) == [33_34, 33_33, 33_33]
    assert allocate(-100_00, [1, 1, 1]) == [-33_34, -33_33, -33_33]
    assert allocate(10, [5, 1, 1]) == [7, 2, 1], "7.14, 1.43, 1.43: the largest remainder, not the largest part"


@LAWS
@given(SECONDS, PRICES, st.sampled_from([0, 2, 3]))
def test_an_amount_is_the_exact_product_rounded_once(seconds: int, price: Decimal, exponent: int) -> None:
    exact = Fraction(seconds, 3600) * Fraction(price) * 10**exponent
    amount = amount_of(seconds, rate_of(price), exponent)
    assert abs(amount - exact) <= Fraction(1, 2)
    if abs(amount - exact) == Fraction(1, 2):
        assert abs(amount) > abs(exact)


@LAWS
@given(SECONDS, PRICES)
def test_a_reversal_negates_exactly(seconds: int, price: Decimal) -> None:
    assert amount_of(-seconds, rate_of(price), 2) == -amount_of(seconds, rate_of(price), 2)


@LAWS
@given(PRICES, PRICES, PRICES)
def test_multipliers_lose_nothing(price: Decimal, first: Decimal, second: Decimal) -> None:
    rate = times(times(rate_of(price), first), second)
    assert Fraction(rate.units, 10**rate.scale) == Fraction(price) * Fraction(first) * Fraction(second)
    assert Fraction(rate_text(rate, 2)) == Fraction(rate.units, 10**rate.scale)


@LAWS
@given(st.integers(-(10**12), 10**12), st.integers(1, 10**6))
def test_half_away_agrees_with_decimal(numerator: int, denominator: int) -> None:
    exact = Decimal(numerator) / Decimal(denominator)
    assert half_away(numerator, denominator) == int(exact.quantize(Decimal(1), ROUND_HALF_UP))


@LAWS
@given(st.integers(-(10**9), 10**9), st.lists(st.integers(0, 1000), min_size=1, max_size=8))
def test_parts_sum_to_the_whole(amount: int, weights: list[int]) -> None:
    if not any(weights):
        with pytest.raises(ValueError, match="weights"):
            allocate(amount, weights)
        return
    parts = allocate(amount, weights)
    assert sum(parts) == amount
    assert all(
        abs(part - Fraction(amount * weight, sum(weights))) < 1 for part, weight in zip(parts, weights, strict=True)
    )


def test_text() -> None:
    assert [money_text(5, 2), money_text(-1234, 2), money_text(7, 0), money_text(7, 3)] == [
        "0.05",
        "-12.34",
        "7",
        "0.007",
    ]
    assert rate_text(rate_of(Decimal("150")), 2) == "150.00"
    assert rate_text(rate_of(Decimal("33.35")), 0) == "33.35"
    assert rate_text(rate_of(Decimal("1E+2")), 2) == "100.00"
    assert exact_of([(3000, rate_of(Decimal(100)))]) == "83.333333"
    assert exact_of([(600, rate_of(Decimal(100))), (1200, rate_of(Decimal("200.0001")))]) == "83.333367"
    assert exact_of([]) == "0"


def test_a_price_must_be_a_number() -> None:
    with pytest.raises(ValueError, match="NaN"):
        rate_of(Decimal("NaN"))
