"""Local days and tiers in every zone of the world, over every change of the clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.calendar import EPOCH, Zone, _names, zone_of
from billing.holiday_sets import is_holiday
from billing.tier_calendar import Piece, TierCalendar, minutes
from streams.models.catalog import Calendar, HolidaySet, Window
from tests.billing.rate_kit import LAWS, NEW_YORK, at, info_of

ZONES = sorted(_names())
DAYS = st.integers(date(2000, 1, 2).toordinal(), date(2099, 12, 30).toordinal())
INSTANTS = st.integers(at("2000-01-02 00:00"), at("2099-12-30 00:00"))
# Zones whose clocks do something rare: half hours, midnight changes, skipped days, changes of the date line.
ODD = [
    "America/St_Johns", "America/Sao_Paulo", "America/Havana", "Africa/Cairo", "Asia/Beirut", "Australia/Lord_Howe",
    "Pacific/Apia", "Pacific/Kiritimati", "Antarctica/Troll", "Africa/Casablanca", "Asia/Kathmandu", "America/Asuncion",
]  # fmt: skip
WINDOWS = st.lists(
    st.builds(
        lambda days, begin, finish, tier: Window.model_validate(
            {"days": days, "from": clock(begin), "until": clock(finish), "tier": tier}
        ),
        st.lists(st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]), min_size=1, unique=True),
        st.integers(0, 95),
        st.integers(0, 96),
        st.sampled_from(["standard", "weekend", "night"]),
    ),
    max_size=4,
)
WIDE = st.lists(
    st.builds(
        lambda days, dates, begins, ends, begin, finish: Window.model_validate(
            {"days": days, "dates": dates, "from_day": begins, "until_day": ends, "from": clock(begin),
             "until": clock(finish), "tier": "wide"}
        ),
        st.lists(st.sampled_from(["mon", "wed", "sun"]), max_size=1),
        st.lists(st.dates(date(2026, 3, 1), date(2026, 3, 14)), max_size=2),
        st.integers(-2, 0),
        st.integers(1, 3),
        st.integers(0, 95),
        st.integers(0, 96),
    ),
    max_size=3,
)  # fmt: skip


def clock(quarter: int) -> str:
    return f"{quarter // 4:02}:{quarter % 4 * 15:02}"


def zone(name: str) -> Zone:
    found = zone_of(name)
    assert found is not None
    return found


def wall(at_: int, info: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(at_, UTC).astimezone(info).replace(tzinfo=None)


def merged(pieces: list[Piece]) -> list[Piece]:
    """Neighbours of one tier as one piece."""
    out: list[Piece] = []
    for start, end, tier in pieces:
        if out and out[-1][1] == start and out[-1][2] == tier:
            out[-1] = (out[-1][0], end, tier)
        else:
            out.append((start, end, tier))
    return out


def test_an_unknown_zone_is_none() -> None:
    assert zone_of("Eastern Standard Time") is None
    assert zone_of("../etc/passwd") is None


def test_midnight_that_does_not_exist_is_the_first_instant_after() -> None:
    """Clocks in Beirut went from 2026-03-29 00:00 to 01:00."""
    day = date(2026, 3, 29).toordinal()
    assert zone("Asia/Beirut").midnight(day) == at("2026-03-28 22:00")
    assert zone("Asia/Beirut").day(at("2026-03-28 22:00")).date == "2026-03-29"
    assert zone("Asia/Beirut").day(at("2026-03-28 21:59:59")).date == "2026-03-28"


def test_a_midnight_that_comes_twice_is_the_first() -> None:
    """Clocks in Havana went from 01:00 back to 00:00 on 2024-11-03."""
    day = zone("America/Havana").day(at("2024-11-03 12:00"))
    assert (day.start, day.end - day.start) == (at("2024-11-03 04:00"), 25 * 3600)


def test_a_day_that_was_skipped_is_empty() -> None:
    """There was no 30 December 2011 in Samoa."""
    apia, day = zone("Pacific/Apia"), date(2011, 12, 30).toordinal()
    assert apia.midnight(day) == apia.midnight(day + 1)
    assert apia.day(apia.midnight(day)).date == "2011-12-31"


def test_tz17_a_window_edge_inside_the_gap() -> None:
    calendar = Calendar.model_validate(
        {"id": "c", "windows": [{"days": ["sun"], "from": "02:30", "until": "06:00", "tier": "night"}]}
    )
    pieces = list(TierCalendar(calendar, zone(NEW_YORK)).split(at("2026-03-08 06:00"), at("2026-03-08 08:00")))
    assert pieces == [
        (at("2026-03-08 06:00"), at("2026-03-08 07:00"), "after_hours"),
        (at("2026-03-08 07:00"), at("2026-03-08 08:00"), "night"),
    ]


def test_the_first_window_that_fits_wins_and_one_may_end_the_next_day() -> None:
    calendar = Calendar.model_validate(
        {
            "id": "c",
            "windows": [
                {"days": ["fri"], "from": "22:00", "until": "02:00", "tier": "night"},
                {"days": ["sat"], "from": "00:00", "until": "24:00", "tier": "weekend"},
            ],
            "otherwise": "standard",
        }
    )
    pieces = merged(list(TierCalendar(calendar, zone("UTC")).split(at("2026-06-05 21:00"), at("2026-06-07 01:00"))))
    assert pieces == [
        (at("2026-06-05 21:00"), at("2026-06-05 22:00"), "standard"),
        (at("2026-06-05 22:00"), at("2026-06-06 02:00"), "night"),
        (at("2026-06-06 02:00"), at("2026-06-07 00:00"), "weekend"),
        (at("2026-06-07 00:00"), at("2026-06-07 01:00"), "standard"),
    ]


@pytest.mark.parametrize("name", ZONES)
def test_the_days_of_a_year_follow_each_other_in_every_zone(name: str) -> None:
    """No second of 2026 is in two local days or in none, and noon is where the wall clock has it."""
    place, info = zone(name), info_of(name)
    first = date(2026, 1, 1).toordinal()
    starts = [place.midnight(first + n) for n in range(366)]
    assert all(22 * 3600 <= end - start <= 26 * 3600 for start, end in pairwise(starts))
    for n in range(0, 365, 7):
        noon = place.instant(first + n, 720)
        assert wall(noon, info) == datetime.fromordinal(first + n) + timedelta(hours=12)
        assert place.day(noon).date == date.fromordinal(first + n).isoformat()


@LAWS
@given(st.one_of(st.sampled_from(ODD), st.sampled_from(ZONES)), DAYS, st.integers(0, 1439))
def test_a_wall_clock_time_is_the_first_instant_that_shows_it_or_later(name: str, day: int, minute: int) -> None:
    """Against the definition, minute by minute."""
    info = info_of(name)
    shown = datetime.fromordinal(day) + timedelta(minutes=minute)
    around = (day - EPOCH) * 86_400 + minute * 60
    first = next(at_ for at_ in range(around - 30 * 3600, around + 30 * 3600, 60) if wall(at_, info) >= shown)
    assert zone(name).instant(day, minute) == first


@LAWS
@given(st.one_of(st.sampled_from(ODD), st.sampled_from(ZONES)), INSTANTS)
def test_every_instant_lies_in_the_day_that_holds_it(name: str, at_: int) -> None:
    day = zone(name).day(at_)
    assert day.start <= at_ < day.end
    assert (day.start, day.end) == (zone(name).midnight(day.ordinal), zone(name).midnight(day.ordinal + 1))
    assert day.period == day.date[:7]


@LAWS
@given(st.sampled_from(ODD + ZONES), WINDOWS, INSTANTS, st.tuples(*[st.integers(0, 200_000)] * 2))
def test_cutting_loses_nothing(name: str, windows: list[Window], start: int, lengths: tuple[int, int]) -> None:
    """split(a, b) + split(b, c) = split(a, c), and the pieces are the span."""
    calendar = TierCalendar(Calendar(id="c", windows=windows), zone(name))
    middle, end = start + lengths[0], start + sum(lengths)
    pieces = list(calendar.split(start, end))
    assert merged([*calendar.split(start, middle), *calendar.split(middle, end)]) == merged(pieces)
    assert sum(stop - begin for begin, stop, _ in pieces) == end - start
    assert all(begin < stop for begin, stop, _ in pieces)


@LAWS
@given(st.sampled_from(ZONES), WINDOWS, INSTANTS)
def test_a_tier_is_what_the_wall_clock_says(name: str, windows: list[Window], at_: int) -> None:
    """Against a reading of the wall clock, wherever the clocks did not change within two days."""
    info = info_of(name)
    calendar = TierCalendar(Calendar(id="c", windows=windows, otherwise="other"), zone(name))
    (_, _, tier), *_ = calendar.split(at_, at_ + 1)
    offsets = {wall(at_ + hours * 3600, info) - wall(at_, info) == timedelta(hours=hours) for hours in range(-48, 49)}
    if offsets == {True}:
        assert tier == next((w.tier for w in windows if covers(w, wall(at_, info))), "other")


def covers(window: Window, shown: datetime) -> bool:
    names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    today, yesterday = names[shown.weekday()] in window.days, names[shown.weekday() - 1] in window.days
    now = f"{shown:%H:%M}"
    if window.from_ < window.until:
        return today and window.from_ <= now < window.until
    return (today and window.from_ <= now) or (yesterday and now < window.until)


@LAWS
@given(WINDOWS, WIDE, st.sampled_from([*ODD, NEW_YORK]), st.integers(at("2026-03-01 00:00"), at("2026-03-14 00:00")))
def test_a_tier_at_an_instant_is_what_the_windows_say(
    windows: list[Window], wide: list[Window], name: str, instant: int
) -> None:
    """Each instant looked up on its own, window by window, from ten days before to ten days after."""
    calendar = Calendar(id="c", windows=[*wide, *windows], premiums=wide, otherwise="other")
    place = zone(name)
    (piece,) = list(TierCalendar(calendar, place).stacks(instant, instant + 1))

    def covers(window: Window) -> bool:
        for ordinal in range(place.day(instant).ordinal - 10, place.day(instant).ordinal + 11):
            day = date.fromordinal(ordinal)
            if day.strftime("%a").lower() not in window.days and day not in window.dates:
                continue
            begin, finish = minutes(window)
            if place.instant(ordinal, begin) <= instant < place.instant(ordinal, finish):
                return True
        return False

    first = next((one.tier for one in [*wide, *windows] if covers(one)), "other")
    assert piece[2] == tuple(dict.fromkeys([first, *(one.tier for one in wide if covers(one))]))


def test_holidays_of_a_country_come_a_year_at_a_time() -> None:
    """Christmas 2027 is a Saturday: in the United States the Friday before is observed, too."""
    named = HolidaySet.model_validate({"id": "us", "country": "US", "except": ["2027-07-05"], "dates": ["2027-07-06"]})
    days = [day for day in (date(2027, 1, 1) + timedelta(n) for n in range(365)) if is_holiday(named, day)]
    assert date(2027, 12, 24) in days
    assert date(2027, 12, 25) in days
    assert date(2027, 7, 4) in days
    assert date(2027, 7, 5) not in days
    assert date(2027, 7, 6) in days
    plain = named.model_copy(update={"observed": False})
    assert not is_holiday(plain, date(2027, 12, 24))
