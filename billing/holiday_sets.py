"""Holidays: pure data of the pinned ``holidays`` package, a year at a time, and what a catalogue adds and removes."""

from __future__ import annotations

from datetime import date
from functools import cache

from streams.models.catalog import HolidaySet


def is_holiday(named: HolidaySet, day: date) -> bool:
    if day in named.except_:
        return False
    if day in named.dates:
        return True
    if named.country is None:
        return False
    found = holidays_of(named.country, named.subdivision, named.observed, day.year)
    return found is not None and day in found


def is_known(named: HolidaySet) -> bool:
    """Whether the package has this country, and this part of it."""
    return named.country is None or holidays_of(named.country, named.subdivision, named.observed, 2026) is not None


@cache
def holidays_of(country: str, subdivision: str | None, observed: bool, year: int) -> frozenset[date] | None:
    """Public holidays of one year; None if the package does not know the country or its part."""
    from holidays import country_holidays  # a second to load: only for catalogues that name a country

    try:
        found = country_holidays(country, subdiv=subdivision, years=year, observed=observed, expand=False)
    except NotImplementedError:
        return None
    return frozenset(day for day in found if day.year == year)
