"""What a tool told us, once: the canonical event (formats.md section 3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from streams.models.ids import derived_id, digest

SCHEMA = 1

Kind = Literal["ticket_timer", "remote_session", "script_run"]
Phase = Literal["start", "stop", "pause", "resume", "heartbeat", "interval", "void"]
TimeBasis = Literal["observed", "server", "agent", "entered", "derived"]
Evidence = Literal["field", "note", "tag", "property"]
Plain = str | int | bool | None

EARLIEST_MS = 946_684_800_000  # 2000-01-01
LATEST_MS = 4_102_444_800_000  # 2100-01-01

TOPIC_OF_KIND: dict[str, str] = {
    "ticket_timer": "events.timer",
    "remote_session": "events.session",
    "script_run": "events.script",
}


class Ref(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """Somebody or something as the source names it; resolved through aliases, never through ``name``."""

    native_id: str
    name: str | None = None
    email: str | None = None


class TicketRef(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """A ticket as the source names it, and where the number stood."""

    native_id: str
    evidence: Evidence = "field"


class Event(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """One fact observed at one source. Instants are milliseconds since 1970, UTC.

    ``automatic``: it followed from something else (a ticket was opened), nobody clicked; a click goes before it.
    ``correction`` is why a person changed the fact afterwards, one word.
    ``revision`` is the source's updated-at in ms, or the as-of instant of the observation; 0 where the
    fact cannot change. ``duration_ms`` is the length as the source counted it (pauses removed).
    """

    schema: int = SCHEMA
    tenant: str
    source: str  # connector and instance, "meshcentral:mesh1"
    source_event_id: str
    activity_id: str
    kind: Kind
    phase: Phase
    revision: int = 0
    at: int | None = None  # start, stop, pause, resume, heartbeat, void
    started_at: int | None = None  # interval
    ended_at: int | None = None  # interval; None while it is open
    duration_ms: int | None = None
    time_basis: TimeBasis = "server"
    technician: Ref | None = None
    device: Ref | None = None
    client: Ref | None = None
    ticket: TicketRef | None = None
    contact: str = ""  # the person at the other end, as the source names them
    service: str = ""
    billable: bool | None = None
    authenticated: bool = True
    automatic: bool = False
    correction: str = ""
    native: dict[str, Plain] = {}

    @property
    def id(self) -> str:
        """(tenant, source, id) in one value."""
        return derived_id(self.tenant, self.source, self.source_event_id)

    @property
    def entity(self) -> str:
        return f"{self.tenant}/{self.activity_id}"

    def fact_key(self) -> str:
        """``tenant/activity|event|revision|digest``: written once, never rewritten."""
        return f"{self.entity}|{self.id}|{self.revision}|{digest(encode_event(self))}"


_decoder = msgspec.json.Decoder(Event)


# The canonical bytes of an event inside the pipeline (not the CloudEvent on the wire). Bound: a call less an event.
encode_event: Callable[[Event], bytes] = msgspec.json.Encoder().encode


def decode_event(data: bytes) -> Event:
    return _decoder.decode(data)


def activity_id(source: str, native_key: str) -> str:
    """The thing being measured: one timer, one session, one run."""
    return derived_id(source, native_key)
