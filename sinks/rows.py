"""Records as rows of their tables, and back. Instants travel as milliseconds, lists as lists, trails as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, cast

import msgspec

from sinks.tables import Row
from streams.models.closing import content
from streams.models.entry import Entry, Identity, Segment
from streams.models.interval import Interval, Span
from streams.models.parked import Parked
from streams.models.work import Proof, Step, Work

_encode = msgspec.json.Encoder().encode
_steps = msgspec.json.Decoder(tuple[Step, ...])


def _ms(seconds: int) -> int:
    return seconds * 1000


def _starts(spans: Iterable[Span]) -> list[int]:
    return [start * 1000 for start, _ in spans]


def _ends(spans: Iterable[Span]) -> list[int]:
    return [end * 1000 for _, end in spans]


def _proof(proof: Sequence[Proof]) -> tuple[list[str], list[str], list[str], list[int]]:
    return (
        [p.interval for p in proof], [p.source for p in proof], [p.kind for p in proof], [p.seconds for p in proof]
    )  # fmt: skip


def entry_row(entry: Entry) -> Row:
    """The row of ``sinks.tables.ENTRIES``. Raises ValueError where ``local_date`` is no date."""
    who = entry.identity
    lines = entry.segments
    return (
        entry.schema, entry.tenant, who.client, who.period, who.work, who.row_class, who.corrects_period,
        entry.version, entry.void, entry.id, entry.kind, entry.service, entry.technician, entry.who, entry.ticket,
        entry.device, entry.contract, entry.zone, date.fromisoformat(entry.local_date) if entry.local_date else None,
        _ms(entry.start), _ms(entry.end), entry.worked_seconds, entry.rounding_seconds, entry.quantity_seconds,
        entry.overlap_seconds, entry.machine_seconds, entry.recovered, entry.disposition, entry.reason, entry.currency,
        entry.exponent,
        entry.amount, entry.exact, entry.risk_amount, entry.risk_currency, entry.path, entry.candidates, entry.flags,
        *_proof(entry.proof), [s.tier for s in lines], [_ms(s.start) for s in lines], [_ms(s.end) for s in lines],
        [s.seconds for s in lines], [s.billed_seconds for s in lines], [s.rate for s in lines],
        [s.amount for s in lines], [s.exact for s in lines], [s.line for s in lines],
        [s.disposition for s in lines], [s.reason for s in lines], [s.risk_amount for s in lines],
        [s.drawn_seconds for s in lines], [s.lot for s in lines], [s.fee for s in lines], _encode(entry.trail).decode(),
        entry.charge, entry.project, entry.cost, entry.cost_currency, entry.cost_reason, entry.corrects, content(entry),
    )  # fmt: skip


def interval_row(interval: Interval, version: int) -> Row:
    """The row of ``sinks.tables.INTERVALS``; ``version`` is the revision of the fact that carried it."""
    detail = {name: part for name in ("technician", "device", "client", "native") if (part := getattr(interval, name))}
    refs = (interval.technician, interval.device, interval.client, interval.ticket)
    return (
        interval.schema, interval.tenant, interval.id, version, interval.void, interval.source, interval.kind,
        interval.service, *(ref.native_id if ref else "" for ref in refs),
        interval.ticket.evidence if interval.ticket else "", _ms(interval.start),
        None if interval.end is None else _ms(interval.end), _starts(interval.spans), _ends(interval.spans),
        None if interval.open_from is None else _ms(interval.open_from), _ms(interval.last_seen), interval.seconds,
        interval.close, interval.time_basis, interval.billable, interval.authenticated, interval.flags,
        interval.evidence, _encode(detail).decode(),
    )  # fmt: skip


def work_row(work: Work, version: int) -> Row:
    """The row of ``sinks.tables.WORK``; ``version`` is the revision of the fact that carried it."""
    machine = work.script.seconds if work.script else 0
    return (
        work.schema, work.tenant, work.id, version, work.state == "void", work.state, work.kind, work.service,
        work.technician or "", work.who, work.client or "", work.ticket or "", work.device or "", _ms(work.start),
        _ms(work.spans[-1][1]) if work.spans else 0, _starts(work.spans), _ends(work.spans), _starts(work.shared),
        _ends(work.shared), work.seconds, machine, work.recovered, work.path, work.reason, work.candidates,
        work.billable, work.authenticated, work.flags, *_proof(work.proof), _encode(work.trail).decode(),
    )  # fmt: skip


def parked_row(parked: Parked) -> Row:
    """The row of ``sinks.tables.PARKED``; key and value stay bytes."""
    return (
        parked.schema, parked.tenant, parked.id, parked.version, parked.void, parked.reason, parked.saw,
        parked.expected, parked.remedy, parked.topic, parked.place, parked.connector, parked.key, parked.value,
        parked.attempt,
    )  # fmt: skip


def _seconds(instant: object) -> int:
    """Seconds of an instant, a datetime from the store or milliseconds from memory."""
    if isinstance(instant, datetime):
        return int(instant.timestamp())
    return cast(int, instant) // 1000


def entry_of(row: Mapping[str, Any]) -> Entry:
    """The entry of a row, column by name; ``entry_of(entry_row(e)) == e``."""
    return Entry(
        schema=row["schema"], tenant=row["tenant"], version=row["version"], void=bool(row.get("void")),
        identity=Identity(row["client"], row["period"], row["work"], row["row_class"], row["corrects_period"]),
        start=_seconds(row["started_at"]), end=_seconds(row["ended_at"]),
        local_date=row["local_date"].isoformat() if row["local_date"] else "",
        candidates=tuple(row["candidates"]), flags=tuple(row["flags"]), trail=_steps.decode(row["trail"]),
        proof=tuple(
            Proof(*parts)
            for parts in zip(*(row[f"proof.{n}"] for n in ("interval", "source", "kind", "seconds")), strict=True)
        ),
        segments=_segments(row), machine_seconds=row.get("machine_seconds", 0),
        **{name: row[name] for name in _PLAIN},
        **{name: row[name] for name in _LATEST if row.get(name) is not None},
    )  # fmt: skip


_PLAIN = (
    "kind", "service", "technician", "who", "ticket", "device", "contract", "zone", "worked_seconds",
    "rounding_seconds", "quantity_seconds", "overlap_seconds", "recovered", "disposition", "reason", "currency",
    "exponent", "amount", "exact", "risk_amount", "risk_currency", "path",
)  # fmt: skip

_LATEST = ("charge", "project", "cost", "cost_currency", "cost_reason", "corrects")  # not in what was stored before


_SEGMENT = ("tier", "started_at", "ended_at", "seconds", "billed_seconds", "rate", "amount", "exact", "line")
# Empty in rows that were stored before there were any.
_LATER = ("disposition", "reason", "risk_amount", "drawn_seconds", "lot", "fee")


def _segments(row: Mapping[str, Any]) -> tuple[Segment, ...]:
    columns = [row[f"segments.{name}"] for name in _SEGMENT]
    later = {name: row.get(f"segments.{name}") for name in _LATER}
    return tuple(
        Segment(tier, _seconds(start), _seconds(end), *rest, **{name: all_[n] for name, all_ in later.items() if all_})
        for n, (tier, start, end, *rest) in enumerate(zip(*columns, strict=True))
    )


def parked_of(row: Mapping[str, Any]) -> Parked:
    """The parked item of a row, column by name; key and value must be bytes."""
    names = (*_PARKED_TEXT, "version", "key", "value", "attempt", "schema")
    return Parked(void=bool(row.get("void")), **{name: row[name] for name in names})


_PARKED_TEXT = ("tenant", "id", "reason", "saw", "expected", "remedy", "topic", "place", "connector")
