"""The rules of pairing (rules.md J, formats.md section 8), one activity at a time."""

from __future__ import annotations

import pytest

from billing.pair import FEW, PairState
from streams.models.event import Event, Phase, Ref, TicketRef, encode_event
from streams.models.interval import Interval
from streams.models.parked import Parked
from tests.billing.making import BASE, event, row


def stepped(*events: Event) -> tuple[Interval, list[Parked]]:
    outcome = PairState().step(events)
    ((_, interval),) = outcome.outputs
    return interval, outcome.parked


def paired(*events: Event) -> Interval:
    interval, parked = stepped(*events)
    assert [item for item in parked if not item.void] == []
    return interval


def minutes(interval: Interval) -> float:
    return interval.seconds / 60


def test_pr1_retries_of_one_event_are_one_fact() -> None:
    state = PairState()
    outcomes = [state.step([event("start", 0), event("stop", 600)]) for _ in range(4)]
    assert all(outcome.outputs == outcomes[0].outputs for outcome in outcomes)
    assert [len(outcome.kept) for outcome in outcomes] == [2, 0, 0, 0]


def test_pr2_the_same_session_under_four_fresh_ids_is_one_interval() -> None:
    events = [event(phase, s, source_event_id=f"{n}{phase}") for n in range(4) for phase, s in PHASES]
    assert minutes(paired(*events)) == 10
    assert len(paired(*events).evidence) == 8


PHASES: tuple[tuple[Phase, int], ...] = (("start", 0), ("stop", 600))


def test_pr3_a_stop_that_arrives_before_its_start_waits_as_orphan_and_then_pairs() -> None:
    state = PairState()
    ((early, orphan),) = state.step([event("stop", 2400)]).outputs
    assert (orphan.close, orphan.seconds) == ("orphan_stop", 0)
    ((late, interval),) = state.step([event("start", 0)]).outputs
    assert (interval.close, minutes(interval)) == ("stop", 40)
    assert late > early


@pytest.mark.parametrize("before", [1, 3, 120])
def test_pr14_a_stop_up_to_120_s_before_its_start_is_zero_seconds_and_flagged(before: int) -> None:
    interval = paired(event("start", 200), event("stop", 200 - before))
    assert (interval.seconds, interval.close, interval.flags) == (0, "skew", ("skew",))
    assert interval.start == interval.end == BASE + 200


def test_pr14_beyond_120_s_the_stop_is_parked_and_the_interval_goes_on() -> None:
    interval, (parked,) = stepped(event("start", 200), event("stop", 79))
    assert (interval.close, interval.open_from) == ("open", BASE + 200)
    assert (parked.reason, parked.void) == ("stop_before_start", False)
    assert "121 s before" in parked.saw


def test_pr14_a_parked_stop_is_resolved_by_the_start_that_belongs_to_it() -> None:
    state = PairState()
    (before,) = state.step([event("start", 800), event("stop", 600)]).parked
    outcome = state.step([event("start", 0)])
    (after,) = outcome.parked
    assert (before.id, before.void, after.void) == (after.id, False, True)
    assert after.version > before.version
    assert outcome.outputs[0][1].spans == ((BASE, BASE + 600),)


def test_pr14_who_sees_all_at_once_answers_who_saw_a_part() -> None:
    """A worker that knew start and stop only has parked the stop: everyone who knows more voids it."""
    _, (parked,) = stepped(event("start", 0), event("stop", 600), event("start", 800))
    assert (parked.reason, parked.void) == ("stop_before_start", True)


def test_pr14_a_start_that_is_edited_still_answers_what_it_made_impossible() -> None:
    late, edited = (event("start", at, revision=rev, source_event_id="start") for at, rev in ((600, 1), (0, 2)))
    _, (parked,) = stepped(late, event("stop", 60))
    interval, (resolved,) = stepped(late, event("stop", 60), edited)
    assert (interval.seconds, parked.id, parked.void, resolved.void) == (60, resolved.id, False, True)


def test_pr14_a_record_that_ends_before_it_starts_is_parked_and_the_next_best_holds() -> None:
    good, bad = row(0, 600, 1, source_event_id="a"), row(500, 300, 2, source_event_id="b")
    interval, (parked,) = stepped(good, bad)
    assert (minutes(interval), parked.reason, parked.void) == (10, "negative_duration", False)
    interval, (parked,) = stepped(good, bad, row(0, 900, 3, source_event_id="c"))
    assert (minutes(interval), parked.void) == (15, True)


def test_pr14_a_record_that_cannot_hold_alone_gives_a_void_interval() -> None:
    interval, (parked,) = stepped(row(500, 300))
    assert interval.void
    assert not parked.void
    assert stepped(row(500, 380))[0].flags == ("skew",)


def test_pr15_a_stop_without_start_is_an_orphan_unless_it_tells_the_length() -> None:
    orphan = paired(event("stop", 600))
    assert (orphan.close, orphan.start, orphan.end, orphan.seconds) == ("orphan_stop", BASE + 600, BASE + 600, 0)
    derived = paired(event("stop", 600, duration_ms=599_000))
    assert (derived.close, derived.time_basis, derived.seconds, derived.end) == ("derived", "derived", 599, BASE + 600)


def test_pauses_are_subtracted_and_order_keeps_the_milliseconds() -> None:
    interval = paired(
        event("start", 0.9), event("pause", 60.2), event("resume", 60.7), event("pause", 120), event("stop", 180)
    )
    assert interval.spans == ((BASE, BASE + 120),)
    assert (interval.start, interval.end) == (BASE, BASE + 180)


def test_a_later_start_after_a_stop_opens_again() -> None:
    interval = paired(event("start", 0), event("stop", 60), event("start", 120))
    assert (interval.spans, interval.open_from, interval.end) == (((BASE, BASE + 60),), BASE + 120, None)


def test_a_start_at_the_instant_of_a_stop_goes_on() -> None:
    interval = paired(event("start", 0), event("stop", 60), event("start", 60), event("stop", 90))
    assert interval.spans == ((BASE, BASE + 90),)


def test_a_paused_timer_is_open_without_running() -> None:
    interval = paired(event("start", 0), event("pause", 60))
    assert (interval.close, interval.open_from, interval.end) == ("open", None, None)


def test_heartbeats_join_over_gaps_up_to_five_minutes() -> None:
    interval = paired(*(event("heartbeat", s) for s in (0, 300, 600, 901, 1000)))
    assert interval.spans == ((BASE, BASE + 600), (BASE + 901, BASE + 1000))
    assert interval.last_seen == BASE + 1000


def test_a_record_beats_start_and_stop_which_stay_as_evidence() -> None:
    interval = paired(event("start", 0), event("stop", 600), row(0, 480))
    assert (minutes(interval), interval.close, len(interval.evidence)) == (8, "interval", 3)


@pytest.mark.parametrize(
    ("told", "seconds", "flags"),
    [
        (600_000, 600, ()),
        (599_500, 600, ()),
        (480_000, 480, ("pauses_unplaced",)),
        (602_000, 600, ()),
        (602_001, 600, ("duration_differs",)),
    ],
)
def test_the_length_a_record_tells_places_pauses_or_is_flagged(told: int, seconds: int, flags: tuple[str, ...]) -> None:
    interval = paired(row(0, 600, duration_ms=told))
    assert (interval.seconds, interval.flags, interval.end) == (seconds, flags, BASE + 600)


def test_instants_count_where_a_stop_tells_another_length_pauses_removed() -> None:
    assert paired(event("start", 0), event("stop", 600, duration_ms=590_000)).flags == ("duration_differs",)
    pause = (event("pause", 100), event("resume", 110))
    assert paired(event("start", 0), *pause, event("stop", 600, duration_ms=590_000)).flags == ()


def test_the_largest_revision_then_digest_holds_in_any_order() -> None:
    edits = [row(0, 600, 5), row(0, 660, 5), row(0, 900, 4)]
    assert paired(*edits) == paired(*edits[::-1])
    assert minutes(paired(*edits)) in (10, 11)


def test_a_void_holds_until_a_newer_record() -> None:
    void = event("void", revision=2, source_event_id="s1/void")
    assert paired(row(0, 600, 1), void, event("start", 0)).void
    assert minutes(paired(row(0, 600, 3), void)) == 10


def test_two_edits_with_one_revision_change_the_count_and_so_the_version() -> None:
    """Laws: the sum of revisions does not grow, the number of facts does."""
    state = PairState()
    ((one, _),) = state.step([row(0, 600, 5)]).outputs
    ((two, _),) = state.step([row(0, 660, 5)]).outputs
    assert two >> 24 > one >> 24


def test_the_start_describes_and_the_stop_fills_what_it_lacks() -> None:
    start = event("start", 0, technician=Ref("dana"), service="remote.desktop")
    stop = event(
        "stop", 60, technician=Ref("erin"), device=Ref("ws1"), ticket=TicketRef("48213", "note"), billable=False
    )
    interval = paired(stop, start)
    assert interval.technician == Ref("dana")
    assert interval.device == Ref("ws1")
    assert interval.ticket == TicketRef("48213", "note")
    assert interval.billable is False


def test_unauthenticated_signals_make_the_interval_unconfirmed_until_a_record_confirms_it() -> None:
    signals = (event("start", 0), event("stop", 600, authenticated=False))
    assert not paired(*signals).authenticated
    assert paired(*signals, row(0, 600)).authenticated


def test_received_is_done_waiting_and_parked() -> None:
    state = PairState()
    state.step([event("start", 200), event("stop", 79), event("stop", 9, activity_id="s2", source_event_id="x")])
    counts = state.counts()
    assert (counts.received, counts.done, counts.waiting, counts.parked) == (3, 0, 2, 1)
    restored = PairState()
    for key, value in PairState().step([event("start", 0), event("stop", 600)]).kept:
        restored.restore(key, value)
    assert restored.counts().done == 2


def test_what_nobody_authenticated_takes_nothing_away_from_what_somebody_did() -> None:
    """A forged deletion with a high revision, or a forged early stop."""
    forged = event("void", revision=9, source_event_id="s1/void", authenticated=False)
    assert minutes(paired(row(0, 600), forged)) == 10
    assert paired(forged).void
    signals = (event("start", 0), event("stop", 600))
    assert paired(*signals, event("stop", 60, authenticated=False)).spans == paired(*signals).spans
    assert paired(*signals, event("stop", 60, authenticated=False)).authenticated


def test_an_activity_with_many_facts_tells_them_apart_all_the_same() -> None:
    beats = [event("heartbeat", minute * 60, source_event_id=str(minute)) for minute in range(3 * FEW)]
    state = PairState()
    assert [len(state.step([beat]).kept) for beat in beats] == [1] * len(beats)
    assert state.step(beats).kept == []
    restored = PairState()
    for beat in beats * 2:
        restored.restore(beat.entity, encode_event(beat))
    assert restored.counts() == state.counts()
    assert restored.step(beats[:1]).outputs == state.step(beats[:1]).outputs
