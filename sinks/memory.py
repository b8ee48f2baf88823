"""The ledger in memory, with the store's semantics: for simulation and tests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from sinks.rows import entry_of
from sinks.store import StoreError
from sinks.tables import ENTRIES, Row, Table
from streams.models.entry import Entry

_INT_BOUNDS = {
    "UInt8": (0, 1 << 8),
    "UInt16": (0, 1 << 16),
    "UInt32": (0, 1 << 32),
    "UInt64": (0, 1 << 64),
    "Int64": (-(1 << 63), 1 << 63),
}


class MemorySink:
    """Obeys ``sinks.store.Sink``."""

    def __init__(self) -> None:
        self._tables: dict[str, dict[tuple[str, ...], Row]] = {}

    def write(self, table: Table, rows: Sequence[Row]) -> None:
        for row in rows:
            _check(table, row)
        held = self._tables.setdefault(table.name, {})
        version = table.position("version")
        for row in rows:
            key = table.key(row)
            known = held.get(key)
            if known is None or cast(int, row[version]) >= cast(int, known[version]):
                held[key] = row

    def live(self, table: Table) -> list[Row]:
        void = table.position("void")
        held = self._tables.get(table.name, {})
        return [row for _, row in sorted(held.items()) if not row[void]]

    def entries(self) -> Iterator[Entry]:
        """Live entries in the order of their identity."""
        return (entry_of(ENTRIES.named(row)) for row in self.live(ENTRIES))


def _check(table: Table, row: Row) -> None:
    """Refuse what the schema refuses: integers out of range, and the two constraints on entries."""
    if len(row) != len(table.names):
        raise StoreError("config", f"{table.name}: {len(row)} values for {len(table.names)} columns")
    for name, kind, value in zip(table.names, table.types, row, strict=True):
        if kind in _INT_BOUNDS:
            low, high = _INT_BOUNDS[kind]
            if not low <= cast(int, value) < high:
                raise StoreError("data", f"{table.name}.{name} = {value} does not fit into {kind}")
    if table is ENTRIES:
        _check_sums(table.named(row))


def _check_sums(row: dict[str, object]) -> None:
    amounts = cast(list[int], row["segments.amount"])
    worked, rounding, quantity = (cast(int, row[f"{n}_seconds"]) for n in ("worked", "rounding", "quantity"))
    if worked + rounding != quantity:
        raise StoreError("data", f"worked {worked} + rounding {rounding} is not quantity {quantity}")
    if amounts and sum(amounts) != row["amount"]:
        raise StoreError("data", f"amount {row['amount']} is not the sum of its segments {sum(amounts)}")
