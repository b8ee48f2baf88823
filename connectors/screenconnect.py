"""ConnectWise ScreenConnect: the session connection report, as CSV or as the answer of GetReport.

Times are written by the instance, often without a zone: then --zone must name it. The report has no updated-at, so
the revision is the as-of. Guest rows are the agent's own connection, open for weeks: never time of a technician.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO

from connectors.base import Bad, Options, Outcome, Refused, Row, Skip, decode, outcomes, source_name
from connectors.csvrows import Table
from connectors.fields import Fields, checked, kind_of, no_reading
from connectors.files import json_rows, opening
from connectors.instants import Local
from streams.models.event import Event, TicketRef, activity_id

NEEDED = ("ConnectionID", "SessionSessionID", "ProcessType", "ParticipantName", "ConnectedTime", "DisconnectedTime")
Decoder = Callable[[Row], Fields]


def read(stream: BinaryIO, instance: str, options: Options) -> Iterator[Outcome]:
    source = source_name("screenconnect", instance)
    rows, fields_of = (
        _table(stream, options) if opening(stream).lstrip()[:1] not in (b"{", b"[") else _answer(stream, options)
    )
    revision = _survey(rows, fields_of, options)
    yield from outcomes(rows(), lambda row: connection(fields_of(row), source, options, revision))


def connection(fields: Fields, source: str, options: Options, revision: int) -> Event:
    """One connection of a technician as an interval, open while DisconnectedTime is empty."""
    process = fields.id("ProcessType").casefold()
    if process == "guest":
        raise Skip("guest")
    if process != "host":
        raise Bad("bad_row", f"ProcessType {process!r}", "Host or Guest")
    native_id = fields.id("ConnectionID")
    length = fields.millis("DurationSeconds")
    started_at, ended_at, ambiguous = instants(fields, length)
    ticket = fields.maybe_id(options.ticket_column) if options.ticket_column else None
    kind = (fields.maybe_id("SessionSessionType") or "").casefold()
    return Event(
        tenant=options.tenant, source=source, source_event_id=native_id, activity_id=activity_id(source, native_id),
        kind="remote_session", phase="interval", revision=revision, started_at=started_at, ended_at=ended_at,
        duration_ms=None if ended_at is None else length, technician=fields.person("ParticipantName"),
        device=fields.ref("SessionSessionID", "SessionName"), client=fields.ref("SessionCustomProperty1"),
        ticket=None if ticket is None else TicketRef(ticket, "property"),
        service="remote.meeting" if kind == "meeting" else "remote.desktop",
        native={"ambiguous_time": True} if ambiguous else {},
    )  # fmt: skip


def instants(fields: Fields, length: int | None) -> tuple[int, int | None, bool]:
    """Start, end, and whether a time without zone fell into the hour that is repeated in autumn: then the two
    readings that fit the length best hold, the earlier ones where several do."""
    start, end = fields.local("ConnectedTime"), fields.local("DisconnectedTime")
    if start is None:
        return fields.instant("ConnectedTime"), None, False
    starts = _readings(fields, "ConnectedTime", start)
    if end is None:
        return starts[0], None, len(starts) > 1
    ends = _readings(fields, "DisconnectedTime", end)
    pairs = [(a, b) for a in starts for b in ends]

    def misfit(pair: tuple[int, int]) -> tuple[bool, int]:
        worked = pair[1] - pair[0]
        return worked < 0, 0 if length is None else abs(worked - length)

    started_at, ended_at = min(pairs, key=misfit)
    return started_at, ended_at, len(pairs) > 1


def _readings(fields: Fields, name: str, local: Local) -> list[int]:
    found = local.readings(fields.zone)
    if not found:
        raise no_reading(name, local, fields.zone)
    return [checked(name, at) for at in found]


def _table(stream: BinaryIO, options: Options) -> tuple[Callable[[], Iterator[Row]], Decoder]:
    table = Table(stream, NEEDED)
    return table.rows, lambda row: Fields(dict(table.values(row)), options.zone)


def _answer(stream: BinaryIO, options: Options) -> tuple[Callable[[], Iterator[Row]], Decoder]:
    """The answer of GetReport: FieldNames, and Items as lists in that order."""
    columns = []
    for row in json_rows(stream, ("FieldNames", "Items")):
        if row.list == "FieldNames":
            columns.append(_name(row))
    missing = [name for name in NEEDED if name not in columns]
    if missing:
        raise Refused(
            f"It names no field {', '.join(missing)}. It must be the answer of GetReport for SessionConnection, "
            "with FieldNames and Items."
        )

    def fields_of(row: Row) -> Fields:
        cells = decode(row)
        if not isinstance(cells, list) or len(cells) != len(columns):
            saw = f"{len(cells)} values" if isinstance(cells, list) else kind_of(cells)
            raise Bad("wrong_shape", saw, f"a list of {len(columns)} values, as FieldNames has")
        return Fields(dict(zip(columns, cells, strict=True)), options.zone)

    return lambda: (row for row in json_rows(stream, ("FieldNames", "Items")) if row.list != "FieldNames"), fields_of


def _name(row: Row) -> str:
    try:
        return str(decode(row))
    except Bad:
        return ""


def _survey(rows: Callable[[], Iterator[Row]], fields_of: Decoder, options: Options) -> int:
    """The first pass over the file: its as-of. Refuses a file whose times have no zone."""
    naive, zoned, latest = "", False, options.as_of
    for row in rows():
        try:
            fields = fields_of(row)
            start = fields.local("ConnectedTime")
        except Bad:
            continue
        if start is not None and start.offset is None:
            naive = naive or start.text
        zoned = zoned or (start is not None and start.offset is not None)
        if options.as_of is None:
            latest = max(filter(None, (latest, _row_instant(fields))), default=None)
    if naive and not zoned and options.zone is None:
        raise Refused(
            f"Its times have no zone, such as {naive}. Import again with --zone and the time zone of the instance, "
            "such as --zone America/New_York."
        )
    return latest or 0  # 0: no row has an instant, so each will be parked or skipped


def _row_instant(fields: Fields) -> int | None:
    found = []
    for name in ("ConnectedTime", "DisconnectedTime"):
        try:
            found.append(fields.maybe_instant(name))
        except Bad:
            continue
    return max((at for at in found if at is not None), default=None)
