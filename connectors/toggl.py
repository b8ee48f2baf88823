"""Toggl Track: events of time entries. The entry is edited in place, ``at`` is its revision; deleting it says so.

The number of a ticket is taken from a tag ``ticket:48213``, else from the one ``#48213`` of the description; nothing
else of the description is read. A project stands for a client.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from connectors.base import Bad, Options, Outcome, Row, Skip, outcomes, source_name
from connectors.fields import Fields, json_fields, kind_of, shown
from streams.models.event import LATEST_MS, Event, TicketRef, activity_id

NUMBER = re.compile(r"(?<![\w#])#(\d{2,12})\b", re.ASCII)
TAG = re.compile(r"ticket:\s*#?([\w.-]{1,60})", re.ASCII | re.IGNORECASE)


def receive(body: bytes, instance: str, options: Options) -> Iterator[Outcome]:
    source = source_name("toggl", instance)
    yield from outcomes([Row(1, body, size=len(body))], lambda row: _event(json_fields(row), source, options))


def handshake(body: bytes) -> dict[str, str] | None:
    """Toggl sends a ping with a code and waits for it before any event flows."""
    try:
        fields = json_fields(Row(1, body, size=len(body)))
        code = fields.maybe_id("validation_code") if fields.get("payload") == "ping" else None
    except Bad:
        return None
    return {"validation_code": code} if code else None


def _event(fields: Fields, source: str, options: Options) -> Event:
    if fields.get("payload") == "ping":
        raise Skip("ping")
    about = _inner(fields, "metadata")
    if about.maybe_id("model") != "time_entry":
        raise Skip("not_a_time_entry")
    action, entry = about.id("action"), _inner(fields, "payload")
    native_id = entry.maybe_id("id") or about.id("time_entry_id")
    if action == "deleted":
        return _void(entry, native_id, source, options)
    if action not in ("created", "updated"):
        raise Bad("wrong_shape", f"action {shown(action)}", "created, updated or deleted")
    return time_entry(entry, native_id, source, options)


def time_entry(entry: Fields, native_id: str, source: str, options: Options) -> Event:
    """The entry as one interval, open while ``stop`` is null; a negative duration only says that it runs."""
    entry.needs("stop")
    ended_at = entry.maybe_instant("stop")
    return Event(
        tenant=options.tenant, source=source, source_event_id=native_id,
        activity_id=activity_id(source, native_id), kind="ticket_timer", phase="interval",
        revision=entry.instant("at"), started_at=entry.instant("start"), ended_at=ended_at,
        duration_ms=None if ended_at is None else entry.millis("duration"), technician=entry.person("user_id"),
        client=entry.ref("project_id"), ticket=_ticket(entry), service="timer.ticket",
        billable=entry.truth("billable"), native=entry.numbers("workspace_id", "task_id"),
    )  # fmt: skip


def _void(entry: Fields, native_id: str, source: str, options: Options) -> Event:
    """Without a time nothing comes after it: ids are not used again."""
    at = entry.maybe_instant("server_deleted_at") or entry.maybe_instant("at")
    return Event(
        tenant=options.tenant, source=source, source_event_id=native_id, activity_id=activity_id(source, native_id),
        kind="ticket_timer", phase="void", revision=LATEST_MS if at is None else at, at=at,
    )  # fmt: skip


def _ticket(entry: Fields) -> TicketRef | None:
    tags: Any = entry.get("tags")
    for tag in tags if isinstance(tags, list) else ():
        if isinstance(tag, str) and (found := TAG.fullmatch(tag.strip())):
            return TicketRef(found.group(1), "tag")
    text = entry.get("description")
    numbers = set(NUMBER.findall(text[:2000])) if isinstance(text, str) else set()
    return TicketRef(numbers.pop(), "note") if len(numbers) == 1 else None


def _inner(fields: Fields, name: str) -> Fields:
    found = fields.get(name)
    if not isinstance(found, dict):
        raise Bad("wrong_shape", f"{name} is {kind_of(found)}", "an object with named values")
    return Fields(found)
