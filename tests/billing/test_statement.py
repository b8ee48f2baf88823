"""A client's work → rows: the acceptance vectors of tiers, zones and months, dispositions, conservation, trail."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.models.catalog import (
    Calendar,
    CatalogObject,
    Client,
    Contract,
    RateCard,
    RateLine,
    Rounding,
    Service,
    Tier,
)
from streams.models.entry import Entry
from streams.models.interval import Span
from streams.models.work import Step, Work
from tests.billing.rate_kit import (
    LAWS,
    NEW_YORK,
    at,
    catalogue,
    money,
    office_hours,
    rated,
    span,
    with_calendar,
    work,
    worked,
)

TUESDAY = "2026-01-13"


def office(zone: str = "UTC", multiplier: str = "1.5", **rounding: Any) -> list[CatalogObject]:
    return with_calendar([*catalogue(zone, **rounding), *office_hours(multiplier)])


def windows(*rows: tuple[list[str], str, str, str], otherwise: str = "standard") -> Calendar:
    keys = ("days", "from", "until", "tier")
    return Calendar.model_validate(
        {"id": "std", "windows": [dict(zip(keys, row, strict=True)) for row in rows], "otherwise": otherwise}
    )


def segments(*rows: Entry) -> list[tuple[str, int, str, int]]:
    """Tier, billed minutes, rate, amount."""
    return [(one.tier, one.billed_seconds // 60, one.rate, one.amount) for row in rows for one in row.segments]


def test_tz1_split_at_close() -> None:
    (row,) = rated(office(), work("w", span(f"{TUESDAY} 16:30", f"{TUESDAY} 18:45")))
    assert segments(row) == [("standard", 30, "100.00", 50_00), ("after_hours", 105, "150.00", 262_50)]
    assert row.amount == 312_50


def test_tz2_overnight() -> None:
    (row,) = rated(office(), work("w", span(f"{TUESDAY} 07:00", "2026-01-14 07:00")))
    assert [(tier, length // 60) for tier, length, _, _ in segments(row)] == [
        ("after_hours", 1),
        ("standard", 9),
        ("after_hours", 14),
    ]
    assert row.amount == 3150_00


def test_tz4_the_client_s_clock_decides() -> None:
    evening_in_london = work("w", span(f"{TUESDAY} 22:30", f"{TUESDAY} 23:30"))
    assert money(rated(office("America/Los_Angeles"), evening_in_london)) == 100
    assert money(rated(office("Europe/London"), evening_in_london)) == 150


def test_a_calendar_may_have_a_zone_of_its_own() -> None:
    objects = [one for one in office("Europe/London") if not isinstance(one, Calendar)]
    there = Calendar.model_validate(office_hours()[0].model_dump(by_alias=True) | {"zone": "America/Los_Angeles"})
    (row,) = rated([*objects, there], work("w", span(f"{TUESDAY} 22:30", f"{TUESDAY} 23:30")))
    assert (row.zone, row.amount) == ("Europe/London", 100_00)


def test_tz5_a_weekend_that_starts_on_friday_at_five() -> None:
    weekend = windows((["fri"], "17:00", "24:00", "weekend"), (["sat", "sun"], "00:00", "24:00", "weekend"))
    objects = [*with_calendar(catalogue(NEW_YORK)), weekend, Tier(id="weekend", multiplier=Decimal(2))]
    (row,) = rated(objects, work("w", span("2026-06-05 16:30", "2026-06-05 17:30", NEW_YORK)))
    assert [amount for *_, amount in segments(row)] == [50_00, 100_00]
    assert row.amount == 150_00


def test_tz20_each_hour_by_its_own_day() -> None:
    weekend = windows((["sat", "sun"], "00:00", "24:00", "weekend"))
    objects = [*with_calendar(catalogue()), weekend, Tier(id="weekend", multiplier=Decimal("1.5"))]
    assert money(rated(objects, work("w", span("2026-06-05 22:00", "2026-06-06 02:00")))) == 500


@pytest.mark.parametrize(
    ("vector", "zone", "start", "end", "expected"),
    [
        ("TZ12: spring forward", NEW_YORK, at("2026-03-08 01:30", NEW_YORK), at("2026-03-08 03:30", NEW_YORK), 60),
        ("TZ13: fall back", NEW_YORK, at("2026-11-01 00:30", NEW_YORK), at("2026-11-01 02:30", NEW_YORK), 180),
        ("TZ14: repeated hour", NEW_YORK, at("2026-11-01 01:15", NEW_YORK), at("2026-11-01 01:45", NEW_YORK, 1), 90),
        ("TZ16: London", "Europe/London", at("2026-03-29 00:30", "Europe/London"),
         at("2026-03-29 02:30", "Europe/London"), 60),
    ],
)  # fmt: skip
def test_durations_are_elapsed_time(vector: str, zone: str, start: int, end: int, expected: int) -> None:
    (row,) = rated(catalogue(zone, rate="200"), work("w", (start, end)))
    assert row.quantity_seconds == expected * 60, vector
    assert row.amount == expected * 200_00 // 60


def test_tz17_a_window_that_starts_inside_the_gap() -> None:
    night = windows((["sun"], "02:30", "06:00", "after_hours"))
    objects = [*with_calendar(catalogue(NEW_YORK)), night, Tier(id="after_hours", multiplier=Decimal("1.5"))]
    (row,) = rated(objects, work("w", span("2026-03-08 06:30", "2026-03-08 08:00")))
    assert [(one.tier, one.start) for one in row.segments] == [
        ("standard", at("2026-03-08 06:30")),
        ("after_hours", at("2026-03-08 07:00")),
    ]


def test_tz18_midnight_at_the_month_s_end() -> None:
    rows = rated(catalogue(), work("w", span("2026-01-31 23:00", "2026-02-01 01:00")))
    assert [(row.identity.period, row.local_date, row.quantity_seconds) for row in rows] == [
        ("2026-01", "2026-01-31", 3600),
        ("2026-02", "2026-02-01", 3600),
    ]


def test_tz19_the_period_is_the_client_s() -> None:
    (row,) = rated(catalogue(NEW_YORK), work("w", span("2026-02-01 03:30", "2026-02-01 04:00")))
    assert (row.identity.period, row.local_date) == ("2026-01", "2026-01-31")


def test_a_client_s_own_zone_goes_before_the_organisation_s() -> None:
    objects = [one for one in catalogue(NEW_YORK) if not isinstance(one, Client)]
    hour = work("w", span("2026-02-01 03:30", "2026-02-01 04:00"))
    (row,) = rated([*objects, Client(id="acme", zone="UTC")], hour)
    assert (row.zone, row.identity.period, row.flags) == ("UTC", "2026-02", ())
    (row,) = rated([*objects, Client(id="acme", zone="Eastern Standard Time")], hour)
    assert (row.zone, row.identity.period, row.flags) == (NEW_YORK, "2026-01", ("zone_unknown",))


def test_rs2_the_last_segment_gets_the_surplus() -> None:
    (row,) = rated(office(increment_minutes=15), work("w", span(f"{TUESDAY} 16:50", f"{TUESDAY} 17:04")))
    assert segments(row) == [("standard", 10, "100.00", 16_67), ("after_hours", 5, "150.00", 12_50)]
    assert (row.amount, row.worked_seconds, row.rounding_seconds, row.quantity_seconds) == (29_17, 840, 60, 900)


def test_rd1_and_mn1_the_worked_time_stays() -> None:
    (short,) = rated(catalogue(increment_minutes=15), work("w", span(f"{TUESDAY} 10:00", f"{TUESDAY} 10:05")))
    (least,) = rated(catalogue(minimum_minutes=60), worked(20))
    assert (short.worked_seconds, short.quantity_seconds) == (300, 900)
    assert (least.worked_seconds, least.quantity_seconds, least.amount) == (1200, 3600, 100_00)


def test_a_row_is_the_sum_of_its_segments() -> None:
    """10 min at 100 and 20 min at 200: 16.67 + 66.67 = 83.34."""
    (row,) = rated(office(multiplier="2"), work("w", span(f"{TUESDAY} 16:50", f"{TUESDAY} 17:20")))
    assert [amount for *_, amount in segments(row)] == [16_67, 66_67]
    assert (row.amount, row.exact) == (83_34, "83.333333")


def test_pauses_do_not_break_a_segment_and_another_tier_between_does() -> None:
    morning = (span(f"{TUESDAY} 09:00", f"{TUESDAY} 09:10"), span(f"{TUESDAY} 11:00", f"{TUESDAY} 11:10"))
    (row,) = rated(office(), work("w", *morning))
    assert segments(row) == [("standard", 20, "100.00", 33_33)]
    day = (*morning, span(f"{TUESDAY} 20:00", f"{TUESDAY} 20:10"), span("2026-01-14 09:00", "2026-01-14 09:10"))
    (row,) = rated(office(), work("w", *day))
    assert [tier for tier, *_ in segments(row)] == ["standard", "after_hours", "standard"]


@pytest.mark.parametrize(
    ("given_", "disposition", "reason", "risk"),
    [
        ({}, "billed", "", 0),
        ({"technician": None, "who": "x"}, "unlinked", "technician_unknown", 100_00),
        ({"path": "none", "reason": "ticket_unknown"}, "unlinked", "ticket_unknown", 100_00),
        ({"authenticated": False}, "unconfirmed", "not_authenticated", 100_00),
        ({"billable": False}, "non_billable", "marked_non_billable", 0),
        ({"billable": True}, "billed", "", 0),
        ({"service": "lunch"}, "non_billable", "service_not_billable", 0),
    ],
)
def test_dispositions(given_: dict[str, Any], disposition: str, reason: str, risk: int) -> None:
    objects = [*catalogue(), Service(id="break", match=["lunch"], billable=False)]
    (row,) = rated(objects, worked(60, **given_))
    assert (row.disposition, row.reason, row.risk_amount) == (disposition, reason, risk)
    assert row.amount == (100_00 if disposition == "billed" else 0)
    assert row.quantity_seconds == 3600


def test_our_own_work_is_not_billable() -> None:
    objects = [one for one in catalogue() if not isinstance(one, Client)]
    (row,) = rated([*objects, Client(id="acme", internal=True)], worked(60))
    assert (row.disposition, row.reason, row.risk_amount) == ("non_billable", "internal_client", 0)


def test_work_of_no_known_client_is_shown_in_the_organisation_s_month() -> None:
    unknown = work("w", span("2026-02-01 03:30", "2026-02-01 04:30"), client=None, path="none", reason="client_unknown")
    (row,) = rated(catalogue(NEW_YORK), unknown, client="")
    assert (row.identity.client, row.identity.period, row.zone) == ("", "2026-01", NEW_YORK)
    assert (row.disposition, row.reason, row.risk_amount) == ("unlinked", "client_unknown", 100_00)


def test_a_stop_without_a_start_shows_at_once() -> None:
    orphan = work("w", (at(f"{TUESDAY} 10:00"),) * 2, client=None, path="none", reason="orphan_stop")
    (row,) = rated(catalogue(increment_minutes=15), orphan, client="")
    assert (row.disposition, row.quantity_seconds, row.risk_amount, row.start) == (
        "orphan_stop",
        0,
        0,
        at(f"{TUESDAY} 10:00"),
    )


@pytest.mark.parametrize("state", ["running", "absorbed", "void"])
def test_only_work_that_is_done_has_rows(state: str) -> None:
    assert rated(catalogue(), worked(60, state=state)) == []


def test_time_that_another_client_pays_too_is_counted_once_as_hours() -> None:
    shared = (span(f"{TUESDAY} 10:30", f"{TUESDAY} 11:30"),)
    (row,) = rated(catalogue(), work("w", span(f"{TUESDAY} 10:00", f"{TUESDAY} 11:00"), shared=shared))
    assert (row.worked_seconds, row.overlap_seconds, row.amount) == (3600, 1800, 100_00)


def test_overlap_is_divided_over_months() -> None:
    shared = (span("2026-01-31 23:30", "2026-02-01 00:10"),)
    rows = rated(catalogue(), work("w", span("2026-01-31 23:00", "2026-02-01 01:00"), shared=shared))
    assert [row.overlap_seconds for row in rows] == [1800, 600]


def test_the_service_is_the_longest_match_then_the_smaller_id() -> None:
    services = [
        Service(id="all", match=["*"]),
        Service(id="remote", match=["remote.*"]),
        Service(id="b", match=["remote.desktop"]),
        Service(id="a", match=["remote.desktop"]),
        Service(id="exact"),
    ]
    texts = ("remote.desktop", "remote.shell", "other", "exact")
    rows = rated([*catalogue(), *services], *[worked(5, f"w{n}", service=text) for n, text in enumerate(texts)])
    assert [row.service for row in rows] == ["a", "remote", "all", "exact"]
    assert rated(catalogue(), worked(5, service="other"))[0].service == ""


def test_rows_come_in_order_of_start_and_id() -> None:
    works = [worked(5, "b"), worked(5, "c", start="2026-03-02 10:00"), worked(5, "a")]
    assert [row.identity.work for row in rated(catalogue(), *works)] == ["c", "a", "b"]


def test_the_trail_says_how_the_amount_came_about() -> None:
    linked = (Step("evidence", after="14 min"), Step("link", after="T1", rule="ticket"))
    (row,) = rated(office(increment_minutes=15), work("w", span(f"{TUESDAY} 16:50", f"{TUESDAY} 17:04"), trail=linked))
    assert row.trail[:2] == linked
    assert [(step.op, step.before, step.after, step.rule) for step in row.trail[2:]] == [
        ("contract", "", "acme-tm", ""),
        ("tier", "14 min", "10 min standard, 4 min after_hours", "std"),
        ("rounding", "14 min", "15 min", "policy"),
        ("rate", "", "100/h USD", "base/*"),
        ("amount", "16.666667", "10 min × 100.00/h = 16.67", "base/* standard"),
        ("amount", "12.5", "5 min × 150.00/h = 12.50", "base/* after_hours: 100 × 1.5"),
    ]


def test_the_trail_of_a_shared_scope_says_what_the_whole_came_to() -> None:
    up15 = catalogue(scope="ticket_day", increment_minutes=15)
    first, second = rated(up15, worked(5, "a"), worked(6, "b", technician="bob"))
    whys = [next(step.why for step in row.trail if step.op == "rounding") for row in (first, second)]
    assert whys == ["up to 15 min; ticket_day as a whole: 11 min → 15 min"] * 2
    assert [row.quantity_seconds for row in (first, second)] == [300, 600]


def test_the_trail_of_an_unbilled_row_says_what_it_would_have_brought() -> None:
    (row,) = rated(catalogue(), worked(30, authenticated=False))
    assert (row.trail[-1].op, row.trail[-1].before, row.trail[-1].after) == ("risk", "30 min", "50.00 USD")
    assert row.trail[1] == Step("link", after="T1", rule="ticket")
    (unknown,) = rated([one for one in catalogue() if not isinstance(one, RateCard)], worked(30))
    assert (unknown.disposition, unknown.trail[-1].why) == ("unpriced", "no rate is known for this service")


SPANS = st.lists(st.integers(0, 30_000), min_size=2, max_size=8).map(
    lambda steps: tuple(pair for pair in _pairs(steps) if pair[0] <= pair[1])
)


def _pairs(steps: list[int]) -> list[Span]:
    """Disjoint spans from alternate gaps and lengths, around a month's end with a change of clocks nearby."""
    out, now = [], at("2026-10-31 12:00")
    for gap, length in zip(steps[::2], steps[1::2], strict=False):
        out.append((now + gap, now + gap + length))
        now += gap + length
    return out


WORKS = st.lists(
    st.builds(
        lambda n, spans, ticket, billable: work(f"w{n}", *spans, ticket=ticket, billable=billable),
        st.integers(0, 99),
        SPANS,
        st.sampled_from(["T1", "T2", None]),
        st.sampled_from([None, False]),
    ),
    max_size=5,
    unique_by=lambda one: one.id,
)
POLICIES = st.builds(
    lambda increment, minimum, scope: {"increment_minutes": increment, "minimum_minutes": minimum, "scope": scope},
    st.sampled_from([0, 6, 15, 60]),
    st.sampled_from([0, 30]),
    st.sampled_from(["entry", "ticket_day"]),
)


@LAWS
@given(WORKS, POLICIES, st.sampled_from([NEW_YORK, "UTC", "Asia/Kolkata", "Pacific/Auckland"]), st.booleans())
def test_conservation(works: list[Work], policy: dict[str, Any], zone: str, changes: bool) -> None:
    """worked + rounding = quantity for every row and in total; every second of evidence is in one row."""
    objects = office(zone, **policy)
    if changes:  # another card and another contract from the first of the month
        card = {"id": "new", "from": date(2026, 11, 1), "lines": [RateLine(rate=Decimal("133.33"))]}
        contract = {"id": "new", "client": "acme", "from": date(2026, 11, 1), "rounding": "other"}
        other = Rounding(id="other", increment_minutes=10)
        objects += [RateCard.model_validate(card), Contract.model_validate(contract), other]
    rows = rated(objects, *works)
    by_work: dict[str, int] = defaultdict(int)
    for row in rows:
        by_work[row.identity.work] += row.worked_seconds
        assert row.worked_seconds + row.rounding_seconds == row.quantity_seconds
        assert sum(one.seconds for one in row.segments) == row.worked_seconds
        assert sum(one.billed_seconds for one in row.segments) == row.quantity_seconds
        assert sum(one.amount for one in row.segments) == row.amount
        assert all(one.seconds > 0 and one.start < one.end for one in row.segments)
        assert (row.disposition == "billed") == bool(not row.risk_currency)
    assert by_work == {one.id: one.seconds for one in works}
    assert rated(objects, *works[::-1]) == rows


@LAWS
@given(WORKS, st.integers(1, 60))
def test_up_never_takes_and_adds_less_than_one_increment_a_scope(works: list[Work], increment: int) -> None:
    for scope in ("entry", "ticket_day"):
        rows = rated(catalogue(increment_minutes=increment, scope=scope), *works)
        assert all(row.rounding_seconds >= 0 for row in rows)
        assert all(row.rounding_seconds == 0 or row.worked_seconds > 0 for row in rows)
    entries = rated(catalogue(increment_minutes=increment), *works)
    by_work: dict[str, int] = defaultdict(int)
    for row in entries:
        by_work[row.identity.work] += row.quantity_seconds
    for one in works:
        assert 0 <= by_work[one.id] - one.seconds < increment * 60
        assert by_work[one.id] % (increment * 60) == 0
