"""Zammad: triggers with the ticket and its time accounting. A row of it has a length and the time it was booked, so its
start is derived. The length has no unit: minutes, unless the webhook was added with ``--time-unit hours``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from typing import Any

from connectors.base import (
    Bad,
    DirectoryObject,
    Options,
    Outcome,
    Row,
    object_id,
    outcomes,
    reference,
    source_name,
)
from connectors.fields import Fields, json_fields, kind_of, millis
from streams.models.catalog import Client, Ticket
from streams.models.event import Event, Ref, TicketRef, activity_id
from streams.models.instant import from_ms

CLOSED = ("closed", "merged", "removed")
UNITS = {"minutes": 60, "hours": 3600}


def receive(body: bytes, instance: str, options: Options) -> Iterator[Outcome]:
    """The ticket, its organisation, and each row of its time accounting."""
    source = source_name("zammad", instance)
    ticket = _inner(json_fields(Row(1, body, size=len(body))), "ticket")
    organisation, rows = ticket.get("organization"), ticket.get("ticket_time_accounting") or []
    if not isinstance(rows, list):
        raise Bad("wrong_shape", f"ticket_time_accounting is {kind_of(rows)}", "a list")
    parts: list[Callable[[], Outcome]] = [partial(_ticket, ticket, source)]
    if isinstance(organisation, dict):
        parts.append(partial(_client, Fields(organisation), ticket, source))
    parts += [partial(accounting, row, ticket, source, options) for row in rows]
    # a part that cannot be read does not stop the others; all bytes are kept with it
    whole = (Row(number, body, size=len(body)) for number in range(1, len(parts) + 1))
    yield from outcomes(whole, lambda row: parts[row.line - 1]())


def accounting(found: Any, ticket: Fields, source: str, options: Options) -> Event:
    """36.5 minutes booked at 14:40:03.050 ran from 14:03:33.050, as far as anybody can tell."""
    row = _as_fields(found)
    native_id, ended_at = row.id("id"), row.instant("created_at")
    length = _length(row, UNITS[options.time_unit])
    about = {"number": ticket.maybe_id("number"), "type_id": row.maybe_id("type_id")}
    return Event(
        tenant=options.tenant, source=source, source_event_id=native_id,
        activity_id=activity_id(source, native_id), kind="ticket_timer", phase="interval",
        revision=row.instant("updated_at"), started_at=ended_at - length, ended_at=ended_at, duration_ms=length,
        time_basis="derived", technician=row.person("created_by_id"), client=_organisation(ticket),
        ticket=TicketRef(ticket.id("id")), service="timer.ticket",
        native={name: text for name, text in about.items() if text is not None},
    )  # fmt: skip


def _length(row: Fields, unit: int) -> int:
    """In milliseconds, from decimal text."""
    value = row.get("time_unit")
    try:
        number = Decimal(value) if isinstance(value, str) and value.isascii() and len(value) <= 40 else value
    except ArithmeticError:
        number = None
    if isinstance(number, bool) or not isinstance(number, int | Decimal) or number < 0:
        raise Bad("wrong_shape", f"time_unit is {kind_of(value)}", "a number in text")
    found = millis("time_unit", number * unit)
    assert found is not None
    return found


def _ticket(fields: Fields, source: str) -> DirectoryObject:
    native_id, number = fields.id("id"), fields.maybe_id("number")
    updated, opened = fields.instant("updated_at"), fields.maybe_instant("created_at")
    owner = fields.get("owner")
    who = Fields(owner).person("id") if isinstance(owner, dict) else None
    client, closed = _organisation(fields), _state(fields) in CLOSED
    item = Ticket(
        id=object_id(source, native_id),
        client=None if client is None else reference(source, client.native_id),
        technicians=[] if who is None else [f"{source}={who.native_id}"],
        opened=from_ms(opened),
        closed=from_ms(fields.maybe_instant("close_at") or updated) if closed else None,
        aliases={source: [native_id]} | ({} if number is None else {"*": [number]}),
    )
    return DirectoryObject("ticket", item, updated)


def _client(organisation: Fields, ticket: Fields, source: str) -> DirectoryObject:
    native_id = organisation.id("id")
    item = Client(id=object_id(source, native_id), name=organisation.label("name"), aliases={source: [native_id]})
    return DirectoryObject("client", item, ticket.instant("updated_at"))


def _state(fields: Fields) -> str:
    found = fields.get("state")
    return str(found.get("name", "")) if isinstance(found, dict) else str(found)


def _organisation(ticket: Fields) -> Ref | None:
    """None for private customers."""
    found = ticket.get("organization")
    return Fields(found).ref("id", "name") if isinstance(found, dict) else None


def _inner(fields: Fields, name: str) -> Fields:
    return _as_fields(fields.get(name), name)


def _as_fields(found: Any, name: str = "row") -> Fields:
    if not isinstance(found, dict):
        raise Bad("wrong_shape", f"{name} is {kind_of(found)}", "an object with named values")
    return Fields(found)
