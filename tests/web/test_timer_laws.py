"""Timers without a server: when a click was, what a correction makes of a timer, and what is shown of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from billing.doubt import known
from billing.pairing import pair
from billing.spans import Spans, intersect, union
from streams.models.event import Event
from streams.models.instant import from_ms
from streams.models.interval import Interval
from streams.models.work import Work
from web.timer_actions import OLDEST_MS, Change, Moment, Owner, corrections, moment
from web.timer_board import Rules, Timer, show

DANA = Owner("main", "dana")
BASE = int(datetime(2026, 3, 2, 9, 0, tzinfo=UTC).timestamp()) * 1000
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def when(minute: float) -> Moment:
    return Moment(BASE + round(minute * 60_000), "observed", {})


def timer_of(*clicks: tuple[str, float], name: str = "timer-one") -> Timer:
    timer = Timer(name, DANA.activity(name))
    for number, (phase, minute) in enumerate(clicks):
        timer.add(DANA.signal(name, f"k{number}", phase, when(minute)))  # type: ignore[arg-type]
    return timer


# When


def test_a_clock_that_is_nearly_right_is_believed_so_that_a_retry_is_the_same_event() -> None:
    clicked = NOW - timedelta(seconds=40)
    first = moment(clicked, NOW, BASE + 3_000)
    again = moment(clicked, NOW + timedelta(seconds=30), BASE + 33_000)
    assert first == again == Moment(BASE - 40_000, "observed", {})


def test_a_wrong_clock_tells_only_how_long_ago_it_was_and_is_kept() -> None:
    hour = timedelta(hours=1)
    found = moment(NOW + hour - timedelta(seconds=90), NOW + hour, BASE)
    assert found is not None
    assert (found.ms, found.basis) == (BASE - 90_000, "server")
    assert found.native == {"client_at": "2026-03-02T09:58:30+00:00", "client_skew_s": 3600}


def test_without_a_clock_ours_counts() -> None:
    assert moment(None, NOW, BASE) == Moment(BASE, "server", {})
    late = moment(NOW - timedelta(minutes=5), None, BASE)
    assert late is not None
    assert (late.ms, late.basis) == (BASE, "server"), "a lone instant far off could be a wrong clock"


def test_a_click_of_another_week_is_refused() -> None:
    assert moment(from_ms(BASE - OLDEST_MS), NOW, BASE) is not None
    assert moment(from_ms(BASE - OLDEST_MS - 1), NOW, BASE) is None


def test_the_same_click_is_the_same_event_and_another_technicians_is_not() -> None:
    one = DANA.signal("timer-one", "k", "stop", when(1))
    assert one == DANA.signal("timer-one", "k", "stop", when(1))
    erin = Owner("main", "erin").signal("timer-one", "k", "stop", when(1))
    assert len({one.id, DANA.signal("timer-one", "k2", "stop", when(1)).id, erin.id}) == 3
    assert one.activity_id != erin.activity_id


# Corrections

CLICKS = st.lists(st.tuples(st.sampled_from(["pause", "resume", "stop"]), st.integers(1, 20)), max_size=6, unique=True)


def now_holds(timer: Timer, change: Change, revision: int = 7) -> tuple[Interval, list[Event]]:
    signals = timer.signals()
    spans = timer.interval.spans
    until = None if timer.interval.open_from is not None or not spans else spans[-1][1] * 1000
    stop = DANA.signal(timer.id, "own", "stop", when(99))
    made = corrections(signals, until, change, ("forgot_to_stop", "c1", revision), stop)
    facts = [*timer.facts.values(), *(known(event) for event in made)]
    return pair(facts).interval, made


def seconds(minute: int) -> int:
    return BASE // 1000 + minute * 60


def wanted(before: Interval, end: int) -> Spans:
    """The stretches there were, cut at the end, or the last one carried on to it."""
    spans = list(before.spans)
    if before.open_from is not None:
        spans.append((before.open_from, end))
    elif spans:
        spans[-1] = (spans[-1][0], max(spans[-1][1], end))
    return intersect(spans, ((before.start, end),))


@settings(max_examples=300, deadline=None, derandomize=True)
@given(CLICKS, st.integers(0, 25))
def test_a_corrected_end_keeps_every_pause_before_it(clicks: list[tuple[str, int]], end: int) -> None:
    timer = timer_of(("start", 0), *clicks)
    interval, made = now_holds(timer, Change(ended=BASE + end * 60_000))
    assert interval.spans == wanted(timer.interval, seconds(end))
    assert interval.open_from is None
    assert interval.end is not None
    assert interval.end <= seconds(end), "earlier only where an earlier stop was never taken back"
    assert all(event.correction == "forgot_to_stop" and event.revision == 7 for event in made)
    assert "corrected" in interval.flags or not made


@settings(max_examples=300, deadline=None, derandomize=True)
@given(CLICKS, st.integers(-10, 0))
def test_an_earlier_start_adds_what_lies_before(clicks: list[tuple[str, int]], start: int) -> None:
    timer = timer_of(("start", 0), *clicks)
    interval, _ = now_holds(timer, Change(started=BASE + start * 60_000))
    before = timer.interval
    assert interval.start == seconds(start)
    if before.spans:
        assert interval.spans == union((*before.spans, (seconds(start), before.spans[0][0])))
    assert (interval.end, interval.open_from is None) == (before.end, before.open_from is None)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(CLICKS, st.integers(0, 20), st.integers(0, 20))
def test_a_correction_lies_inside_its_bounds_and_a_second_one_replaces_it(
    clicks: list[tuple[str, int]], start: int, length: int
) -> None:
    timer = timer_of(("start", 0), *clicks)
    bounds = Change(started=BASE + start * 60_000, ended=BASE + (start + length) * 60_000)
    interval, made = now_holds(timer, bounds)
    assert interval.start == seconds(start)
    assert interval.end is not None
    assert interval.end <= seconds(start + length)
    for event in made:
        timer.add(event)
    again, _ = now_holds(timer, Change(ended=BASE + (start + 50) * 60_000), revision=8)
    assert not length or again.spans[-1][1] == seconds(start + 50)


def test_another_ticket_leaves_the_minutes_alone() -> None:
    timer = timer_of(("start", 0), ("pause", 5), ("resume", 8), ("stop", 20))
    interval, made = now_holds(timer, Change(ticket="t9"))
    assert interval.ticket is not None
    assert (interval.ticket.native_id, interval.spans) == ("t9", timer.interval.spans)
    assert len(made) == 1


# What is shown


def states(*timers: Timer, works: dict[str, Work] | None = None, minute: int = 30, **rules: Any) -> dict[str, str]:
    found = show(timers, works or {}, Rules(**rules), seconds(minute))
    return {one.timer.id: one.state for one in found}


def inferred(timer: Timer, minute: int) -> Work:
    spans = ((seconds(0), seconds(minute)),)
    return Work(tenant="main", id=timer.activity, kind="ticket_timer", spans=spans, flags=("estimated_end",))


def test_the_next_timer_ends_the_one_before_unless_several_are_allowed() -> None:
    one, two = timer_of(("start", 0), name="timer-one"), timer_of(("start", 10), name="timer-two")
    assert states(one, two) == {"timer-one": "superseded", "timer-two": "running"}
    assert states(one, two, single=False) == {"timer-one": "running", "timer-two": "running"}


def test_a_resumed_timer_runs_beside_the_one_it_was_left_for() -> None:
    one = timer_of(("start", 0), ("pause", 10), ("resume", 20), name="timer-one")
    two = timer_of(("start", 10), ("pause", 20), name="timer-two")
    assert states(one, two) == {"timer-one": "running", "timer-two": "paused"}


def test_a_timer_past_its_cap_is_forgotten_and_shows_what_link_inferred() -> None:
    timer = timer_of(("start", 0))
    assert states(timer, minute=479) == {"timer-one": "running"}
    work = inferred(timer, 42)
    [shown] = show([timer], {timer.activity: work}, Rules(), seconds(481))
    assert (shown.state, shown.estimated) == ("forgotten", seconds(42))


def test_an_inference_from_before_a_click_does_not_hold() -> None:
    timer = timer_of(("start", 0), ("pause", 50), ("resume", 60))
    work = inferred(timer, 42)
    assert states(timer, works={timer.activity: work}, minute=70) == {"timer-one": "running"}
