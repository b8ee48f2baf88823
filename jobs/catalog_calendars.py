"""Calendars, holidays and emergency rules: windows that never fit, holidays nobody knows, rules without conditions."""

from __future__ import annotations

from collections.abc import Iterator

from billing.holiday_sets import is_known
from billing.tier_calendar import minutes
from jobs.catalog_load import Catalogue
from streams.models.catalog import Calendar, CatalogObject, Condition, HolidaySet, Rounding, Tier, Window

Path = tuple[int | str, ...]


def tiers_named(catalogue: Catalogue) -> Iterator[tuple[CatalogObject, Path, str]]:
    """Every tier that a calendar or a policy names, and where."""
    for calendar in catalogue.all(Calendar):
        yield calendar, ("otherwise",), calendar.otherwise
        for path, window in _windows(calendar):
            yield calendar, (*path, "tier"), window.tier
        for n, rule in enumerate(calendar.emergency):
            yield calendar, ("emergency", n, "tier"), rule.tier
            for name, condition in _conditions(calendar, n):
                for m, tier in enumerate(condition.within):
                    yield calendar, ("emergency", n, name, "within", m), tier
    for policy in catalogue.all(Rounding):
        for tier in policy.tier_minimums:
            yield policy, ("tier_minimums", tier), tier


def holidays_named(catalogue: Catalogue) -> Iterator[tuple[CatalogObject, Path, str, str | None]]:
    for calendar in catalogue.all(Calendar):
        for path, window in _windows(calendar):
            yield calendar, (*path, "holidays"), "holiday_set", window.holidays


def tiers_of(calendar: Calendar) -> set[str]:
    """Every tier that the calendar can give."""
    named = {calendar.otherwise, *(window.tier for _, window in _windows(calendar))}
    return named | {rule.tier for rule in calendar.emergency}


def check_calendars(catalogue: Catalogue) -> None:
    for calendar in catalogue.all(Calendar):
        for path, window in _windows(calendar):
            _check_window(catalogue, calendar, path, window)
        for n in range(len(calendar.emergency)):
            for name, condition in _conditions(calendar, n):
                if condition == Condition():
                    place = catalogue.place(calendar, "emergency", n, name)
                    remedy = "add one of priority, requested_by, scheduled, response_target_below_minutes, waivers"
                    catalogue.report("error", "no_condition", place, f"`{name}` names no fact: it never holds", remedy)
    for named in catalogue.all(HolidaySet):
        if named.country is None and not named.dates:
            place = catalogue.place(named, "id")
            catalogue.report("error", "no_holidays", place, "neither country nor dates", "add `country: US`")
        elif not is_known(named):
            whole = f"{named.country}, {named.subdivision}" if named.subdivision else f"{named.country}"
            place = catalogue.place(named, "country")
            catalogue.report("error", "holidays_unknown", place, f"no holidays are known of {whole}",
                             "write ISO codes such as US and NY, or list `dates:`")  # fmt: skip
        if named.subdivision is not None and named.country is None:
            place = catalogue.place(named, "subdivision")
            catalogue.report("error", "holidays_unknown", place, "a subdivision of no country", "add `country:`")
    for tier in catalogue.all(Tier):
        if " + " in tier.id:
            place = catalogue.place(tier, "id")
            catalogue.report("error", "bad_value", place, "` + ` joins tiers that hold at once", "choose another id")


def _check_window(catalogue: Catalogue, calendar: Calendar, path: Path, window: Window) -> None:
    if not (window.days or window.dates or window.holidays):
        place = catalogue.place(calendar, *path)
        catalogue.report(
            "error", "window_without_days", place, "the window names no day", "add days, dates or holidays"
        )
    begin, finish = minutes(window)
    if finish <= begin:
        place = catalogue.place(calendar, *path, "until")
        catalogue.report("error", "window_of_no_length", place, "ends before it begins", "check until and until_day")


def _windows(calendar: Calendar) -> Iterator[tuple[Path, Window]]:
    for name, windows in (("windows", calendar.windows), ("premiums", calendar.premiums)):
        for n, window in enumerate(windows):
            yield (name, n), window


def _conditions(calendar: Calendar, n: int) -> Iterator[tuple[str, Condition]]:
    rule = calendar.emergency[n]
    yield "when", rule.when
    if rule.waived_when is not None:
        yield "waived_when", rule.waived_when
