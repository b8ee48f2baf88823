"""The evidence written in the tools' own formats, with the duplicates, late files and broken rows real exports have."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from jobs.demo.evidence import Evidence, Run, Session, Timer
from jobs.demo.traces import Note, Recorded, Traces
from jobs.demo.truth import HOUR
from jobs.demo.world import Device, text
from streams.models.event import activity_id

OFFICE = ZoneInfo("America/New_York")
EARLY = int(datetime(2026, 3, 16, 6, tzinfo=UTC).timestamp())  # when the first exports were made
LATE = int(datetime(2026, 4, 2, 6, tzinfo=UTC).timestamp())  # and the last
STARTED = {2: 15, 1: 14, 5: 16}  # MeshCentral message numbers by protocol
ENDED = {2: 11, 1: 10, 5: 12}
TICKETS = "syncro-tickets.json"
Row = dict[str, Any]


@dataclass(frozen=True)
class Export:
    """One file as a shop would hand it in: which connector reads it, and when it was exported (ISO)."""

    connector: str
    file: str
    as_of: str


def write_files(
    folder: Path, random: Random, evidence: Evidence, traces: Traces, instance: str = "demo"
) -> list[Export]:
    """All exports of the month into ``folder``; the order is the one they were handed in."""
    mesh = _mesh_events([s for s in evidence.sessions if s.visit.client.tool == "mesh"])
    middle = [row for row in mesh if row["time"] < _iso_ms(EARLY * 1000)]
    overlap = [row for row in mesh if row["time"] >= _iso_ms((EARLY - 36 * HOUR) * 1000)]
    screen = [s for s in evidence.sessions if s.visit.client.tool == "screenconnect"]
    early, late = _iso(EARLY), _iso(LATE)
    _json(folder / TICKETS, {"tickets": [_ticket(t) for t in traces.tickets], "meta": {"page": 1}})
    _json(folder / "meshcentral-1.json", {"action": "events", "events": middle[::-1]})
    _json(folder / "meshcentral-2.json", {"action": "events", "events": [*overlap[::-1], *_broken_mesh(overlap)]})
    _screenconnect(
        folder / "screenconnect-1.csv", [s for s in screen if s.start_ms < EARLY * 1000], traces, random, EARLY
    )
    _screenconnect(folder / "screenconnect-2.csv", screen, traces, random, LATE)
    _json(folder / "syncro-timers-1.json", {"ticket_timers": _timers(evidence.timers, EARLY)})
    _json(folder / "syncro-timers-2.json", {"ticket_timers": _timers(evidence.timers, LATE)})
    _json(folder / "tactical-scripts.json", [_run(run) for run in sorted(evidence.runs, key=lambda r: -r.at_ms)])
    _json(folder / "tactical-audit.json", {"audit_logs": _audit(screen, mesh=evidence.sessions), "total": 0})
    _desk(folder / "desk.jsonl", evidence, f"desk:{instance}")
    return [
        Export("syncro", TICKETS, late),
        Export("meshcentral", "meshcentral-2.json", late),  # the newer export first: nothing may depend on it
        Export("meshcentral", "meshcentral-1.json", early),
        Export("screenconnect", "screenconnect-1.csv", early),
        Export("screenconnect", "screenconnect-2.csv", late),
        Export("tacticalrmm", "tactical-scripts.json", late),
        Export("tacticalrmm", "tactical-audit.json", late),
        Export("syncro", "syncro-timers-2.json", late),
        Export("syncro", "syncro-timers-1.json", early),
        Export("cloudevents", "desk.jsonl", late),
    ]


def _json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _iso_ms(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms // 1000, UTC):%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


def _local(seconds: int) -> str:
    """As Syncro writes it: local time of the account with its offset."""
    at = datetime.fromtimestamp(seconds, OFFICE)
    offset = at.strftime("%z")
    return f"{at:%Y-%m-%dT%H:%M:%S}.000{offset[:3]}:{offset[3:]}"


def _ticket(recorded: Recorded) -> Row:
    ticket, device = recorded.ticket, recorded.device
    return {
        "id": ticket.number,
        "number": ticket.number,
        "subject": "(subject)",
        "customer_id": ticket.client.number,
        "customer_business_then_name": ticket.client.name,
        "user_id": recorded.technician.number,
        "status": "Resolved" if ticket.closed else "In Progress",
        "created_at": _local(ticket.opened),
        "resolved_at": _local(ticket.closed) if ticket.closed else None,
        "updated_at": _local(ticket.closed or ticket.opened),
        "contact_fullname": recorded.contact or None,
        "asset_ids": [device.id] if device else [],
        "comments": [_comment(recorded, n, note) for n, note in enumerate(recorded.notes) if note.at < LATE],
    }


def _comment(recorded: Recorded, number: int, note: Note) -> Row:
    """A note on the ticket; what it says is never read."""
    return {
        "id": recorded.ticket.number * 100 + number,
        "created_at": _local(note.at),
        "updated_at": _local(note.at),
        "ticket_id": recorded.ticket.number,
        "subject": "Update",
        "body": "(text)",
        "tech": note.technician.name.title() if note.technician else "customer-reply",
        "hidden": note.technician is not None,
        "user_id": note.technician.number if note.technician else None,
    }


def _mesh_events(sessions: Iterable[Session]) -> list[Row]:
    rows = []
    for session in sessions:
        relay = {
            "etype": "relay",
            "action": "relaylog",
            "userid": f"user//{session.visit.technician.login}",
            "username": session.visit.technician.login,
            "msg": "(display text, do not parse)",
            "protocol": session.protocol,
            "nodeid": session.visit.device.node,
        }
        start = {"msgid": STARTED[session.protocol], "msgArgs": [session.id, "198.51.100.20", "203.0.113.7"]}
        seconds = (session.stop_ms - session.start_ms) // 1000
        stop = {"msgid": ENDED[session.protocol], "msgArgs": [session.id, "203.0.113.7", "198.51.100.20", seconds]}
        if not session.start_lost:
            rows.append(relay | start | {"time": _iso_ms(session.start_ms)})
        if not session.stop_lost:
            rows.append(relay | stop | {"bytesin": 18234, "bytesout": 904, "time": _iso_ms(session.stop_ms)})
    return sorted(rows, key=lambda row: (row["time"], row["msgArgs"][0]))


def _broken_mesh(rows: list[Row]) -> list[Row]:
    """Three rows as a failing disk or a careless edit leaves them."""
    return [
        rows[10] | {"time": "yesterday"},
        rows[20] | {"msgArgs": "k3v0"},
        rows[30] | {"time": "1899-12-31T00:00:00Z"},
    ]


def _screenconnect(path: Path, sessions: list[Session], traces: Traces, random: Random, as_of: int) -> None:
    header = (
        "ConnectionID,SessionSessionID,SessionName,SessionSessionType,SessionCustomProperty1,SessionCustomProperty8,"
    )
    header += "ProcessType,ParticipantName,ConnectedTime,DisconnectedTime,DurationSeconds,ClientType,NetworkAddress"
    guests = {s.visit.device.id: s for s in sessions}
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header.split(","))
        for session in sessions:
            writer.writerow(_connection(session, traces, as_of))
        for device, session in sorted(guests.items())[:40]:
            row = _connection(session, traces, as_of)
            writer.writerow([f"guest-{device}", *row[1:6], "Guest", "", "2026-03-01T06:00:00Z", "", "", *row[11:]])
        if as_of == LATE:
            writer.writerow(["not-a-row", text(random, "abc", 5)])


def _connection(session: Session, traces: Traces, as_of: int) -> list[str | int]:
    visit, start, stop = session.visit, session.start_ms // 1000, session.stop_ms // 1000
    open_ = session.stop_lost or stop > as_of
    return [
        f"5d3c1f0a-2f5e-4a27-8f31-{session.id}x",
        visit.device.session,
        visit.device.id,
        "Access",
        visit.client.name,
        str(traces.numbers.get(session.id, "")),
        "Host",
        traces.logins.get(session.id, visit.technician.login),
        _iso(start),
        "" if open_ else _iso(stop),
        "" if open_ else stop - start,
        "Desktop",
        "203.0.113.7",
    ]


def _timers(timers: Iterable[Timer], as_of: int) -> list[Row]:
    """The rows as they read at ``as_of``: later edits not yet made, running timers without an end."""
    rows = []
    for timer in timers:
        if timer.start >= as_of:
            continue
        now = timer.first if timer.first and timer.updated > as_of else timer
        stop = now.stop if now.stop is not None and now.stop <= as_of else None
        rows.append(
            {
                "id": now.id,
                "ticket_id": now.ticket.number,
                "user_id": now.technician.number,
                "start_time": _local(now.start),
                "end_time": None if stop is None else _local(stop),
                "recorded": stop is not None,
                "created_at": _local(now.start),
                "updated_at": _local(now.start if stop is None else now.updated),
                "billable": now.billable,
                "notes": "",
                "toggl_id": None,
                "product_id": 881,
                "comment_id": None,
                "ticket_line_item_id": None,
                "active_duration": 0 if stop is None else stop - now.start - now.pause,
            }
        )
    return rows


def _run(run: Run) -> Row:
    results = {"id": run.id, "stdout": "ok", "stderr": "", "retcode": 0, "execution_time": run.seconds}
    return {
        "id": run.id,
        "time": f"{_iso_ms(run.at_ms)[:-1]}734Z",
        "username": run.technician.login if run.technician else "system",
        "script": 12 if run.technician is None else 41,
        "script_results": results if run.seconds else None,
        "agent": 17,
        "script_name": run.script,
        "agent_id": run.device.agent,
    }


def _audit(screen: list[Session], mesh: list[Session]) -> list[Row]:
    """Take-control clicks: they say that somebody looked, never for how long."""
    chosen = [s for s in (*screen, *mesh) if s.start_ms % 3 == 0]
    rows = []
    for number, session in enumerate(sorted(chosen, key=lambda s: (s.start_ms, s.id))):
        row = {
            "id": 55000 + number,
            "username": session.visit.technician.login,
            "agent": session.visit.device.id,
            "agent_id": session.visit.device.agent,
            "entry_time": f"{_iso_ms(session.start_ms - 2500)[:-1]}203Z",
            "action": "remote_session",
            "object_type": "agent",
            "before_value": None,
            "after_value": None,
            "message": "(user initiated session to host)",
            "debug_info": {"ip": "203.0.113.7"},
            "ip_address": "203.0.113.7",
            "site": {"id": 8, "name": "Main office", "client": 4, "client_name": session.visit.client.name},
        }
        rows.append(row)
    return rows


def _desk(path: Path, evidence: Evidence, source: str) -> None:
    """Timers of our own page as CloudEvents, one a line; some lines twice, one cut short."""
    lines = []
    for timer in evidence.desk:
        for phase, at in timer.signals:
            key = f"{timer.id}/{phase}/{at}"
            data = {
                "schema": 1,
                "source": source,
                "source_event_id": key,
                "activity_id": activity_id(source, timer.id),
                "kind": "ticket_timer",
                "phase": phase,
                "at": _iso(at),
                "technician": {"native_id": timer.technician.login},
                "ticket": {"native_id": str(timer.ticket.number), "evidence": "field"},
                "service": "timer.ticket",
                "time_basis": "observed",
            }
            event = {"specversion": "1.0", "id": key, "source": source, "type": f"everyminute.ticket_timer.{phase}.v1"}
            lines.append(json.dumps(event | {"time": _iso(at), "datacontenttype": "application/json", "data": data}))
    repeated = lines + lines[::7]
    path.write_text("\n".join([*repeated, lines[0][:90]]) + "\n", encoding="utf-8")


def device_aliases(device: Device) -> dict[str, list[str]]:
    return {
        "meshcentral": [device.node],
        "tacticalrmm": [device.agent],
        "screenconnect": [device.session],
        "syncro": [device.id],
    }
