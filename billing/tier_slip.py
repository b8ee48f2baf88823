"""Tier slip: time outside office hours that was billed at the price of office hours. Pure, exact.

90 min after hours, billed at 100 where the tier costs 1.5 times as much: 5400 s × (150 − 100) = 75.00.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from billing.book import CatalogState
from billing.calendar import zone_of
from billing.kpi import tier_slip
from billing.rate_policies import policies
from billing.spans import intersect
from billing.tier_calendar import STANDARD, TierCalendar
from streams.models.catalog import RateCard, RateLine, Tier
from streams.models.entry import Entry, Segment
from streams.models.interval import Span

SpansOf = Callable[[str], Sequence[Span]]  # of a piece of work, by its id


@dataclass(slots=True)
class Slip:
    """One tier in one currency: rows, seconds worked in it at the standard price, and what they did not bring."""

    entries: int = 0
    seconds: int = 0
    money: Fraction = Fraction(0)


class Reference:
    """What an hour would be, had no contract a calendar and no rate line a price of its own for a tier."""

    def __init__(self, book: CatalogState) -> None:
        self._book = book
        self._calendars: dict[tuple[str, str], TierCalendar | None] = {}
        self._multipliers = {
            one.id: Fraction(one.multiplier) for one in book.all(Tier).values() if one.multiplier is not None
        }
        lines = [(card.id, line) for card in book.all(RateCard).values() for line in card.lines]
        self._spared = {_name(card, line): _at_standard(line) for card, line in lines}

    def dearer(self, tier: str) -> Fraction | None:
        """The multiplier of a tier that costs more than the standard one."""
        factor = self._multipliers.get(tier)
        return factor if factor is not None and factor > 1 else None

    def slipped(self, entry: Entry, segment: Segment, spans: SpansOf) -> Iterator[tuple[str, int]]:
        """(tier, seconds) of a segment billed at the standard price, by the organisation's calendar; else by its own
        tier, where its rate line spares the premium."""
        if segment.tier != STANDARD:
            if segment.tier in self._spared.get(segment.line, ()):
                yield segment.tier, segment.seconds
            return
        calendar = self._calendar(entry.zone, entry.service)
        if calendar is None:
            return
        sign = -1 if segment.seconds < 0 else 1
        for start, end in intersect(spans(entry.identity.work), [(segment.start, segment.end)]):
            for begin, finish, tier in calendar.split(start, end):
                if tier != STANDARD:
                    yield tier, sign * (finish - begin)

    def _calendar(self, zone: str, service: str) -> TierCalendar | None:
        if (zone, service) not in self._calendars:
            found = zone_of(zone)
            self._calendars[zone, service] = policies(self._book, None, service, found)[1] if found else None
        return self._calendars[zone, service]


def tier_slips(entries: Iterable[Entry], spans: SpansOf, reference: Reference) -> dict[tuple[str, str], Slip]:
    """By (tier, currency), over what was billed by the hour."""
    found: dict[tuple[str, str], Slip] = {}
    for entry in entries:
        seen = set()
        for segment in entry.segments:
            if not segment.rate or (segment.disposition or entry.disposition) != "billed":
                continue
            for tier, seconds in reference.slipped(entry, segment, spans):
                if (factor := reference.dearer(tier)) is None:
                    continue
                one = found.setdefault((tier, entry.currency), Slip())
                one.entries += tier not in seen
                seen.add(tier)
                one.seconds += seconds
                one.money += tier_slip(seconds, Fraction(segment.rate) * factor, Fraction(segment.rate))
    return dict(sorted(found.items()))


def _name(card: str, line: RateLine) -> str:
    """As entries name the line that priced them."""
    return "/".join((card, line.service, *[one for one in (line.role, line.technician, line.tier) if one]))


def _at_standard(line: RateLine) -> frozenset[str]:
    """Tiers that a line prices as it does the standard one."""
    return frozenset(
        tier for tier, own in line.tiers.items() if own.multiplier == 1 or (own.rate == line.rate and line.rate)
    )
