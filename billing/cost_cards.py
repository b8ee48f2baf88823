"""Which cost card says what an hour of somebody costs us on a date."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from billing.book import CatalogState
from billing.ratecard import holds
from streams.models.catalog import CostCard, CostLine, Technician


class Hourly(NamedTuple):
    cost: Decimal
    currency: str
    name: str
    tiers: dict[str, Decimal]

    def factor(self, tier: str) -> Decimal:
        """Of tiers that hold at once, the largest."""
        return max([self.tiers.get(one, Decimal(1)) for one in tier.split(" + ")])


class Costs:
    """All cost cards under one reading of the catalogue."""

    def __init__(self, book: CatalogState) -> None:
        self._cards = sorted(book.all(CostCard).values(), key=lambda card: card.id)
        self._technicians = book.all(Technician)
        self._default = book.organisation.currency
        self._known: dict[tuple[str, int], Hourly | None] = {}

    def hourly(self, technician: str, day: int) -> Hourly | None:
        """The line that names the technician, else the role, else nobody; then the later card, the smaller id."""
        key = technician, day
        if key not in self._known:
            found = self._technicians.get(technician)
            self._known[key] = self._choose(technician, (found.role if found else None) or "", day)
        return self._known[key]

    def _choose(self, technician: str, role: str, day: int) -> Hourly | None:
        fitting = [
            (
                (line.technician is None, line.role is None, -(card.from_ or date.min).toordinal(), card.id, n),
                card,
                line,
            )
            for card in self._cards
            if holds(card, day)
            for n, line in enumerate(card.lines)
            if line.technician in (None, technician) and line.role in (None, role)
        ]
        if not fitting:
            return None
        _, card, line = min(fitting, key=lambda one: one[0])
        return Hourly(line.cost, card.currency or self._default, _name(card, line), dict(line.tiers))


def _name(card: CostCard, line: CostLine) -> str:
    return "/".join([card.id, *[one for one in (line.technician, line.role) if one]])
