"""What an hour costs, by tier: the line that holds, what changes it, the multiplier of the tier.

(100.00 + 25.00) × 1.5 = 187.50: a line that changes the price comes first, the tier after it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from billing.money import ZERO, Rate, exponent_of, plus, rate_of, rate_text, times
from billing.ratecard import STANDARD, Candidate, Choice, standing
from streams.models.catalog import RateLine, Tier
from streams.models.work import Step

NO_TIER = "tier_without_price: "


class Price(NamedTuple):
    """An exact rate, its text, the line and rule that made it; ``flat`` and ``fee`` once a piece of work, ``fee`` not
    where a ticket has one of ``waivers``; at least ``floor``, if less than ``floor_below`` seconds (0: always)."""

    rate: Rate
    text: str  # "" where only the flat amount counts
    rule: str
    line: str
    flat: Rate = ZERO
    fee: Rate = ZERO
    waivers: tuple[str, ...] = ()
    floor: Rate = ZERO
    floor_below: int = 0


@dataclass(slots=True, eq=False)
class Rates:
    """Prices of one service, person, contract and date. ``choose`` gives the line for a tier."""

    choose: Callable[[str], Choice]
    tiers: dict[str, Tier]
    by_tier: bool  # some line is for one tier only
    default: str  # the organisation's currency
    _choices: dict[str, Choice] = field(default_factory=dict)
    _prices: dict[str, Price | None] = field(default_factory=dict)
    _steps: dict[str, Step] = field(default_factory=dict)

    @property
    def currency(self) -> str:
        return self.choice(STANDARD).currency

    @property
    def exponent(self) -> int:
        return exponent_of(self.currency)

    def choice(self, tier: str) -> Choice:
        key = tier if self.by_tier else STANDARD
        if key not in self._choices:
            self._choices[key] = self.choose(key)
        return self._choices[key]

    def price(self, tier: str) -> Price | None:
        """What is asked for a tier; None if nothing prices it."""
        if tier not in self._prices:
            chosen = self.choice(tier)
            found = price(chosen.line, chosen.change, tier, self.tiers) if chosen.line else None
            if found and chosen.line:
                rate, how = found
                flat = rate_of(chosen.line.line.flat) if chosen.line.line.flat is not None else ZERO
                text = "" if chosen.line.line.rate is None else rate_text(rate, self.exponent)
                name = chosen.line.name
                self._prices[tier] = Price(rate, text, f"{name} {how}", name, flat, *_fee(chosen), *_floor(chosen))
            else:
                self._prices[tier] = None
        return self._prices[tier]

    def multiplier(self, tier: str) -> Decimal | None:
        """What the price of a tier multiplies the standard rate by; None where it has a price of its own."""
        chosen = self.choice(tier).line
        own = chosen.line.tiers.get(tier) if chosen is not None else None
        if own is not None:
            return own.multiplier
        if chosen is not None and chosen.line.tier == tier:
            return None
        general = self.tiers.get(tier)
        return general.multiplier if general is not None else None

    def learn(self, name: str, price: Price | None) -> None:
        """The price of tiers that hold at once, under the name they have together."""
        self._prices[name] = price

    def step(self, tier: str) -> Step:
        """The choice in words: the line that won, what changes it, who lost and why. Shared by all rows."""
        key = tier if self.by_tier else STANDARD
        if key not in self._steps:
            chosen = self.choice(key)
            after, rule = "", ""
            if chosen.line:
                after, rule = f"{_price_text(chosen.line.line)} {chosen.currency}", chosen.line.name
            if chosen.change:
                after, rule = f"{after}, {_change_text(chosen.change.line)}", f"{rule}, {chosen.change.name}"
            why = chosen.reason or (standing(chosen.line) if chosen.line else "")
            self._steps[key] = Step("rate", after=after, rule=rule, why=why, lost=chosen.lost)
        return self._steps[key]

    def unpriced(self, tier: str) -> str:
        """Why a tier has no price; "" if it has one."""
        if self.price(tier) is not None:
            return ""
        return self.choice(tier).reason or NO_TIER + tier

    def at_risk(self) -> tuple[Rate | None, str, str]:
        """The standard rate of the best candidate whatever its currency, that currency, and the line."""
        chosen = self.choice(STANDARD)
        if chosen.best is None:
            return None, self.default, ""
        found = price(chosen.best, chosen.best_change, STANDARD, self.tiers)
        rate = found[0] if found and chosen.best.line.rate is not None else None
        return rate, chosen.best.card.currency or self.default, chosen.best.name


def price(base: Candidate, change: Candidate | None, tier: str, tiers: dict[str, Tier]) -> tuple[Rate, str] | None:
    """The exact rate of a tier and how it came about; None if neither line nor catalogue prices the tier."""
    line = base.line
    if line.rate is None:
        if line.pack_price is not None:
            return ZERO, f"{line.pack_price} for each {line.pack_minutes} min"
        return (ZERO, f"flat amount {line.flat}") if line.flat is not None else None
    own = line.tiers.get(tier)
    if own is not None and own.rate is not None:
        rate, how = changed(rate_of(own.rate), change)
        return rate, f"{tier}: {how or 'own rate'}"
    rate, how = changed(rate_of(line.rate), change)
    general = tiers.get(tier)
    factor = own.multiplier if own is not None else None
    if factor is None and tier != STANDARD and line.tier != tier:
        factor = general.multiplier if general is not None else None
        if factor is None:
            return None
    if factor is None:
        return rate, f"{tier}: {how}" if how else tier
    text = f"({how})" if how else str(line.rate)
    return times(rate, factor), f"{tier}: {text} × {factor}"


def changed(rate: Rate, change: Candidate | None) -> tuple[Rate, str]:
    """The rate after the line that changes it, and the arithmetic; never below zero."""
    if change is None:
        return rate, ""
    line, before = change.line, rate_text(rate, 0)
    if line.plus is not None:
        result = plus(rate, rate_of(line.plus))
        return (result if result.units > 0 else ZERO), f"{before} {line.plus:+}"
    factor = factor_of(line)
    return times(rate, factor), f"{before} × {factor}"


def factor_of(line: RateLine) -> Decimal:
    """What a line multiplies by."""
    if line.multiplier is not None:
        return line.multiplier
    return Decimal(1) if line.percent is None else line.percent.scaleb(-2)


def _fee(chosen: Choice) -> tuple[Rate, tuple[str, ...]]:
    """The fee of the line that changes the price, else of the base, and what spares it."""
    lines = [one.line for one in (chosen.change, chosen.line) if one is not None and one.line.trip_fee is not None]
    return (rate_of(lines[0].trip_fee or Decimal(0)), tuple(lines[0].trip_fee_waivers)) if lines else (ZERO, ())


def _floor(chosen: Choice) -> tuple[Rate, int]:
    """The least amount of a piece of work, and below how many seconds it holds."""
    lines = [one.line for one in (chosen.change, chosen.line) if one is not None and one.line.floor is not None]
    return (rate_of(lines[0].floor or Decimal(0)), lines[0].floor_below_minutes * 60) if lines else (ZERO, 0)


def _price_text(line: RateLine) -> str:
    if line.pack_price is not None:
        return f"{line.pack_price} a pack of {line.pack_minutes} min"
    return f"{line.rate}/h" if line.rate is not None else f"{line.flat} flat"


def _change_text(line: RateLine) -> str:
    return f"{line.plus:+}/h" if line.plus is not None else f"× {factor_of(line)}"
