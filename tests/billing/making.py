"""Short ways to write events, intervals and catalogue facts in tests. Minutes count from a Monday morning, UTC."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from billing.outcome import Outcome
from streams.models.catalog import OBJECT_TYPES, CatalogObject, Release, object_body
from streams.models.event import Event, Kind, Phase, Ref, TicketRef
from streams.models.fact import Fact
from streams.models.interval import Interval, encode_interval
from streams.models.work import Work

TENANT = "main"
BASE = int(datetime(2026, 3, 2, 9, 0, tzinfo=UTC).timestamp())
MESH, DESK = "meshcentral:mesh1", "syncro:hq"


def at(minutes: float) -> int:
    """Seconds since 1970."""
    return BASE + round(minutes * 60)


def clock(text: str) -> int:
    """Seconds since 1970 of "16:40" on that Monday."""
    hours, minutes = text.split(":")
    return BASE - 9 * 3600 + int(hours) * 3600 + int(minutes) * 60


def event(phase: Phase, seconds: float | None = None, **fields: Any) -> Event:
    """A session's event at ``seconds`` after the base; ids follow from phase and instant unless given."""
    base: dict[str, Any] = {
        "tenant": TENANT,
        "source": MESH,
        "source_event_id": f"s1/{phase}/{seconds}",
        "activity_id": "s1",
        "kind": "remote_session",
        "phase": phase,
    }
    if seconds is not None:
        base["at"] = BASE * 1000 + round(seconds * 1000)
    return Event(**(base | fields))


def row(start: float, end: float | None, revision: int = 1, **fields: Any) -> Event:
    """A whole record of the session, ``start`` and ``end`` in seconds after the base."""
    ended = None if end is None else BASE * 1000 + round(end * 1000)
    fields = {"source_event_id": "s1/interval"} | fields
    return event("interval", started_at=BASE * 1000 + round(start * 1000), ended_at=ended, revision=revision, **fields)


def interval(id_: str, kind: Kind, start: int, end: int | None, **fields: Any) -> Interval:
    """Seconds since 1970. Names are native ids; ``technician=None`` for nobody."""
    named = {name: fields.pop(name, None) for name in ("device", "client", "ticket")}
    technician = fields.pop("technician", "dana")
    refs: dict[str, Any] = {name: Ref(native) for name, native in named.items() if native and name != "ticket"}
    if named["ticket"]:
        refs["ticket"] = TicketRef(named["ticket"])
    if technician:
        refs["technician"] = Ref(technician)
    spans = () if end is None or end <= start else ((start, end),)
    base: dict[str, Any] = {
        "tenant": TENANT,
        "id": id_,
        "source": DESK if kind == "ticket_timer" else MESH,
        "kind": kind,
        "start": start,
        "end": end,
        "spans": spans,
        "open_from": start if end is None else None,
        "last_seen": start if end is None else end,
        "close": "open" if end is None else "interval",
    }
    return Interval(**(base | refs | fields))


def timer(id_: str, start: int, end: int | None, **fields: Any) -> Interval:
    return interval(id_, "ticket_timer", start, end, **fields)


def session(id_: str, start: int, end: int | None, **fields: Any) -> Interval:
    return interval(id_, "remote_session", start, end, **fields)


def script(id_: str, start: int, end: int | None, **fields: Any) -> Interval:
    return interval(id_, "script_run", start, end, **fields)


def fact(item: Interval, rev: int = 1) -> Fact:
    return Fact(kind="interval", tenant=TENANT, id=item.id, rev=rev, body=msgspec.Raw(encode_interval(item)))


def gone(id_: str, rev: int, kind: Kind = "remote_session") -> Fact:
    """The interval is deleted at its source."""
    return fact(Interval(tenant=TENANT, id=id_, source=MESH, kind=kind, end=0, close="void"), rev)


def thing(kind: str, **fields: Any) -> CatalogObject:
    return OBJECT_TYPES[kind].model_validate(fields)


def known(kind: str, rev: int = 1, **fields: Any) -> Fact:
    """A directory object, as a connector reports it."""
    item = thing(kind, **fields)
    return Fact(kind="object", tenant=TENANT, id=f"{kind}/{item.id}", rev=rev, body=object_body("directory", item))


def released(number: int, predecessor: str, objects: Sequence[tuple[str, CatalogObject]]) -> list[Fact]:
    """The objects and, last, the release that makes them hold."""
    facts = [
        Fact(kind="object", tenant=TENANT, id=f"{kind}/{item.id}", rev=number, body=object_body("release", item))
        for kind, item in objects
    ]
    listed = {item.id: (item.rev, item.digest()) for item in facts}
    body = msgspec.Raw(msgspec.json.encode(Release(number=number, predecessor=predecessor, objects=listed)))
    return [*facts, Fact(kind="release", tenant=TENANT, id=f"release/{number}", rev=number, body=body)]


def mark(now: int) -> Fact:
    return Fact(kind="mark", tenant="*", id="mark", rev=now)


def newest(outcomes: Iterable[Outcome[Work]]) -> dict[str, Work]:
    """What a store keeps: per id the record with the largest version."""
    best: dict[str, tuple[int, Work]] = {}
    for outcome in outcomes:
        for version, work in outcome.outputs:
            if work.id not in best or version >= best[work.id][0]:
                best[work.id] = (version, work)
    return {id_: work for id_, (_, work) in best.items()}
