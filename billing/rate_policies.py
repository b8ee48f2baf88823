"""Which rounding policy and which calendar hold: the service's before the contract's before the organisation's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from billing.book import CatalogState
from billing.calendar import Zone, zone_of
from billing.holiday_sets import is_known
from billing.tier_calendar import TierCalendar
from streams.models.catalog import Calendar, Contract, HolidaySet, Project, Rounding, ScriptPolicy, Service


def policies(
    book: CatalogState, contract: Contract | None, service: str, zone: Zone, own: str | None = None
) -> tuple[Rounding | None, TierCalendar | None, str]:
    """Rounding, calendar, and what is named but missing. ``zone`` is the site's, else the client's; ``own`` is the
    policy of a project, before all others."""
    kind = book.get(Service, service)
    named = own or (kind.rounding if kind else None) or (contract.rounding if contract else None)
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
    """How pieces of work of one client may meet: rounded together in these scopes, in incidents of so many seconds;
    charged together in ``charged``; at work at the same time; devices of one run of a script."""

    scopes: frozenset[str]
    window: int
    charged: frozenset[str] = frozenset()
    concurrent: bool = False
    runs: bool = False

    @property
    def any(self) -> bool:
        return bool(self.scopes or self.window or self.charged or self.concurrent or self.runs)

    @property
    def hops(self) -> tuple[Memory, ...]:
        """What one change passes on, one after the other: who is capped, what is rounded, what is charged."""
        concurrent = Memory(frozenset(), 0, concurrent=self.concurrent)
        rounded = Memory(self.scopes, self.window)
        charged = Memory(self.charged, 0, runs=self.runs)
        return tuple(one for one in (concurrent, rounded, charged) if one.any)


def joined(one: Memory, other: Memory) -> Memory:
    """All ways in which pieces of work meet under one reading of the catalogue or the other."""
    return Memory(
        one.scopes | other.scopes,
        max(one.window, other.window),
        one.charged | other.charged,
        one.concurrent or other.concurrent,
        one.runs or other.runs,
    )


def memory_of(book: CatalogState, contracts: Iterable[Contract], projects: Iterable[Project] = ()) -> Memory:
    """Of all policies that may apply to a client with these contracts and projects."""
    mine = list(contracts)
    names = {book.organisation.rounding, *(one.rounding for one in mine), *(one.rounding for one in projects)}
    names |= {one.rounding for one in book.all(Service).values()}
    found = [one for name in names if (one := book.get(Rounding, name)) is not None]
    window = max([one.merge_minutes * 60 for one in found], default=0)
    promised = {one.scope for contract in mine for one in contract.not_to_exceed}
    promised |= {one.scope for contract in mine for one in contract.free_first}
    return Memory(
        frozenset(one.scope for one in found) - {"entry"},
        window,
        frozenset(promised) - {"entry"},
        any(one.max_concurrent_technicians is not None for one in mine),
        any(one.bill == "per_device" for one in book.all(ScriptPolicy).values()),
    )
