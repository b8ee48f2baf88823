"""The tables as the writer sees them: columns in order, their exact types, and which of them identify a row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

Row = tuple[object, ...]

LOW = "LowCardinality(String)"
TEXTS = "Array(String)"
LOWS = "Array(LowCardinality(String))"
INSTANT = "DateTime64(3, 'UTC')"
INSTANTS = f"Array({INSTANT})"
SECONDS = "Array(Int64)"


@dataclass(frozen=True)
class Table:
    """``columns`` map a name to its ClickHouse type. ``identity`` is the sorting key; ``partition`` a part of it."""

    name: str
    columns: dict[str, str]
    identity: tuple[str, ...]
    partition: str = ""
    names: tuple[str, ...] = field(init=False)
    types: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(self.columns))
        object.__setattr__(self, "types", tuple(self.columns.values()))

    def position(self, column: str) -> int:
        return self.names.index(column)

    def key(self, row: Row) -> tuple[str, ...]:
        """The identity of a row."""
        return tuple(str(row[self.position(name)]) for name in self.identity)

    def named(self, row: Row) -> dict[str, object]:
        return dict(zip(self.names, row, strict=True))


def _columns(*groups: tuple[str, str]) -> dict[str, str]:
    """``("type", "name name …")`` in the order of the schema."""
    return {name: kind for kind, names in groups for name in names.split()}


_PROOF = ((TEXTS, "proof.interval"), (LOWS, "proof.source proof.kind"), (SECONDS, "proof.seconds"))

ENTRIES = Table(
    "entries",
    _columns(
        ("UInt16", "schema"),
        (LOW, "tenant client period"),
        ("String", "work"),
        (LOW, "row_class corrects_period"),
        ("UInt64", "version"),
        ("Bool", "void"),
        ("String", "id"),
        (LOW, "kind service technician"),
        ("String", "who ticket device"),
        (LOW, "contract zone"),
        ("Nullable(Date)", "local_date"),
        (INSTANT, "started_at ended_at"),
        ("Int64", "worked_seconds rounding_seconds quantity_seconds overlap_seconds machine_seconds"),
        ("Bool", "recovered"),
        (LOW, "disposition reason currency"),
        ("UInt8", "exponent"),
        ("Int64", "amount"),
        ("String", "exact"),
        ("Int64", "risk_amount"),
        (LOW, "risk_currency path"),
        (TEXTS, "candidates"),
        (LOWS, "flags"),
        *_PROOF,
        (LOWS, "segments.tier"),
        (INSTANTS, "segments.started_at segments.ended_at"),
        (SECONDS, "segments.seconds segments.billed_seconds"),
        (TEXTS, "segments.rate"),
        ("Array(Int64)", "segments.amount"),
        (TEXTS, "segments.exact segments.line"),
        (LOWS, "segments.disposition"),
        (TEXTS, "segments.reason"),
        ("Array(Int64)", "segments.risk_amount segments.drawn_seconds"),
        (TEXTS, "segments.lot segments.fee"),
        ("String", "trail"),
        (LOW, "charge project"),
        ("Nullable(Int64)", "cost"),
        (LOW, "cost_currency cost_reason"),
        ("String", "corrects content"),
    ),
    identity=("tenant", "client", "period", "work", "row_class", "corrects_period"),
    partition="period",
)

INTERVALS = Table(
    "intervals",
    _columns(
        ("UInt16", "schema"),
        (LOW, "tenant"),
        ("String", "id"),
        ("UInt64", "version"),
        ("Bool", "void"),
        (LOW, "source kind service"),
        ("String", "technician device client ticket"),
        (LOW, "ticket_evidence"),
        (INSTANT, "started_at"),
        (f"Nullable({INSTANT})", "ended_at"),
        (INSTANTS, "spans.started_at spans.ended_at"),
        (f"Nullable({INSTANT})", "open_from"),
        (INSTANT, "last_seen"),
        ("Int64", "seconds"),
        (LOW, "close time_basis"),
        ("Nullable(Bool)", "billable"),
        ("Bool", "authenticated"),
        (LOWS, "flags"),
        (TEXTS, "evidence"),
        ("String", "detail"),
    ),
    identity=("tenant", "id"),
)

WORK = Table(
    "work",
    _columns(
        ("UInt16", "schema"),
        (LOW, "tenant"),
        ("String", "id"),
        ("UInt64", "version"),
        ("Bool", "void"),
        (LOW, "state kind service technician"),
        ("String", "who"),
        (LOW, "client"),
        ("String", "ticket device"),
        (INSTANT, "started_at ended_at"),
        (INSTANTS, "spans.started_at spans.ended_at shared.started_at shared.ended_at"),
        ("Int64", "seconds machine_seconds"),
        ("Bool", "recovered"),
        (LOW, "path"),
        ("String", "reason"),
        (TEXTS, "candidates"),
        ("Nullable(Bool)", "billable"),
        ("Bool", "authenticated"),
        (LOWS, "flags"),
        *_PROOF,
        ("String", "trail"),
    ),
    identity=("tenant", "id"),
)

PARKED = Table(
    "parked",
    _columns(
        ("UInt16", "schema"),
        (LOW, "tenant"),
        ("String", "id"),
        ("UInt64", "version"),
        ("Bool", "void"),
        (LOW, "reason"),
        ("String", "saw expected remedy"),
        (LOW, "topic"),
        ("String", "place"),
        (LOW, "connector"),
        ("String", "key value"),
        ("UInt32", "attempt"),
    ),
    identity=("tenant", "id"),
)

DECISIONS = Table(
    "decisions",
    _columns(
        ("UInt16", "schema"),
        (LOW, "tenant"),
        ("String", "id"),
        ("UInt64", "version"),
        ("Bool", "void"),
        (LOW, "kind"),
        ("String", "who"),
        (INSTANT, "decided_at"),
        ("String", "reason"),
        (LOW, "client period"),
        (TEXTS, "evidence"),
        ("String", "detail"),
    ),
    identity=("tenant", "id"),
)

CLOSINGS = Table(
    "closings",
    _columns(
        ("UInt16", "schema"),
        (LOW, "tenant"),
        ("String", "id"),
        ("UInt64", "version"),
        ("Bool", "void"),
        (LOW, "outcome reason client period"),
        ("UInt32", "number"),
        ("String", "hash saw"),
        (LOW, "earliest"),
        ("UInt32", "release_number"),
        (INSTANT, "until"),
        ("UInt64", "total_rows"),
        ("Int64", "total_worked_seconds total_quantity_seconds"),
        ("String", "amounts"),
    ),
    identity=("tenant", "id"),
)

EXPORTS = Table(
    "exports",
    _columns(
        ("UInt16", "schema"),
        (LOW, "tenant"),
        ("String", "id"),
        ("UInt64", "version"),
        ("Bool", "void"),
        ("UInt64", "position"),
        ("String", "who"),
        (INSTANT, "made_at"),
        ("UInt16", "layout"),
        (LOWS, "statements.client statements.period"),
        ("Array(UInt32)", "statements.number"),
        (TEXTS, "statements.hash"),
    ),
    identity=("tenant", "id"),
)

TABLES = (ENTRIES, INTERVALS, WORK, PARKED, DECISIONS, CLOSINGS, EXPORTS)


def by_partition(table: Table, rows: Iterable[Row]) -> dict[object, list[Row]]:
    """Rows grouped by the value of the partition key; one group where the table has none."""
    groups: dict[object, list[Row]] = {}
    place = table.position(table.partition) if table.partition else None
    for row in rows:
        groups.setdefault(row[place] if place is not None else "", []).append(row)
    return groups
