"""What exports tell about clients, technicians and devices: one pass over the files, through the connectors."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

from connectors import CONNECTORS
from connectors.base import DirectoryObject, Options, Refused, Row
from connectors.fields import json_fields
from connectors.files import json_rows
from jobs.catalog_people import Name
from jobs.console import UserError
from jobs.timesheet import NotATimesheetError, TimesheetRow, read_timesheet
from streams.models.catalog import Client, Device
from streams.models.event import EARLIEST_MS, Event

MARKS = {  # words that stand in an export of the tool, and in no other's
    "cloudevents": ('"specversion"',),
    "meshcentral": ('"mesh//', '"node//', '"relaylog"', '"meshid"'),
    "screenconnect": ("SessionSessionID", "ConnectionID"),
    "tacticalrmm": ('"script_results"', '"audit_logs"', '"agent_id"', '"mesh_node_id"'),
    "syncro": ('"ticket_timers"', '"active_duration"', '"customer_id"'),
}
LOOK = 200_000  # characters in which a mark must stand
Key = tuple[str, str]  # (source, native id)


@dataclass(slots=True)
class Sightings:
    """Everything seen. Names of clients and devices by (source, native id)."""

    people: set[Name] = field(default_factory=set)
    clients: dict[Key, str] = field(default_factory=dict)
    devices: dict[Key, str] = field(default_factory=dict)
    client_of: dict[Key, Counter[Key]] = field(default_factory=lambda: defaultdict(Counter))
    rows: list[TimesheetRow] = field(default_factory=list)
    report: list[str] = field(default_factory=list)

    def client(self, source: str, native_id: str, name: str | None) -> Key:
        key = (source, native_id)
        self.clients[key] = name or self.clients.get(key, "")
        return key

    def device(self, source: str, native_id: str, name: str | None) -> Key:
        key = (source, native_id)
        self.devices[key] = name or self.devices.get(key, "")
        return key


def look(files: list[Path]) -> Sightings:
    """Read every export; raises ``UserError`` for a file of no tool we know."""
    seen = Sightings()
    for file in sorted(files):
        try:
            text = file.read_bytes()[:LOOK].decode("utf-8", errors="replace")
        except OSError as error:
            raise UserError(f"{file}: {error.strerror}; check the path") from error
        connector = _connector(text)
        if connector is not None:
            _read_export(seen, file, connector)
        else:
            _read_sheet(seen, file)
    return seen


def _connector(text: str) -> str | None:
    hits = {name: sum(text.count(mark) for mark in marks) for name, marks in MARKS.items()}
    if hits["cloudevents"]:
        return "cloudevents"
    best = max(hits, key=lambda name: (hits[name], name))
    return best if hits[best] else None


def _read_sheet(seen: Sightings, file: Path) -> None:
    try:
        sheet = read_timesheet(file, day_first=True)  # dates do not matter here
    except NotATimesheetError as error:
        raise UserError(
            f"{file} is no export we know ({error}). Known: {', '.join(CONNECTORS)}, and timesheet CSV of solidtime, "
            "Toggl, Clockify, Harvest, Kimai"
        ) from error
    for row in sheet.rows:
        who = row.email or row.technician
        if who:
            seen.people.add(Name(sheet.tool, who, row.technician, row.email))
        if row.client:
            seen.client(sheet.tool, row.client, row.client)
    seen.rows += sheet.rows
    seen.report.append(f"{file}: {sheet.tool}, {len(sheet.rows)} rows" + _bad(len(sheet.bad)))


def _bad(count: int) -> str:
    return f", {count} could not be read" if count else ""


def _read_export(seen: Sightings, file: Path, connector: str) -> None:
    options = Options(as_of=EARLIEST_MS, zone=ZoneInfo("UTC"))  # only names are read, no instant is used
    read = bad = 0
    with file.open("rb") as stream:
        try:
            for outcome in CONNECTORS[connector].read(stream, "export", options):
                if isinstance(outcome, Event):
                    _take_event(seen, outcome)
                elif isinstance(outcome, DirectoryObject):
                    _take_object(seen, connector, outcome)
                bad += type(outcome).__name__ == "BadRow"
                read += 1
            if connector == "tacticalrmm":
                _take_audit(seen, json_rows(stream, ("audit_logs",)))
        except Refused as error:
            raise UserError(f"{file}: {error}") from error
    seen.report.append(f"{file}: {connector}, {read} rows" + _bad(bad))


def _take_event(seen: Sightings, event: Event) -> None:
    source = event.source.split(":", 1)[0]
    if event.technician:
        who = event.technician
        seen.people.add(Name(source, who.native_id, who.name or "", who.email or ""))
    device = seen.device(source, event.device.native_id, event.device.name) if event.device else None
    if event.client:
        client = seen.client(source, event.client.native_id, event.client.name or event.client.native_id)
        if device:
            seen.client_of[device][client] += 1


def _take_object(seen: Sightings, source: str, found: DirectoryObject) -> None:
    item = found.item
    if isinstance(item, Client | Device):
        native_id = next(iter(item.aliases.values()))[0]
        if isinstance(item, Client):
            seen.client(source, native_id, item.name)
        else:
            device = seen.device(source, native_id, item.name)
            if item.client:
                client = item.client.split("=", 1)[1]
                seen.client_of[device][seen.client(source, client, None)] += 1


def _take_audit(seen: Sightings, rows: Iterable[Row]) -> None:
    """Tactical's audit log tells hostname and client of an agent, though its rows are no time."""
    for row in rows:
        fields = json_fields(row)
        agent, site = fields.get("agent_id"), fields.get("site")
        if not isinstance(agent, str) or "entry_time" not in fields.values:
            continue
        name = fields.get("agent")
        device = seen.device("tacticalrmm", agent, name if isinstance(name, str) else None)
        client = site.get("client_name") if isinstance(site, dict) else None
        if isinstance(client, str) and client:
            seen.client_of[device][seen.client("tacticalrmm", client, client)] += 1
        who = fields.get("username")
        if isinstance(who, str) and who not in ("", "system"):
            seen.people.add(Name("tacticalrmm", who))


def plain_key(text: str) -> str:
    """Letters and digits in lower case: "Acme Dental" and "ACME-Dental" are one."""
    return re.sub(r"[\W_]+", "", text.casefold())


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.casefold()).strip("-")
