"""Tactical RMM: script and agent history, the agents list, and the audit log.

Of a run the server stores when it was asked for and how long it took, so the end is derived: ``time`` plus
``execution_time``. Output may hold secrets and is never read. An audit row is a click without an end: it must never
bill, so it makes no event at all; the seconds of a take-control session come from the remote tool.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from connectors.base import (
    AsOf,
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
from connectors.fields import Fields, json_fields, kind_of
from connectors.files import json_rows
from streams.models.catalog import Device
from streams.models.event import Event, Ref, activity_id

LISTS = ("audit_logs",)
OPEN, FILLED = 1, 2  # revisions: the row is written once when the run is asked for, and once with its result


def read(stream: BinaryIO, instance: str, options: Options) -> Iterator[Outcome]:
    source = source_name("tacticalrmm", instance)
    as_of = AsOf(options, stream, lambda: json_rows(stream, LISTS), row_instant)

    def mapping(row: Row) -> Outcome:
        fields = json_fields(row)
        if "entry_time" in fields.values:
            raise Skip("start_only" if fields.get("action") == "remote_session" else "audit")
        if "hostname" in fields.values and "time" not in fields.values:
            return device(fields, source, as_of)
        return run(fields, source, options.tenant)

    yield from outcomes(json_rows(stream, LISTS), mapping)


def run(fields: Fields, source: str, tenant: str) -> Event:
    """One script run. Commands have no length in the history and are left out."""
    kind = fields.maybe_id("type") or "script_run"
    if kind not in ("script_run", "task_run"):
        raise Skip("no_duration" if kind == "cmd_run" else "other_history")
    fields.needs("script_results", "username")
    native_id, started_at, results = fields.id("id"), fields.instant("time"), fields.get("script_results")
    length, native = None, fields.numbers("script")
    if results is not None:
        length, result = duration(results), Fields(results)
        native |= result.numbers("retcode")
    return Event(
        tenant=tenant, source=source, source_event_id=native_id, activity_id=activity_id(source, native_id),
        kind="script_run", phase="interval", revision=OPEN if length is None else FILLED, started_at=started_at,
        ended_at=None if length is None else started_at + length, duration_ms=length, time_basis="derived",
        technician=None if kind == "task_run" else fields.person("username"), device=agent(fields),
        service="script.run", native=native,
    )  # fmt: skip


def duration(results: object) -> int:
    """``execution_time`` in ms: seconds as text or as a number, to the digit."""
    if not isinstance(results, dict):
        raise Bad("wrong_shape", f"script_results is {kind_of(results)}", "an object, or null while it runs")
    length = Fields(results).millis("execution_time")
    if length is None:
        raise Bad("missing_key", "script_results without execution_time", "a number of seconds")
    return length


def agent(fields: Fields) -> Ref | None:
    """The device: ``agent_id``, or the row number of the agent where only that is told."""
    number = fields.maybe_id("agent")
    return fields.ref("agent_id") or (None if number is None else Ref(native_id=number))


def device(fields: Fields, source: str, as_of: AsOf) -> DirectoryObject:
    """A row of the agents list. Its client is known by name only; names are unique in the tool."""
    native_id = fields.id("agent_id")
    number = fields.maybe_id("id") or fields.maybe_id("pk")
    item = Device(
        id=object_id(source, native_id),
        name=fields.label("hostname"),
        client=reference(source, fields.maybe_id("client_name")),
        aliases={source: [native_id] if number is None else [native_id, number]},
    )
    return DirectoryObject("device", item, as_of.needed())


def row_instant(row: Row) -> int | None:
    fields = json_fields(row)
    found = (fields.maybe_instant(name) for name in ("time", "entry_time", "last_seen"))
    return max((at for at in found if at is not None), default=None)
