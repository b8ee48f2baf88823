"""Which rate line prices a service on a date, and why the other candidates lost.

The client's own card goes before the organisation's, the exact service before "*", the later date before the
earlier, then the smaller id. Currencies are never converted: a client pays in the currency of the own cards in
force, else in the organisation's, and only lines in that currency fit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from billing.money import Rate, rate_of, times
from streams.models.catalog import Dated, RateCard, RateLine, Tier

STANDARD = "standard"


class Candidate(NamedTuple):
    """A line for this service on a card for this client; the smallest ``order`` wins."""

    order: tuple[bool, bool, int, str, int]
    card: RateCard
    line: RateLine

    @property
    def name(self) -> str:
        return f"{self.card.id}/{self.line.service}"


@dataclass(frozen=True, slots=True)
class Choice:
    """``line`` None: nothing fits. ``best`` also looks at other currencies, for money at risk only."""

    line: Candidate | None
    best: Candidate | None
    currency: str
    reason: str = ""
    lost: tuple[str, ...] = ()


def holds(item: Dated, day: int) -> bool:
    """``[from, until)`` in local days."""
    return not outside(item, day)


def outside(item: Dated, day: int) -> str:
    """Why an object with dates does not hold on a local day; "" if it does."""
    on = date.fromordinal(day)
    if item.from_ is not None and on < item.from_:
        return f"from {item.from_}, later than the work"
    if item.until is not None and on >= item.until:
        return f"ended on {item.until}"
    return ""


def fits_service(pattern: str, service: str) -> bool:
    """Exact, or with one trailing ``*``."""
    return service.startswith(pattern[:-1]) if pattern.endswith("*") else pattern == service


def choose(cards: Iterable[RateCard], client: str, service: str, day: int, default: str) -> Choice:
    """The line for ``service`` at ``client`` on local day ``day``; ``default`` is the organisation's currency."""
    mine = [card for card in cards if card.client in (None, client)]
    currencies = sorted({c.currency or default for c in mine if c.client is not None and holds(c, day)})
    currency = currencies[0] if currencies else default
    ranked = sorted(_candidates(mine, service))
    verdicts = [(one, _why_not(one, day, currency, default)) for one in ranked]
    fitting = [one for one, why in verdicts if not why]
    dated = [one for one in ranked if holds(one.card, day)]
    best = dated[0] if dated else None
    if len(currencies) > 1:
        lost = tuple(f"{one.name}: {one.card.currency or default}" for one in dated)
        return Choice(None, best, currency, f"currency_mixed: {', '.join(currencies)}", lost)
    won = fitting[0] if fitting else None
    lost = tuple(f"{one.name}: {why or _why_behind(one, won)}" for one, why in verdicts if one is not won)
    return Choice(won, best, currency, "" if won else "no_rate_line", lost)


def price(line: RateLine, tier: str, tiers: dict[str, Tier]) -> tuple[Rate, str] | None:
    """The exact rate of a tier and how it came about; None if neither line nor catalogue prices the tier."""
    base = rate_of(line.rate)
    own = line.tiers.get(tier)
    if own is not None and own.rate is not None:
        return rate_of(own.rate), f"{tier}: own rate"
    if own is not None and own.multiplier is not None:
        return times(base, own.multiplier), f"{tier}: {line.rate} × {own.multiplier}"
    if tier == STANDARD:
        return base, tier
    general = tiers.get(tier)
    if general is not None and general.multiplier is not None:
        return times(base, general.multiplier), f"{tier}: {line.rate} × {general.multiplier}"
    return None


def _candidates(cards: Iterable[RateCard], service: str) -> Iterable[Candidate]:
    for card in cards:
        for index, line in enumerate(card.lines):
            if line.service in ("*", service):
                later = -(card.from_ or date.min).toordinal()
                yield Candidate((card.client is None, line.service == "*", later, card.id, index), card, line)


def _why_not(one: Candidate, day: int, currency: str, default: str) -> str:
    own = one.card.currency or default
    if own != currency:
        return f"in {own}, the client pays in {currency}"
    return outside(one.card, day)


def _why_behind(one: Candidate, won: Candidate | None) -> str:
    assert won is not None  # without a winner nothing fitted, and each candidate has its own reason
    reasons = ("the client's own card goes first", "the exact service goes first", "the later date goes first")
    pairs = zip(reasons, won.order, one.order, strict=False)
    return next((why for why, first, second in pairs if first != second), "the smaller id goes first")
