"""An event on the wire: a CloudEvent 1.0 in JSON, structured or in Kafka's binary mode. Pure, no I/O.

``data`` holds the canonical event (formats.md section 3) with instants as RFC 3339 text; the tenant is never in it,
it comes from the message key or the credential. What does not fit is a `Problem`, never an exception.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, get_args

import msgspec

from streams.models.event import (
    EARLIEST_MS,
    LATEST_MS,
    SCHEMA,
    Event,
    Kind,
    Phase,
    Plain,
    Ref,
    TicketRef,
    TimeBasis,
)
from streams.models.instant import from_ms, to_ms
from streams.models.parked import Reason

Header = tuple[str, bytes]
Instant = Annotated[datetime, msgspec.Meta(tz=True)]
Word = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9_]{0,60}$")]
Natural = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]

TYPES: dict[str, tuple[str, str]] = {
    f"everyminute.{kind}.{phase}.v{SCHEMA}": (kind, phase) for kind in get_args(Kind) for phase in get_args(Phase)
}
SEND_AGAIN = "Correct it at the source and send the event again."


class Problem(msgspec.Struct, frozen=True):
    """Why something cannot go on, for the person who must fix it."""

    reason: Reason
    saw: str
    expected: str
    remedy: str = SEND_AGAIN


class _Data(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True, gc=False):
    """`Event` as JSON: other instants, no tenant."""

    source: str
    source_event_id: str
    activity_id: str
    kind: Kind
    phase: Phase
    schema: int = SCHEMA
    tenant: str | None = None
    revision: Natural = 0
    at: Instant | None = None
    started_at: Instant | None = None
    ended_at: Instant | None = None
    duration_ms: Natural | None = None
    time_basis: TimeBasis = "server"
    technician: Ref | None = None
    device: Ref | None = None
    client: Ref | None = None
    ticket: TicketRef | None = None
    contact: str = ""
    service: str = ""
    billable: bool | None = None
    authenticated: bool = True
    automatic: bool = False
    correction: Word = ""
    native: dict[str, Plain] = {}


class Envelope(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True, gc=False):
    """The attributes of CloudEvents 1.0, its documented extensions, and nothing else."""

    specversion: str
    id: str
    source: str
    type: str
    data: _Data
    time: str | None = None
    subject: str | None = None
    datacontenttype: str | None = None
    dataschema: str | None = None
    partitionkey: str | None = None
    traceparent: str | None = None
    tracestate: str | None = None
    sequence: str | None = None
    recordedtime: str | None = None


class _Typed(msgspec.Struct):
    type: str = ""


_set = msgspec.structs.force_setattr
_encoder = msgspec.json.Encoder()
_envelope = msgspec.json.Decoder(Envelope)
_data = msgspec.json.Decoder(_Data)
_typed = msgspec.json.Decoder(_Typed)


def encode_cloudevent(event: Event) -> bytes:
    """The structured CloudEvent. Instants lose nothing: they are whole milliseconds."""
    data = _Data(
        source=event.source,
        source_event_id=event.source_event_id,
        activity_id=event.activity_id,
        kind=event.kind,
        phase=event.phase,
        schema=event.schema,
        revision=event.revision,
        at=from_ms(event.at),
        started_at=from_ms(event.started_at),
        ended_at=from_ms(event.ended_at),
        duration_ms=event.duration_ms,
        time_basis=event.time_basis,
        technician=event.technician,
        device=event.device,
        client=event.client,
        ticket=event.ticket,
        contact=event.contact,
        service=event.service,
        billable=event.billable,
        authenticated=event.authenticated,
        automatic=event.automatic,
        correction=event.correction,
        native=event.native,
    )
    return _encoder.encode(
        Envelope(
            specversion="1.0",
            id=f"{event.source}/{event.source_event_id}",
            source=f"/connectors/{event.source.replace(':', '/')}",
            type=f"everyminute.{event.kind}.{event.phase}.v{event.schema}",
            subject=event.activity_id,
            datacontenttype="application/json",
            partitionkey=event.entity,
            data=data,
        )
    )


def decode_cloudevent(tenant: str, value: bytes, headers: Iterable[Header] = ()) -> Event | Problem:
    """The event of one message, for the tenant its key or credential names."""
    binary = {name[3:].lower(): text for name, text in headers if name[:3].lower() in ("ce_", "ce-")} if headers else {}
    try:
        if binary:
            attributes = {name: text.decode() for name, text in binary.items()}
            return _event(tenant, attributes, _data.decode(value))
        envelope = _envelope.decode(value)
    except msgspec.ValidationError as error:
        return _misfit(str(error), value)
    except msgspec.DecodeError as error:
        if value.decode(errors="replace").encode() != value:
            return Problem("not_utf8", f"bytes that are not UTF-8: {_head(value)}", "text in UTF-8")
        return Problem("not_json", f"{error}; it begins {_head(value)}", "a CloudEvent 1.0 as a JSON object")
    except UnicodeDecodeError:
        return Problem("not_utf8", f"bytes that are not UTF-8: {_head(value)}", "text in UTF-8")
    data, fits = envelope.data, envelope.specversion == "1.0" and envelope.id and envelope.source
    if not fits or TYPES.get(envelope.type) != (data.kind, data.phase):
        names = ("specversion", "id", "source", "type")
        return _event(tenant, {name: getattr(envelope, name) for name in names}, data)
    return _event(tenant, None, data)


def _event(tenant: str, attributes: dict[str, str] | None, data: _Data) -> Event | Problem:
    """``attributes`` None: they were looked at already."""
    at_ms = None if data.at is None else to_ms(data.at)
    problem = _schema(data) if attributes is None else _attributes(attributes, data)
    problem = problem or _identity(tenant, data)
    alone = data.started_at is data.ended_at is None and data.phase != "interval"
    if not (alone and at_ms is not None and EARLIEST_MS <= at_ms < LATEST_MS):
        problem = problem or _instants(data)
    if problem is not None:
        return problem
    event = Event(
        tenant=tenant,
        source=data.source,
        source_event_id=data.source_event_id,
        activity_id=data.activity_id,
        kind=data.kind,
        phase=data.phase,
        revision=data.revision,
        at=at_ms,
        time_basis=data.time_basis,
        technician=data.technician,
        device=data.device,
        client=data.client,
        ticket=data.ticket,
        service=data.service,
        native=data.native,
    )
    usual = alone and data.duration_ms is data.billable is None and data.authenticated
    return event if usual and not (data.automatic or data.correction or data.contact) else _with_rarer(event, data)


def _with_rarer(event: Event, data: _Data) -> Event:
    """Fields that seldom say anything, set apart: a call with more than 15 keywords takes four times as long."""
    if data.started_at is not None:
        _set(event, "started_at", to_ms(data.started_at))
    if data.ended_at is not None:
        _set(event, "ended_at", to_ms(data.ended_at))
    if data.duration_ms is not None:
        _set(event, "duration_ms", data.duration_ms)
    if data.billable is not None:
        _set(event, "billable", data.billable)
    if not data.authenticated:
        _set(event, "authenticated", False)
    _set(event, "contact", data.contact)
    if data.automatic:
        _set(event, "automatic", True)
    if data.correction:
        _set(event, "correction", data.correction)
    return event


def _attributes(attributes: dict[str, str], data: _Data) -> Problem | None:
    if attributes.get("specversion") != "1.0":
        return Problem("wrong_shape", f"specversion {attributes.get('specversion')!r}", "specversion 1.0")
    if not attributes.get("id") or not attributes.get("source"):
        return Problem("wrong_shape", "a CloudEvent without id or source", "both attributes, not empty")
    kind = attributes.get("type", "")
    if (named := TYPES.get(kind)) is None:
        return _unknown_type(kind)
    if named != (data.kind, data.phase):
        return Problem("wrong_shape", f"type {kind} around a {data.kind} {data.phase}", "type and data that agree")
    return _schema(data)


def _schema(data: _Data) -> Problem | None:
    if data.schema != SCHEMA:
        return Problem("unknown_schema", f"schema {data.schema}", f"schema {SCHEMA}", "Upgrade, or send schema 1.")
    return None


def _unknown_type(kind: str) -> Problem:
    stem, _, number = kind.rpartition(".v")
    if f"{stem}.v{SCHEMA}" in TYPES and number.isdigit():
        return Problem("unknown_schema", f"type {kind}", f"{stem}.v{SCHEMA}", "Upgrade, or send schema 1.")
    return Problem("wrong_shape", f"type {kind!r}", "everyminute.<kind>.<phase>.v1 with a known kind and phase")


def _identity(tenant: str, data: _Data) -> Problem | None:
    source, event, activity = data.source, data.source_event_id, data.activity_id
    if not (source.isprintable() and event.isprintable() and activity.isprintable()) or not (
        0 < len(source) <= 500 and 0 < len(event) <= 500 and 0 < len(activity) <= 500
    ):
        return _unfit({"source": source, "source_event_id": event, "activity_id": activity})
    if "|" in activity or "/" in activity:
        return Problem("wrong_shape", f"activity_id {data.activity_id!r}", "an id without | and /")
    if data.tenant is not None and data.tenant != tenant:
        return Problem(
            "wrong_tenant", f"tenant {data.tenant} in the data, {tenant} in the key", "one tenant",
            "Leave the tenant out of the data: it comes from the credential or the topic's configuration.",
        )  # fmt: skip
    return None


def _unfit(texts: dict[str, str]) -> Problem:
    name, text = next((n, t) for n, t in texts.items() if not (0 < len(t) <= 500 and t.isprintable()))
    return Problem("wrong_shape", f"{name} {text[:80]!r}", "1 to 500 printable characters")


def _instants(data: _Data) -> Problem | None:
    needed, there = ("started_at", data.started_at) if data.phase == "interval" else ("at", data.at)
    if there is None and data.phase != "void":
        return Problem("wrong_shape", f"{data.phase} without {needed}", f"{needed} as an RFC 3339 instant")
    for name, instant in (("at", data.at), ("started_at", data.started_at), ("ended_at", data.ended_at)):
        if instant is not None and not EARLIEST_MS <= to_ms(instant) < LATEST_MS:
            return Problem("instant_out_of_range", f"{name} {instant}", "an instant from 2000 to 2099")
    return None


def _misfit(message: str, value: bytes) -> Problem:
    try:
        kind = _typed.decode(value).type
    except (msgspec.DecodeError, RecursionError):
        kind = ""
    if kind and kind not in TYPES and (other := _unknown_type(kind)).reason == "unknown_schema":
        return other  # another schema's fields cannot fit this one: the number is the finding, not the field
    if "unknown field" in message:
        return Problem("unknown_field", message, "the fields of the event's schema, spelled exactly")
    if "duration_ms" in message and ">= 0" in message:
        return Problem("negative_duration", message, "a length of zero or more milliseconds")
    return Problem("wrong_shape", message, "a CloudEvent 1.0 with the canonical event in data")


def _is_text(value: bytes) -> bool:
    return value.decode(errors="replace").encode() == value


def _head(value: bytes) -> str:
    return repr(value[:60].decode(errors="replace"))
