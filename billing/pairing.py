"""One activity's facts as one interval, and the facts that cannot hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from billing.doubt import Doubt, Known, doubts, negative
from billing.plain import plain
from billing.signals import DIFFERS_MS, OPENING, Reading, ordered, read
from billing.spans import union
from streams.models.event import Event, Plain, Ref, TicketRef
from streams.models.interval import Close, Interval

WHOLE = ("interval", "void")


class Paired(NamedTuple):
    interval: Interval
    doubts: tuple[Doubt, ...]


def pair(facts: Sequence[Known]) -> Paired:
    """The interval of all facts of one activity, in any order; at least one."""
    interval = plain(facts)
    return weigh(facts) if interval is None else Paired(interval, ())


def weigh(facts: Sequence[Known]) -> Paired:
    """The same, by all the rules.

    Whole records and voids beat signals: of them the largest rank that can hold. Every fact that any part of
    ``facts`` could have parked is a doubt, so that whoever saw less is always answered.
    """
    current = _current(facts)
    wholes = [fact for fact in current if fact.event.phase in WHOLE]
    holder = _holder(current, wholes) if wholes else None
    signals, reading = _read([fact for fact in current if fact.event.phase not in WHOLE] if wholes else current)
    sound = not wholes and reading is not None and not reading.parked
    evidence = tuple([fact.id for fact in current if sound or not _out(fact, reading)])
    if holder is not None:
        interval = _held(holder.event, signals, reading, evidence)
    elif reading is not None:
        interval = _signalled(signals, reading, evidence)
    else:
        interval = _void(max(wholes, key=lambda fact: fact.rank).event, evidence)
    return Paired(interval, doubts(facts, current, holder, reading))


def _holder(current: Sequence[Known], wholes: Sequence[Known]) -> Known | None:
    """The whole record or void that counts. What nobody authenticated counts only where nothing else is known."""
    trusted = any(fact.event.authenticated for fact in current)
    able = [fact for fact in wholes if fact.event.authenticated >= trusted and not negative(fact.event)]
    return max(able, key=lambda fact: fact.rank, default=None)


def _read(signals: Sequence[Known]) -> tuple[list[Event], Reading | None]:
    """Signals in order and what they say. Those that nobody authenticated count only where the others leave the
    activity without start or end: a forged stop takes nothing away."""
    trusted = ordered([(fact.id, fact.event) for fact in signals if fact.event.authenticated])
    reading = read(trusted) if trusted else None
    if len(trusted) == len(signals) or (reading is not None and reading.close not in ("open", "orphan_stop")):
        return trusted, reading
    every = ordered([(fact.id, fact.event) for fact in signals])
    return every, read(every)


def _current(facts: Sequence[Known]) -> list[Known]:
    """Of each event id the fact with the largest rank, by id."""
    best: dict[str, Known] = {}
    if len(facts) == 1:
        return list(facts)
    for fact in facts:
        rival = best.setdefault(fact.id, fact)
        if rival is not fact and rival.rank < fact.rank:
            best[fact.id] = fact
    return [best[name] for name in sorted(best)]


def _out(fact: Known, reading: Reading | None) -> bool:
    """Whether the interval was made without this fact because it cannot hold."""
    return negative(fact.event) or (reading is not None and fact.event in reading.parked)


def _held(event: Event, signals: Sequence[Event], reading: Reading | None, evidence: tuple[str, ...]) -> Interval:
    if event.phase == "void":
        return _void(event, evidence)
    assert event.started_at is not None  # an interval without its start does not decode
    start, ended = event.started_at // 1000, event.ended_at
    seen = max([event.started_at, ended or 0, *(signal.at or 0 for signal in signals)]) // 1000
    spare = [signal for signal in signals if reading is None or signal not in reading.parked]
    technician, device, client, ticket, service, billable, native = _described([event, *spare])
    contact = _contact([event, *spare])
    base = Interval(
        evidence=evidence,
        last_seen=seen,
        time_basis=event.time_basis,
        authenticated=event.authenticated,
        flags=_said([event], [event]),
        tenant=event.tenant, id=event.activity_id, source=event.source, kind=event.kind, service=service,
        technician=technician, device=device, client=client, ticket=ticket, billable=billable,
        native=_why(native, [event]),
        contact=contact,
    )  # fmt: skip
    if ended is None:
        return _with(base, start=start, open_from=start)
    return _bounded(base, event, event.started_at, ended)


def _bounded(base: Interval, event: Event, started: int, ended: int) -> Interval:
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
    return _with(base, start=start, end=end, spans=spans, close=close, flags=(*flags, *base.flags))


def _signalled(signals: Sequence[Event], reading: Reading, evidence: tuple[str, ...]) -> Interval:
    sound = [event for event in signals if event not in reading.parked]
    first = sound[0]
    for event in sound:
        if event.phase == "start":
            first = event
            break
    technician, device, client, ticket, service, billable, native = _described(
        [first, *[event for event in sound if event is not first]] if len(sound) > 1 else sound
    )
    contact = _contact([first, *sound])
    return Interval(
        evidence=evidence,
        start=reading.start,
        end=reading.end,
        spans=reading.spans,
        open_from=reading.open_from,
        close=reading.close,
        flags=(*reading.flags, *_said(reading.used, sound)),
        last_seen=max([event.at or 0 for event in sound]) // 1000,
        time_basis="derived" if reading.derived else first.time_basis,
        authenticated=all(event.authenticated for event in reading.used),
        tenant=first.tenant, id=first.activity_id, source=first.source, kind=first.kind, service=service,
        technician=technician, device=device, client=client, ticket=ticket, billable=billable,
        native=_why(native, sound),
        contact=contact,
    )  # fmt: skip


def _said(used: Sequence[Event], sound: Sequence[Event]) -> tuple[str, ...]:
    """``automatic``: nobody clicked to begin it. ``corrected``: a person changed it afterwards."""
    began = [event for event in used if event.phase in OPENING] or used
    automatic = ("automatic",) if began and all(event.automatic for event in began) else ()
    return (*automatic, "corrected") if any(event.correction for event in sound) else automatic


def _why(native: dict[str, Plain], sound: Sequence[Event]) -> dict[str, Plain]:
    """The source's own fields, and the reasons of corrections."""
    reasons = sorted({event.correction for event in sound if event.correction})
    return native | {"correction": ", ".join(reasons)} if reasons else native


def _void(event: Event, evidence: tuple[str, ...]) -> Interval:
    return Interval(
        tenant=event.tenant, id=event.activity_id, source=event.source, kind=event.kind, end=0, close="void",
        evidence=evidence,
    )  # fmt: skip


Described = tuple[Ref | None, Ref | None, Ref | None, TicketRef | None, str, bool | None, dict[str, Plain]]


def _described(events: Sequence[Event]) -> Described:
    """Technician, device, client, ticket, service, billable and native, each from the first event that has it."""
    first = events[0]
    technician, device, client, ticket = first.technician, first.device, first.client, first.ticket
    service, billable, native = first.service, first.billable, first.native
    for event in events[1:]:
        technician = technician or event.technician
        device = device or event.device
        client = client or event.client
        ticket = ticket or event.ticket
        service = service or event.service
        billable = event.billable if billable is None else billable
        native = native or event.native
    return technician, device, client, ticket, service, billable, native


def _contact(events: Sequence[Event]) -> str:
    return next((event.contact for event in events if event.contact), "")


def _with(interval: Interval, **fields: object) -> Interval:
    return msgspec.structs.replace(interval, **fields)
