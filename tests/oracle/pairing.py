"""From events to intervals: what one timer, session or run amounts to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from streams.models.event import Event, Ref, TicketRef, encode_event
from streams.models.ids import digest

SKEW = 120_000  # ms
TOLERANCE = 2_000  # ms by which a length may differ from its instants
HEARTBEAT = 300_000  # ms
ORDER = {"stop": 0, "pause": 1, "resume": 2, "start": 3, "heartbeat": 4}


@dataclass
class Interval:
    """Instants in seconds. ``open_from``: it still runs since then. ``ended`` False: nobody said where it ends."""

    id: str
    kind: str
    source: str
    start: int = 0
    end: int = 0
    ended: bool = True
    spans: list[tuple[int, int]] = field(default_factory=list)
    open_from: int | None = None
    last_seen: int = 0
    unplaced: bool = False  # pauses of which only the length is known
    orphan: bool = False
    service: str = ""
    technician: Ref | None = None
    device: Ref | None = None
    client: Ref | None = None
    ticket: TicketRef | None = None
    contact: str = ""
    billable: bool | None = None
    authenticated: bool = True
    evidence: list[Event] = field(default_factory=list)


def intervals(events: Iterable[Event]) -> list[Interval]:
    """The interval of every activity that has one and was not deleted at its source."""
    activities: dict[str, dict[str, Event]] = defaultdict(dict)
    for event in events:
        activities[event.entity][event.fact_key()] = event
    found = [_interval(list(facts.values())) for _, facts in sorted(activities.items())]
    return [interval for interval in found if interval is not None]


def _age(event: Event) -> tuple[int, str]:
    return event.revision, digest(encode_event(event))


def _interval(facts: list[Event]) -> Interval | None:
    newest: dict[str, Event] = {}
    for event in facts:
        if event.id not in newest or _age(event) > _age(newest[event.id]):
            newest[event.id] = event
    signals = sorted((e for e in newest.values() if e.phase in ORDER), key=lambda e: (e.at, ORDER[e.phase], e.id))
    for event in sorted((e for e in newest.values() if e.phase not in ORDER), key=_age, reverse=True):
        if event.phase == "void":
            return None
        interval = _of_record(event)
        if interval is not None:
            interval.last_seen = max([interval.last_seen, *(_floor(e.at) for e in signals)])
            return _described(interval, [event, *signals], [event])
    opening = min((e.at or 0 for e in signals if e.phase in ("start", "resume")), default=0)
    signals = [e for e in signals if e.phase != "stop" or (e.at or 0) >= opening - SKEW]  # what lies before is parked
    if not signals:
        return None
    interval = _of_signals(signals)
    starts = [e for e in signals if e.phase == "start"][:1]
    return _described(interval, starts + [e for e in signals if e not in starts], signals)


def _floor(ms: int | None) -> int:
    assert ms is not None
    return ms // 1000


def _of_record(event: Event) -> Interval | None:
    """An interval fact; None where it ends more than two minutes before it starts."""
    assert event.started_at is not None
    start = _floor(event.started_at)
    interval = Interval(event.activity_id, event.kind, event.source, start, start, last_seen=start)
    if event.ended_at is None:
        interval.ended, interval.open_from = False, start
        return interval
    if event.ended_at < event.started_at:
        return interval if event.started_at - event.ended_at <= SKEW else None
    interval.end = interval.last_seen = _floor(event.ended_at)
    interval.spans = [(start, interval.end)]
    if event.duration_ms is not None and event.duration_ms <= (interval.end - start - 1) * 1000:
        interval.spans, interval.unplaced = [(start, start + event.duration_ms // 1000)], True
    return interval


def _of_signals(signals: list[Event]) -> Interval:
    first = signals[0]
    interval = Interval(first.activity_id, first.kind, first.source)
    interval.last_seen = _floor(signals[-1].at)
    begins = [e for e in signals if e.phase in ("start", "resume")]
    stops = [e for e in signals if e.phase == "stop"]
    if not begins and stops:
        return _only_stops(interval, stops[0])
    if not begins:
        return _heartbeats(interval, signals)
    opening = begins[0].at or 0
    early = [e for e in stops if (e.at or 0) <= opening]
    late = [e for e in stops if (e.at or 0) > opening]
    if early and not late:
        interval.start = interval.end = _floor(opening)
        return interval
    return _machine(interval, [e for e in signals if e not in early])


def _only_stops(interval: Interval, stop: Event) -> Interval:
    at = stop.at or 0
    interval.end = _floor(at)
    interval.start = _floor(at - (stop.duration_ms or 0))
    if stop.duration_ms is None:
        interval.orphan = True
    else:
        interval.spans = [(interval.start, interval.end)]
    return interval


def _heartbeats(interval: Interval, signals: list[Event]) -> Interval:
    beats = [e.at or 0 for e in signals]
    interval.start, interval.end = _floor(beats[0]), _floor(beats[-1])
    since = before = beats[0]
    for beat in [*beats[1:], None]:
        if beat is None or beat - before > HEARTBEAT:
            interval.spans.append((_floor(since), _floor(before)))
            since = beat or 0
        before = beat or 0
    return interval


def _machine(interval: Interval, signals: list[Event]) -> Interval:
    """start and resume open a stretch where none runs, pause and stop end the one that runs."""
    running: int | None = None
    begun = False
    for event in signals:
        at = _floor(event.at)
        if event.phase in ("start", "resume"):
            interval.start, begun = (interval.start, True) if begun else (at, True)
            running = at if running is None else running
            interval.ended = False
        elif event.phase in ("pause", "stop"):
            if running is not None:
                interval.spans.append((running, at))
                interval.end = at
            running = None
            interval.ended = interval.ended or event.phase == "stop"
    interval.open_from = running
    return interval


def _described(interval: Interval, order: list[Event], proof: list[Event]) -> Interval:
    """Each field from the first event that has it."""
    interval.service = next((e.service for e in order if e.service), "")
    interval.technician = next((e.technician for e in order if e.technician), None)
    interval.device = next((e.device for e in order if e.device), None)
    interval.client = next((e.client for e in order if e.client), None)
    interval.ticket = next((e.ticket for e in order if e.ticket), None)
    interval.contact = next((e.contact for e in order if e.contact), "")
    interval.billable = next((e.billable for e in order if e.billable is not None), None)
    interval.authenticated = all(e.authenticated for e in proof)
    interval.evidence = order
    return interval
