"""One activity's facts as one interval, and the facts that cannot hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from billing.doubt import Doubt, Known, doubts, negative
from billing.signals import DIFFERS_MS, Reading, ordered, read
from billing.spans import union
from streams.models.event import Event, Plain
from streams.models.interval import Close, Interval


class Paired(NamedTuple):
    interval: Interval
    doubts: tuple[Doubt, ...]


def pair(facts: Sequence[Known]) -> Paired:
    """The interval of all facts of one activity, in any order; at least one.

    Whole records and voids beat signals: of them the largest (revision, digest) that can hold. Every fact that any
    part of ``facts`` could have parked is a doubt, so that whoever saw less is always answered.
    """
    current = _current(facts)
    wholes = sorted((fact for fact in current if _whole(fact.event)), key=lambda fact: fact.rank, reverse=True)
    holder = next((fact for fact in wholes if not negative(fact.event)), None)
    signals = ordered([(fact.id, fact.event) for fact in current if not _whole(fact.event)])
    reading = read(signals) if signals else None
    if holder is not None:
        interval = _held(holder.event, signals, reading)
    elif reading is not None:
        interval = _signalled(signals, reading)
    else:
        interval = _void(wholes[0].event)
    evidence = tuple(sorted(fact.id for fact in current if not _out(fact, holder, reading)))
    doubted = doubts(facts, {fact.id: fact.rank for fact in current}, holder, reading)
    return Paired(_with(interval, evidence=evidence), doubted)


def _current(facts: Sequence[Known]) -> list[Known]:
    """Of each event id the largest (revision, digest), by id."""
    best: dict[str, Known] = {}
    for fact in facts:
        if fact.id not in best or best[fact.id].rank < fact.rank:
            best[fact.id] = fact
    return [best[name] for name in sorted(best)]


def _whole(event: Event) -> bool:
    return event.phase in ("interval", "void")


def _out(fact: Known, holder: Known | None, reading: Reading | None) -> bool:
    """Whether the interval was made without this fact because it cannot hold."""
    return negative(fact.event) or (reading is not None and fact.event in reading.parked)


def _held(event: Event, signals: Sequence[Event], reading: Reading | None) -> Interval:
    if event.phase == "void":
        return _void(event)
    assert event.started_at is not None  # an interval without its start does not decode
    start, ended = event.started_at // 1000, event.ended_at
    seen = max([event.started_at, ended or 0, *(signal.at or 0 for signal in signals)]) // 1000
    if ended is None:
        interval = _blank(event, start=start, open_from=start, last_seen=seen)
    else:
        interval = _bounded(event, event.started_at, ended, seen)
    spare = [signal for signal in signals if reading is None or signal not in reading.parked]
    return _filled(interval, [event, *spare])


def _bounded(event: Event, started: int, ended: int, seen: int) -> Interval:
    start, end = started // 1000, max(started // 1000, ended // 1000)
    told = event.duration_ms
    flags: tuple[str, ...] = ()
    spans = union([(start, end)])
    close: Close = "interval"
    if ended < started:
        close, flags, spans, end = "skew", ("skew",), (), start
    elif told is not None and ended - started - told >= 1000:
        flags, spans = ("pauses_unplaced",), union([(start, min(end, start + told // 1000))])
    elif told is not None and told - (ended - started) > DIFFERS_MS:
        flags = ("duration_differs",)
    return _blank(event, start=start, end=end, spans=spans, close=close, flags=flags, last_seen=seen)


def _signalled(signals: Sequence[Event], reading: Reading) -> Interval:
    sound = [event for event in signals if event not in reading.parked]
    first = next((event for event in sound if event.phase == "start"), sound[0])
    interval = _blank(
        first,
        start=reading.start,
        end=reading.end,
        spans=reading.spans,
        open_from=reading.open_from,
        close=reading.close,
        flags=reading.flags,
        last_seen=max(event.at or 0 for event in sound) // 1000,
        time_basis="derived" if reading.derived else first.time_basis,
        authenticated=all(event.authenticated for event in reading.used),
    )
    return _filled(interval, [first, *(event for event in sound if event is not first)])


def _void(event: Event) -> Interval:
    return Interval(
        tenant=event.tenant, id=event.activity_id, source=event.source, kind=event.kind, end=0, close="void"
    )


def _blank(event: Event, **fields: object) -> Interval:
    """An interval with what identifies it; instants and description follow."""
    base: dict[str, object] = {
        "tenant": event.tenant,
        "id": event.activity_id,
        "source": event.source,
        "kind": event.kind,
        "time_basis": event.time_basis,
        "authenticated": event.authenticated,
    }
    return Interval(**(base | fields))  # type: ignore[arg-type]


def _filled(interval: Interval, events: Sequence[Event]) -> Interval:
    """Description from the first event that has it."""

    def first(name: str) -> object:
        return next((found for event in events if (found := getattr(event, name)) not in (None, "")), None)

    native: dict[str, Plain] = next((event.native for event in events if event.native), {})
    return _with(
        interval,
        technician=first("technician"),
        device=first("device"),
        client=first("client"),
        ticket=first("ticket"),
        service=first("service") or "",
        billable=first("billable"),
        native=native,
    )


def _with(interval: Interval, **fields: object) -> Interval:
    return msgspec.structs.replace(interval, **fields)
