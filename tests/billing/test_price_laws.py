"""Price steps as laws: what lines add up to is the price of what they cumulate, however the work is cut."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from streams.models.catalog import CatalogObject, RateCard, RateLine
from tests.billing.rate_kit import LAWS, catalogue, rated, worked

pieces = st.lists(st.integers(1, 40), min_size=1, max_size=9)  # quarters of an hour
STEPS = [{"over_hours": "3", "rate": "80"}, {"over_hours": "7", "rate": "60"}]


def terms(**line: object) -> list[CatalogObject]:
    card = RateCard(id="base", lines=[RateLine.model_validate(line)])
    return [card if isinstance(one, RateCard) else one for one in catalogue()]


def bill(objects: list[CatalogObject], quarters: list[int]) -> list[int]:
    days = range(1, len(quarters) + 1)
    works = [worked(15 * n, f"w{day}", f"2026-03-0{day} 08:00") for day, n in zip(days, quarters, strict=True)]
    return [entry.amount for entry in rated(objects, *works)]


def graduated(quarters: int) -> int:
    """Cents of so many quarters, hour by hour: 100, beyond the third 80, beyond the seventh 60."""
    return sum(2500 if n < 12 else 2000 if n < 28 else 1500 for n in range(quarters))


@LAWS
@given(pieces)
def test_graduated_lines_add_up_to_the_price_of_the_sum(quarters: list[int]) -> None:
    amounts = bill(terms(rate="100", steps=STEPS), quarters)
    for n in range(len(quarters)):
        assert sum(amounts[: n + 1]) == graduated(sum(quarters[: n + 1])), (
            "each line is a difference of cumulated amounts"
        )


@LAWS
@given(pieces)
def test_a_volume_prices_all_of_it(quarters: list[int]) -> None:
    total = sum(quarters)
    cents = 2500 if total <= 12 else 2000 if total <= 28 else 1500
    assert bill(terms(rate="100", pricing="volume", steps=STEPS), quarters) == [n * cents for n in quarters]


@LAWS
@given(pieces, st.integers(1, 90))
def test_packs_are_those_that_the_sum_begins(quarters: list[int], minutes: int) -> None:
    amounts = bill(terms(pack_price="9.99", pack_minutes=minutes), quarters)
    for n in range(len(quarters)):
        packs = -(-15 * sum(quarters[: n + 1]) // minutes)
        assert sum(amounts[: n + 1]) == packs * 999


@LAWS
@given(st.decimals(Decimal("0.01"), Decimal(500), places=2), st.integers(1, 30))
def test_a_price_that_never_changes_is_no_step(rate: Decimal, quarters: int) -> None:
    plain = bill(terms(rate=str(rate)), [quarters])
    assert bill(terms(rate=str(rate), steps=[{"over_hours": "100", "rate": "1"}]), [quarters]) == plain
    assert abs(Fraction(plain[0], 100) - Fraction(rate) * quarters / 4) <= Fraction(1, 200)
