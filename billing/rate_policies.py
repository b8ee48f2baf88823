"""Which rounding policy and which calendar hold: the service's before the contract's before the organisation's."""

from __future__ import annotations

from collections.abc import Iterable

from billing.book import CatalogState
from billing.calendar import TierCalendar, Zone, zone_of
from streams.models.catalog import Calendar, Contract, Rounding, Service


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
    return policy, TierCalendar(calendar, found), ""


def shared_scopes(book: CatalogState, contracts: Iterable[Contract]) -> frozenset[str]:
    """Scopes, of the policies that may apply to a client with these contracts, in which pieces of work meet."""
    names = {book.organisation.rounding, *(one.rounding for one in contracts)}
    names |= {one.rounding for one in book.all(Service).values()}
    found = (book.get(Rounding, name) for name in names)
    return frozenset(one.scope for one in found if one is not None) - {"entry"}
