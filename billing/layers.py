"""A client's terms where periods are closed: a closed period keeps the release it was closed under, until a re-rating
moves it to a newer one; what is open follows the newest. Where a closed period ends is settled for ever.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import date
from functools import reduce
from typing import NamedTuple

from billing.book import CatalogState
from billing.calendar import Day, Zone
from billing.closes import Closing, month_after
from billing.rate_policies import joined
from billing.rate_terms import ClientTerms
from streams.models.catalog import Lot, Rounding, ScriptPolicy


class Rerate(NamedTuple):
    """From local day ``on`` ("2026-01-15") on closed periods stand at least on this release."""

    on: str
    release: int


class Layers(ClientTerms):
    """The newest terms, with those of closed periods behind them."""

    def __init__(
        self,
        book: CatalogState,
        client: str,
        purchases: Mapping[str, tuple[Lot, ...]],
        closings: Sequence[Closing],
        rerates: Sequence[Rerate] = (),
    ) -> None:
        """``closings`` in order, at least one."""
        super().__init__(book, client, purchases)
        last = closings[-1].until
        moves = [(self.zone.midnight(date.fromisoformat(one.on).toordinal()), one.release) for one in rerates]
        self._starts = sorted({one.until for one in closings} | {at for at, _ in moves if at < last})
        known: dict[int, ClientTerms] = {}
        self._layers: list[ClientTerms] = []
        for begin in [-1, *[at for at in self._starts if at < last]]:
            closed = next(one for one in closings if begin < one.until)
            number = max([closed.release, *[release for at, release in moves if at <= begin]])
            if number not in known:
                known[number] = self if number == book.number else ClientTerms(book.as_of(number), client, purchases)
            self._layers.append(known[number])
        self._layers.append(self)
        every = list(known.values())
        self.memory = reduce(joined, [one.memory for one in every], self.memory)
        self.balances = self.balances or any(one.balances for one in every)
        self.commits = self.commits or any(one.commits for one in every)
        self.zone = PinnedZone(self.zone, closings, self._starts, [one.zone for one in self._layers])

    def layer(self, at: int) -> ClientTerms:
        return self._layers[bisect_right(self._starts, at)]

    def script(self, names: Sequence[str], at: int) -> tuple[ScriptPolicy | None, Rounding | None, tuple[str, ...]]:
        layer = self.layer(at)
        return super().script(names, at) if layer is self else layer.script(names, at)

    def layers(self) -> list[ClientTerms]:
        return list({id(one): one for one in self._layers}.values())


class PinnedZone(Zone):
    """Local days of each layer's own zone, with the ends of closed periods where they were."""

    def __init__(self, zone: Zone, closings: Sequence[Closing], starts: list[int], zones: list[Zone]) -> None:
        super().__init__(zone.name, zone._info)
        self._ends = [one.until for one in closings]
        self._periods = [one.period for one in closings]
        self._starts = starts
        self._zones = zones

    def day(self, at: int) -> Day:
        place = bisect_right(self._starts, at)
        day = self._zones[place].day(at)
        end = min([day.end, *self._starts[place : place + 1]])
        return day._replace(end=end, period=self._period(at, day.period))

    def _period(self, at: int, natural: str) -> str:
        """The month of an instant, between the closed periods that lie around it."""
        place = bisect_right(self._ends, at)
        if place:
            natural = max(natural, month_after(self._periods[place - 1]))
        return min([natural, *self._periods[place : place + 1]])
