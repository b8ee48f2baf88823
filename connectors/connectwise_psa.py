"""ConnectWise PSA: callbacks. ``Entity`` is JSON in a text and a snapshot; the case of names differs between versions.

Time comes as time entries; ``actualHours`` is rounded and never used. Of tickets the directory is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from connectors.base import (
    Bad,
    DirectoryObject,
    Options,
    Outcome,
    Row,
    Skip,
    object_id,
    outcomes,
    reference,
    source_name,
)
from connectors.fields import Fields, json_fields, kind_of, millis
from streams.models.catalog import Ticket
from streams.models.event import LATEST_MS, Event, Ref, TicketRef, activity_id
from streams.models.instant import from_ms

TIME, TICKETS = ("time", "timeentry", "timeentries"), ("ticket", "project ticket", "projectticket")
BILLABLE = {"billable": True, "donotbill": False, "nocharge": False, "nodefault": None}
CHARGED_TO = ("serviceticket", "projectticket")


def receive(body: bytes, instance: str, options: Options) -> Iterator[Outcome]:
    source = source_name("connectwise_psa", instance)
    yield from outcomes([Row(1, body, size=len(body))], lambda row: _outcome(json_fields(row), source, options))


def key_url(body: bytes) -> str:
    """Where the callback says that its signing key is; not yet believed. Raises Bad."""
    fields = _plain(json_fields(Row(1, body, size=len(body))))
    return _inner(fields, "metadata").id("key_url")


def _outcome(fields: Fields, source: str, options: Options) -> Outcome:
    fields = _plain(fields)
    kind, action = (fields.maybe_id("type") or "").casefold(), (fields.maybe_id("action") or "").casefold()
    native_id = fields.id("id")
    if kind in TIME:
        if action == "deleted":
            return _void(native_id, source, options)
        return time_entry(_entity(fields), source, options)
    if kind in TICKETS:
        if action == "deleted":
            raise Skip("ticket_deleted")
        return _ticket(_entity(fields), source)
    raise Skip("not_time_nor_ticket")


def time_entry(entry: Fields, source: str, options: Options) -> Event:
    """From ``timeStart`` to ``timeEnd``, less what was deducted. One without both has hours only, and no place in the
    day: it is not taken."""
    native_id = entry.id("id")
    started_at, ended_at = entry.maybe_instant("timestart"), entry.maybe_instant("timeend")
    if started_at is None or ended_at is None:
        raise Bad("missing_key", "a time entry without both timeStart and timeEnd", "both, as times",
                  "Enter start and end of it in ConnectWise.")  # fmt: skip
    option = (entry.maybe_id("billableoption") or "").casefold()
    return Event(
        tenant=options.tenant, source=source, source_event_id=native_id,
        activity_id=activity_id(source, native_id), kind="ticket_timer", phase="interval",
        revision=_updated(entry), started_at=started_at, ended_at=ended_at,
        duration_ms=max(0, ended_at - started_at - _deducted(entry)), time_basis="entered",
        technician=_named(entry, "member", "identifier"), client=_named(entry, "company", "id"), ticket=_charged(entry),
        service="timer.ticket", billable=BILLABLE.get(option),
        native={} if (guid := entry.maybe_id("mobileguid")) is None else {"stopwatch": guid},
    )  # fmt: skip


def _void(native_id: str, source: str, options: Options) -> Event:
    """The callback has no time; nothing comes after it, because ids are not used again."""
    return Event(
        tenant=options.tenant, source=source, source_event_id=native_id, activity_id=activity_id(source, native_id),
        kind="ticket_timer", phase="void", revision=LATEST_MS,
    )  # fmt: skip


def _ticket(entity: Fields, source: str) -> DirectoryObject:
    native_id, updated = entity.id("id"), _updated(entity)
    client, who = _named(entity, "company", "id"), _named(entity, "owner", "identifier")
    closed = entity.truth("closedflag")
    opened = entity.maybe_instant("dateentered")
    item = Ticket(
        id=object_id(source, native_id),
        client=None if client is None else reference(source, client.native_id),
        technicians=[] if who is None else [f"{source}={who.native_id}"],
        opened=from_ms(opened),
        closed=from_ms(updated) if closed else None,
        aliases={source: [native_id], "*": [native_id]},
    )
    return DirectoryObject("ticket", item, updated)


def _deducted(entry: Fields) -> int:
    """Milliseconds: hours with decimals, exact."""
    hours = entry.get("hoursdeduct")
    if hours is None:
        return 0
    if isinstance(hours, bool) or not isinstance(hours, int | Decimal):
        raise Bad("wrong_shape", f"hoursDeduct is {kind_of(hours)}", "a number of hours")
    return millis("hoursDeduct", hours * 3600) or 0


def _updated(entity: Fields) -> int:
    return _inner(entity, "_info").instant("lastupdated")


def _named(fields: Fields, name: str, key: str) -> Ref | None:
    found = fields.get(name)
    return _plain(Fields(found)).ref(key, "name") if isinstance(found, dict) else None


def _charged(entry: Fields) -> TicketRef | None:
    kind = (entry.maybe_id("chargetotype") or "").casefold()
    found = entry.maybe_id("chargetoid")
    return TicketRef(found) if found is not None and kind in CHARGED_TO else None


def _entity(fields: Fields) -> Fields:
    text = fields.get("entity")
    if not isinstance(text, str) or not text:
        raise Bad("empty_value", f"Entity is {kind_of(text)}", "JSON in a text")
    data = text.encode(errors="replace")
    return _plain(json_fields(Row(1, data, size=len(data))))


def _inner(fields: Fields, name: str) -> Fields:
    found: Any = fields.get(name)
    if not isinstance(found, dict):
        raise Bad("missing_key", f"no {name}", "an object with named values")
    return _plain(Fields(found))


def _plain(fields: Fields) -> Fields:
    """Names in small letters. Two that differ only so are one name twice."""
    found = {name.casefold(): value for name, value in fields.values.items()}
    if len(found) != len(fields.values):
        raise Bad("wrong_shape", "a name twice, in small and in large letters", "each name once")
    return Fields(found)
