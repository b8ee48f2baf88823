"""Start, stop, pause, resume and heartbeat of one activity, read as stretches of work.

Order keeps the milliseconds; spans are floored to the second as they leave. A start or resume opens a stretch if
none runs, a pause or stop closes it, the second of two equal signals says nothing new. Once somebody has clicked,
signals that came by themselves change nothing any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from billing.spans import union
from streams.models.event import Event
from streams.models.interval import Close, Span

SKEW_MS = 120_000  # a stop this much before its start is a clock that is wrong, not a fact that is wrong
DIFFERS_MS = 2_000  # clocks and counters disagree by this much without anybody being wrong
HEARTBEAT_GAP_MS = 300_000

OPENING = ("start", "resume")
_ORDER = {"stop": 0, "pause": 1, "resume": 2, "start": 3, "heartbeat": 4}


class Reading(msgspec.Struct, frozen=True, gc=False):
    """What the signals amount to. Seconds; ``end`` None while it may go on; ``parked`` are stops that cannot hold."""

    start: int
    end: int | None
    spans: tuple[Span, ...] = ()
    open_from: int | None = None
    close: Close = "open"
    derived: bool = False
    flags: tuple[str, ...] = ()
    used: tuple[Event, ...] = ()
    parked: tuple[Event, ...] = ()


def ordered(signals: Sequence[tuple[str, Event]]) -> list[Event]:
    """Signals with their ids by (instant, stop < pause < resume < start < heartbeat, id)."""
    if len(signals) == 1:
        return [signals[0][1]]
    ranked = sorted(signals, key=lambda item: (_at(item[1]), _ORDER[item[1].phase], item[0]))
    return [event for _, event in ranked]


def read(signals: Sequence[Event]) -> Reading:
    """The stretches of ordered signals; at least one."""
    for event in signals:
        if event.phase in OPENING:
            return _timed(signals, event)
    stops = [event for event in signals if event.phase == "stop"]
    counted = [event for event in stops if event.duration_ms is not None and event.duration_ms >= 0]
    if counted:
        return _derived(counted[0])
    beats = [event for event in signals if event.phase in ("heartbeat", "stop")]
    if any(event.phase == "heartbeat" for event in beats):
        return _beaten(beats)
    lone = (stops or list(signals))[0]
    at = _at(lone) // 1000
    return Reading(at, at, close="orphan_stop", used=(lone,))


def too_early(stop: Event, opened_ms: int) -> bool:
    """Whether a start at ``opened_ms`` leaves this stop without anything to stop, beyond what skew explains."""
    return stop.phase == "stop" and opened_ms - _at(stop) > SKEW_MS


def _timed(signals: Sequence[Event], opening: Event) -> Reading:
    opened = _at(opening)
    parked: tuple[Event, ...] = ()
    early: list[Event] = []
    stops: list[Event] = []
    later = signals
    if signals[0].phase not in ("start", "resume"):
        parked = tuple([event for event in signals if too_early(event, opened)])
        stops = [event for event in signals if event.phase == "stop" and event.automatic <= opening.automatic]
        early = [event for event in stops if _at(event) <= opened and event not in parked]
        later = [event for event in signals if _at(event) >= opened and event not in early]
    run = _run(later)
    if early and not any(event in stops for event in later):
        skewed = any(_at(event) < opened for event in early)
        at = opened // 1000
        flags = ("skew",) if skewed else ()
        used = (*run.used[:1], early[-1])
        return Reading(at, at, close="skew" if skewed else "stop", flags=flags, used=used, parked=parked)
    start, last = run.spans[0][0] // 1000, run.closed
    going = run.running is not None or not run.stopped
    return Reading(
        start,
        None if going else max(start, (last or 0) // 1000),
        union([(lo // 1000, hi // 1000) for lo, hi in run.spans]),
        None if run.running is None else run.running // 1000,
        "open" if going else "stop",
        flags=_differing(run),
        used=tuple(run.used),
        parked=parked,
    )


@dataclass(slots=True)
class _Run:
    """The state machine. ``spans`` in ms; the one that runs is (opened, opened)."""

    spans: list[Span]
    used: list[Event]
    stops: list[Event]
    running: int | None = None
    stopped: bool = False
    clicked: bool = False  # somebody had a say, so what comes by itself has none
    closed: int | None = None


def _run(signals: Sequence[Event]) -> _Run:
    run = _Run([], [], [])
    for event in signals:
        at = _at(event)
        if event.automatic:
            if run.clicked:
                continue
        elif event.phase in OPENING or (run.spans and event.phase != "heartbeat"):
            if event.phase in OPENING and run.running is not None and not run.clicked:
                run.used.append(event)
            run.clicked = True
        if event.phase in OPENING and run.running is None:
            run.running, run.stopped = at, False
            run.spans.append((at, at))
            run.used.append(event)
        elif event.phase in ("pause", "stop") and run.spans:
            if run.running is not None:
                run.spans[-1] = (run.running, at)
                run.running = None
                run.used.append(event)
            if event.phase == "stop" and not run.stopped:
                run.stopped, run.closed = True, at
                run.stops.append(event)
                if run.used[-1] is not event:
                    run.used.append(event)
    return run


def _differing(run: _Run) -> tuple[str, ...]:
    """Where one stop tells the length of the whole: does it agree with the instants, pauses removed?"""
    if len(run.stops) != 1 or run.running is not None:
        return ()
    told = run.stops[0].duration_ms
    if told is None:
        return ()
    worked = sum(end - start for start, end in run.spans)
    return ("duration_differs",) if abs(worked - told) > DIFFERS_MS else ()


def _derived(stop: Event) -> Reading:
    end = _at(stop)
    start = (end - (stop.duration_ms or 0)) // 1000
    return Reading(start, end // 1000, union([(start, end // 1000)]), close="derived", derived=True, used=(stop,))


def _beaten(beats: Sequence[Event]) -> Reading:
    """Signs of life without a start: they join over gaps up to five minutes."""
    spans: list[Span] = []
    for event in beats:
        at = _at(event)
        if spans and at - spans[-1][1] <= HEARTBEAT_GAP_MS:
            spans[-1] = (spans[-1][0], at)
        else:
            spans.append((at, at))
    seconds = [(start // 1000, end // 1000) for start, end in spans]
    close: Close = "stop" if beats[-1].phase == "stop" else "derived"
    return Reading(seconds[0][0], seconds[-1][1], union(seconds), close=close, used=tuple(beats))


def _at(event: Event) -> int:
    assert event.at is not None  # events without their instant are parked before they come here
    return event.at
