"""Which rounding policy and which calendar hold: the service's before the contract's before the organisation's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from billing.book import CatalogState
from billing.calendar import Zone, zone_of
from billing.holiday_sets import is_known
from billing.tier_calendar import TierCalendar
from streams.models.catalog import Calendar, Contract, HolidaySet, Rounding, Service


def policies(
    book: CatalogState, contract: Contract | None, service: str, zone: Zone
) -> tuple[Rounding | None, TierCalendar | None, str]:
    """Rounding, calendar, and what is named but missing. ``zone`` is the client's."""
    kind = book.get(Service, service)
    named = (kind.rounding if kind else None) or (contract.rounding if contract else None)
    named = named or book.organisation.rounding
    policy = book.get(Rounding, named)
    if named and policy is None:
        return None, None, f"rounding_missing: {named}"
    name = (contract.calendar if contract else None) or book.organisation.calendar
    calendar = book.get(Calendar, name)
    if calendar is None:
        return policy, None, f"calendar_missing: {name}" if name else ""
    found = zone_of(calendar.zone) if calendar.zone else zone
    if found is None:
        return policy, None, f"zone_missing: {calendar.zone}"
    sets = book.all(HolidaySet)
    if missing := _holidays_missing(calendar, sets):
        return policy, None, missing
    return policy, TierCalendar(calendar, found, sets), ""


def _holidays_missing(calendar: Calendar, sets: Mapping[str, HolidaySet]) -> str:
    """A set that windows name and nobody has: their hours would be priced as working days."""
    for name in sorted({one.holidays for one in (*calendar.windows, *calendar.premiums) if one.holidays}):
        if name not in sets or not is_known(sets[name]):
            return f"holidays_missing: {name}"
    return ""


class Memory(NamedTuple):
    """How pieces of work of one client may meet: in these scopes, in incidents of so many seconds."""

    scopes: frozenset[str]
    window: int

    @property
    def any(self) -> bool:
        return bool(self.scopes or self.window)


def memory_of(book: CatalogState, contracts: Iterable[Contract]) -> Memory:
    """Of all policies that may apply to a client with these contracts."""
    names = {book.organisation.rounding, *(one.rounding for one in contracts)}
    names |= {one.rounding for one in book.all(Service).values()}
    found = [one for name in names if (one := book.get(Rounding, name)) is not None]
    window = max([one.merge_minutes * 60 for one in found], default=0)
    return Memory(frozenset(one.scope for one in found) - {"entry"}, window)
