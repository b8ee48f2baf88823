"""Syncro: ticket timers (also those inside a ticket) and tickets.

A timer is a row that is edited in place: ``updated_at`` is its revision. ``active_duration`` has pauses taken out;
start and end are the outer bounds. Notes, subjects and comments are never read.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any, BinaryIO

import msgspec

from connectors.base import (
    Bad,
    DirectoryObject,
    Options,
    Outcome,
    Row,
    Skip,
    Skipped,
    object_id,
    outcomes,
    reference,
    source_name,
)
from connectors.fields import Fields, json_fields
from connectors.files import json_rows
from streams.models.catalog import Ticket, TicketActivity
from streams.models.event import Event, TicketRef, activity_id

LISTS = ("ticket_timers", "tickets")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read(stream: BinaryIO, instance: str, options: Options) -> Iterator[Outcome]:
    source = source_name("syncro", instance)

    def mapping(row: Row) -> Outcome:
        fields = json_fields(row)
        if isinstance(fields.get("ticket"), dict):
            fields = Fields(fields.get("ticket"))
        if "start_time" in fields.values or "active_duration" in fields.values:
            return timer(fields, source, options)
        if row.list == "tickets" or "number" in fields.values:
            return ticket(fields, source)
        raise (
            Skip("neither_timer_nor_ticket")
            if "id" in fields.values
            else Bad("missing_key", "neither start_time nor number", "a ticket timer or a ticket")
        )

    yield from outcomes(_with_timers(json_rows(stream, LISTS)), mapping)


def receive(body: bytes, instance: str, options: Options) -> Iterator[Outcome]:
    """A notification: text, a link, and the ticket or timer it is about in ``attributes``."""
    try:
        found = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, RecursionError) as error:
        raise Bad("wrong_shape", str(error), "a notification with text, link and attributes") from None
    inside = bytes(found.get("attributes", b""))
    if inside.lstrip()[:1] != b"{" or inside.replace(b" ", b"") == b"{}":
        yield Skipped(1, "notification")
    else:
        yield from read(BytesIO(inside), instance, options)


def _with_timers(rows: Iterator[Row]) -> Iterator[Row]:
    """Each row, and after a ticket the timers inside it, as rows of their own."""
    for row in rows:
        yield row
        if b'"ticket_timers"' in row.data and row.whole:
            yield from _inner(row)


def _inner(row: Row) -> Iterator[Row]:
    try:
        outer = msgspec.json.decode(row.data, type=dict[str, msgspec.Raw])
        inside = outer.get("ticket", msgspec.Raw(row.data))
        members = msgspec.json.decode(inside, type=dict[str, msgspec.Raw])
        timers = msgspec.json.decode(members.get("ticket_timers", b"[]"), type=list[msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return  # the row itself is parked, or the member is no list
    for timer_ in timers:
        data = bytes(timer_)
        line = row.line + row.data[: row.data.find(data)].count(b"\n")
        yield Row(line, data, "ticket_timers", size=len(data))


def timer(fields: Fields, source: str, options: Options) -> Event:
    """The whole timer as one interval, open while ``end_time`` is null."""
    fields.needs("end_time", "user_id")
    native_id, ended_at = fields.id("id"), fields.maybe_instant("end_time")
    ticket_id = fields.maybe_id("ticket_id")
    return Event(
        tenant=options.tenant, source=source, source_event_id=native_id,
        activity_id=activity_id(source, native_id), kind="ticket_timer", phase="interval",
        revision=fields.instant("updated_at"), started_at=fields.instant("start_time"), ended_at=ended_at,
        duration_ms=None if ended_at is None else fields.millis("active_duration"),
        technician=fields.person("user_id"), ticket=None if ticket_id is None else TicketRef(ticket_id),
        service="timer.ticket", billable=fields.truth("billable"),
        native=fields.numbers("product_id") | {"invoiced": fields.maybe_id("ticket_line_item_id") is not None},
    )  # fmt: skip


def ticket(fields: Fields, source: str) -> DirectoryObject:
    """What linking needs of a ticket: whose, on which device, for whom, open from when to when."""
    native_id, user = fields.id("id"), fields.person("user_id")
    number = fields.maybe_id("number")
    notes = fields.get("comments")
    item = Ticket(
        id=object_id(source, native_id),
        client=reference(source, fields.maybe_id("customer_id")),
        device=reference(source, only_asset(fields)),
        technicians=[] if user is None else [f"{source}={user.native_id}"],
        contact=fields.label("contact_fullname"),
        opened=moment(fields.maybe_instant("created_at")),
        closed=moment(fields.maybe_instant("resolved_at")),
        activity=_activity(notes, source) if isinstance(notes, list) else None,
        aliases={source: [native_id]} | ({} if number is None else {"*": [number]}),
    )
    return DirectoryObject("ticket", item, fields.instant("updated_at"))


def _activity(notes: list[Any], source: str) -> list[TicketActivity]:
    """When a technician wrote on the ticket, by time. A customer's reply names no user; broken notes are left out."""
    found = set()
    for note in notes:
        fields = Fields(note if isinstance(note, dict) else {})
        try:
            at, user = moment(fields.maybe_instant("created_at")), fields.person("user_id")
        except Bad:
            continue
        if at is not None and user is not None:
            found.add((at, f"{source}={user.native_id}"))
    return [TicketActivity(at=at, technician=who) for at, who in sorted(found)]


def only_asset(fields: Fields) -> str | None:
    """The ticket's device, where it has exactly one."""
    assets: Any = fields.get("asset_ids") or fields.get("assets")
    if not isinstance(assets, list) or len(assets) != 1:
        return None
    return Fields(assets[0] if isinstance(assets[0], dict) else {"id": assets[0]}).maybe_id("id")


def moment(at: int | None) -> datetime | None:
    return None if at is None else _EPOCH + timedelta(milliseconds=at)
