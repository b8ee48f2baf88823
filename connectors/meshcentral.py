"""MeshCentral: relay events (history answers, lists, live pushes one a line), nodes and device groups.

History has no event ids, so identity is the content: the session id in ``msgArgs[0]``. The same event read from
history and from the live stream is the same fact. ``msg`` is translated text and never read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO, Literal

from connectors.base import (
    AsOf,
    Bad,
    DirectoryObject,
    Options,
    Outcome,
    Row,
    Skip,
    decode,
    object_id,
    outcomes,
    reference,
    source_name,
)
from connectors.fields import Fields, json_fields, kind_of, millis
from connectors.files import json_rows
from streams.models.catalog import Client, Device
from streams.models.event import Event, Plain, Ref, activity_id
from streams.models.ids import digest

START, STOP, VIEWER_LEFT = frozenset({13, 14, 15, 16}), frozenset({9, 10, 11, 12, 112}), 144
# 147 is the whole shared desktop and names nobody: its seconds are the viewers' (144), counted once more.
MULTIPLEX_MARKS = frozenset({4, 5, 6, 8, 143, 145, 146, 147})
SERVICE_OF_PROTOCOL = {
    1: "remote.terminal", 11: "remote.terminal", 202: "remote.terminal",
    2: "remote.desktop", 10: "remote.desktop", 12: "remote.desktop", 201: "remote.desktop", 204: "remote.desktop",
    5: "remote.files", 13: "remote.files", 203: "remote.files",
    14: "remote.tunnel", 100: "remote.amt", 101: "remote.amt", 200: "remote.chat",
}  # fmt: skip
SERVICE_OF_MESSAGE = {
    10: "remote.terminal", 14: "remote.terminal", 11: "remote.desktop", 15: "remote.desktop", 144: "remote.desktop",
    12: "remote.files", 16: "remote.files", 112: "remote.chat",
}  # fmt: skip
LISTS, MAPS = ("events", "meshes"), ("nodes",)


def read(stream: BinaryIO, instance: str, options: Options) -> Iterator[Outcome]:
    source = source_name("meshcentral", instance)
    as_of = AsOf(options, stream, lambda: json_rows(stream, LISTS, MAPS), row_instant)

    def mapping(row: Row) -> Outcome:
        if row.data.lstrip(b"{ ")[:6] == b"action" and b"pong" in row.data:
            raise Skip("keep_alive")  # the server's pong is no valid JSON
        fields = json_fields(row)
        if fields.get("action") == "event" and isinstance(fields.get("event"), dict):
            fields = Fields(fields.get("event"))
        if fields.get("action") == "pong":
            raise Skip("keep_alive")
        if str(fields.get("_id"))[:5] in ("mesh/", "node/"):
            return directory(fields, source, as_of)
        return event(fields, source, options.tenant)

    yield from outcomes(json_rows(stream, LISTS, MAPS), mapping)


def event(fields: Fields, source: str, tenant: str) -> Event:
    """The canonical event of one relay row."""
    if fields.get("etype") != "relay":
        if "etype" not in fields.values and ("msgArgs" in fields.values or "action" not in fields.values):
            raise Bad("missing_key", "no etype", "a relay event, a node or a device group")
        raise Skip("no_session")
    if fields.get("action") == "recording":
        raise Skip("recording")  # the relay rows of the same session tell its length
    message = fields.get("msgid")
    if fields.get("action") != "relaylog" or (isinstance(message, int) and message in MULTIPLEX_MARKS):
        raise Skip("multiplex_mark" if fields.get("action") == "relaylog" else "no_session")
    if not isinstance(message, int) or isinstance(message, bool):
        raise Bad("wrong_shape" if "msgid" in fields.values else "missing_key", f"msgid {kind_of(message)}", "a number")
    if message not in START | STOP and message != VIEWER_LEFT:
        raise Skip("other_message")
    args = Fields({"msgArgs[0]": first(fields.get("msgArgs"))})
    session, at = args.id("msgArgs[0]"), fields.instant("time")
    if message == VIEWER_LEFT:
        return viewer(fields, source, tenant, session, at)
    phase: Literal["start", "stop"] = "start" if message in START else "stop"
    return Event(
        tenant=tenant, source=source, source_event_id=f"{session}/{phase}", activity_id=activity_id(source, session),
        kind="remote_session", phase=phase, at=at,
        duration_ms=seconds(fields, 3) if message in STOP else None,
        technician=technician(fields), device=fields.ref("nodeid"),
        service=service(fields, message), native=native(fields),
    )  # fmt: skip


def viewer(fields: Fields, source: str, tenant: str, session: str, at: int) -> Event:
    """One person's stay on a shared desktop: the row of leaving tells its length. People come back."""
    length = seconds(fields, 1)
    if length is None:
        raise Bad("missing_key", "no seconds in msgArgs[1]", "how long the viewer stayed")
    who = (
        fields.id("userid")
        if fields.maybe_id("userid")
        else "guest:" + digest((fields.maybe_id("guestname") or "").encode())
    )
    return Event(
        tenant=tenant, source=source, source_event_id=f"{session}/{who}/{at}",
        activity_id=activity_id(source, f"{session}/{who}/{at - length}"),
        kind="remote_session", phase="interval", started_at=at - length, ended_at=at, duration_ms=length,
        time_basis="derived", technician=technician(fields), device=fields.ref("nodeid"),
        service=service(fields, VIEWER_LEFT), native=native(fields),
    )  # fmt: skip


def directory(fields: Fields, source: str, as_of: AsOf) -> DirectoryObject:
    """A device group stands for a client; a node is a device of it."""
    native_id, name = fields.id("_id"), fields.label("name")
    id_, aliases = object_id(source, native_id), {source: [native_id]}
    if native_id.startswith("mesh/"):
        return DirectoryObject("client", Client(id=id_, name=name, aliases=aliases), as_of.needed())
    client = reference(source, fields.maybe_id("meshid"))
    return DirectoryObject("device", Device(id=id_, name=name, client=client, aliases=aliases), as_of.needed())


def technician(fields: Fields) -> Ref | None:
    """A guest of a shared session is a person outside the MSP, whoever shared it."""
    return None if fields.get("guestname") else fields.person("userid")


def guest(fields: Fields) -> str:
    """Tells guests apart without keeping their names."""
    return "guest:" + digest((fields.maybe_id("guestname") or "").encode())


def service(fields: Fields, message: int) -> str:
    protocol = fields.get("protocol")
    known = SERVICE_OF_PROTOCOL.get(protocol) if isinstance(protocol, int) else None
    return known or SERVICE_OF_MESSAGE.get(message, "remote.other")


def seconds(fields: Fields, place: int) -> int | None:
    args = fields.get("msgArgs")
    return millis(f"msgArgs[{place}]", args[place]) if isinstance(args, list) and len(args) > place else None


def native(fields: Fields) -> dict[str, Plain]:
    """The few raw values that explain the row; ``domain`` is missing in history, so it stays out."""
    found: dict[str, Plain] = fields.numbers("msgid", "protocol", "bytesin", "bytesout")
    return found | {"guest": True} if fields.get("guestname") else found


def first(args: Any) -> Any:
    if not isinstance(args, list):
        raise Bad("missing_key" if args is None else "wrong_shape", f"msgArgs is {kind_of(args)}", "a list")
    return args[0] if args else None


def row_instant(row: Row) -> int | None:
    """The instant of a row, for the as-of of the file."""
    value = decode(row)
    inner = value.get("event", value) if isinstance(value, dict) else {}
    return Fields(inner).maybe_instant("time") if isinstance(inner, dict) else None
