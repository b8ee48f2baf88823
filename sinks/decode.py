"""A record of a topic as a row of its table, or why it cannot be one."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from aiokafka import ConsumerRecord

from sinks.rows import entry_row, interval_row, parked_row, work_row
from sinks.rows_closing import closing_row, decision_row
from sinks.rows_export import export_row
from sinks.store import StoreError
from sinks.tables import CLOSINGS, DECISIONS, ENTRIES, EXPORTS, INTERVALS, PARKED, WORK, Row, Table
from streams.models.entry import decode_entry
from streams.models.export import decode_export
from streams.models.fact import Fact, decode_fact
from streams.models.interval import decode_interval
from streams.models.parked import Parked, Reason, decode_parked, parked_id
from streams.models.work import decode_work

TOPICS = ("entries", "link-log", "rate-log", "parked", "decisions", "exports")
REPLAYED_ID = "everyminute-parked"  # headers of a replayed record, the same for every hop
REPLAYED_ATTEMPT = "everyminute-attempt"
_KNOWN_SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Stored:
    """A row and the record it came from."""

    table: Table
    row: Row
    record: ConsumerRecord


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that cannot be stored; becomes a parked item."""

    record: ConsumerRecord
    tenant: str
    reason: Reason
    saw: str
    expected: str
    remedy: str

    def park(self, topic: str) -> Parked:
        """The parked item; parked again after a replay it keeps its id. ``topic`` without prefix."""
        record = self.record
        key, value = record.key or b"", record.value or b""
        again = replay_of(record)
        attempt = again[1] if again else 0
        return Parked(
            tenant=self.tenant,
            id=again[0] if again else parked_id(self.tenant, topic, key, value),
            version=2 * attempt + 1,
            reason=self.reason,
            saw=self.saw,
            expected=self.expected,
            remedy=self.remedy,
            topic=topic,
            place=_place(topic, record),
            key=key,
            value=value,
            attempt=attempt,
        )


def replay_of(record: ConsumerRecord) -> tuple[str, int] | None:
    """(id of the parked item, which replay it is) of a replayed record."""
    found = dict(record.headers)
    attempt = found.get(REPLAYED_ATTEMPT, b"")
    return (found[REPLAYED_ID].decode(), int(attempt)) if attempt.isdigit() and REPLAYED_ID in found else None


def decode(topic: str, record: ConsumerRecord, tenant: str) -> Stored | Refused | None:
    """The row of a record, why it has none, or None for facts that have no table.

    ``topic`` without prefix; ``tenant`` for records that name none. Raises StoreError for an unreadable parked item.
    """
    value = record.value
    try:
        if not value:
            raise ValueError("an empty record")
        found = _row(topic, value) if topic != "exports" else _export(value, record.offset)
    except (msgspec.DecodeError, ValueError, OverflowError) as error:
        if topic == "parked":
            raise StoreError("config", f"{_place(topic, record)}: a parked item cannot be read: {error}") from error
        return _refuse(topic, record, error, tenant)
    return Stored(*found, record) if found else None


def _row(topic: str, value: bytes) -> tuple[Table, Row] | None:
    if topic == "entries":
        entry = decode_entry(value)
        _require_schema(entry.schema)
        return ENTRIES, entry_row(entry)
    if topic == "parked":
        return PARKED, parked_row(decode_parked(value))
    fact = decode_fact(value)
    if topic == "link-log" and fact.kind == "interval":
        interval = decode_interval(fact.body)
        _require_same(fact, interval.tenant, interval.id, interval.schema)
        return INTERVALS, interval_row(interval, fact.rev)
    if topic == "rate-log" and fact.kind == "work":
        work = decode_work(fact.body)
        _require_same(fact, work.tenant, work.id, work.schema)
        return WORK, work_row(work, fact.rev)
    if topic == "decisions" and fact.kind == "decision":
        return DECISIONS, decision_row(fact)
    if topic == "decisions" and fact.kind in ("closed", "refused"):
        return CLOSINGS, closing_row(fact)
    return None


def _export(value: bytes, offset: int) -> tuple[Table, Row]:
    """Unlike any other row, that of a batch says where it stands in the log."""
    fact = decode_fact(value)
    _require_schema(decode_export(bytes(fact.body)).schema)
    return EXPORTS, export_row(fact, offset)


class _SchemaError(ValueError):
    pass


def _require_schema(schema: int) -> None:
    if schema != _KNOWN_SCHEMA:
        raise _SchemaError(f"schema {schema}")


def _require_same(fact: Fact, tenant: str, body_id: str, schema: int) -> None:
    _require_schema(schema)
    if (tenant, body_id) != (fact.tenant, fact.id):
        raise ValueError(f"a fact about {fact.tenant}/{fact.id} that carries {tenant}/{body_id}")


class _Head(msgspec.Struct):
    tenant: str = ""


_head = msgspec.json.Decoder(_Head)


def _tenant(record: ConsumerRecord) -> str:
    """Tenant of a record that cannot be read, as far as it can be told; else empty."""
    try:
        return _head.decode(record.value or b"").tenant
    except msgspec.DecodeError:
        key = (record.key or b"").decode("utf-8", "replace")
        return key.split("|", 1)[0] if "|" in key else ""


def _reason(error: Exception) -> Reason:
    if isinstance(error, _SchemaError):
        return "unknown_schema"
    if isinstance(error, msgspec.ValidationError):
        return "wrong_shape"
    return "not_json" if isinstance(error, msgspec.DecodeError) else "bad_row"


def _place(topic: str, record: ConsumerRecord) -> str:
    return f"{topic}/{record.partition}@{record.offset}"


def _refuse(topic: str, record: ConsumerRecord, error: Exception, tenant: str) -> Refused:
    return Refused(
        record,
        _tenant(record) or tenant,
        _reason(error) if record.value else "empty_value",
        saw=str(error),
        expected=f"a record of {topic} as this version of the program writes it",
        remedy="Find out who wrote it. Replay it with a corrected file, or after an upgrade as it is.",
    )


def refuse_stored(stored: Stored, error: StoreError) -> Refused:
    """A row that the store itself refused. Raises StoreError when it is a parked item: there is no way on."""
    tenant = str(stored.row[stored.table.position("tenant")])
    if stored.table is PARKED:
        raise StoreError("config", f"a parked item was refused: {error}", error.code) from error
    return Refused(
        stored.record,
        tenant,
        "refused_by_store",
        saw=str(error),
        expected=f"a row that fits into table {stored.table.name}",
        remedy="This is a defect of the program, not of your data: report it. Replay the item after the upgrade.",
    )
