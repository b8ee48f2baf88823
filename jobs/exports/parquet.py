"""Usage lines as Parquet: money as exact decimals, instants with their zone. Needs the extra `parquet`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from jobs.console import Exit, UserError
from jobs.exports.formats import Notes
from jobs.output import Cell
from jobs.usage import CSV

if TYPE_CHECKING:
    import pyarrow

GROUP_ROWS = 20_000
MISSING = (
    "Parquet needs the package pyarrow, which is not installed: pip install 'everyminute[parquet]', or choose csv, "
    "jsonl or xlsx."
)
INTEGERS = ("worked_seconds", "quantity_seconds", "line")
DECIMALS = {"worked_hours": 4, "quantity_hours": 4, "amount": 4}
INSTANTS = ("started_at", "ended_at")


class ParquetFile:
    """``notes`` become the metadata of the file."""

    def __init__(self, path: Path, notes: Notes) -> None:
        try:
            import pyarrow
            from pyarrow import parquet
        except ImportError:
            raise UserError(MISSING, Exit.CANNOT) from None
        self._arrow = pyarrow
        self.schema = pyarrow.schema(
            [pyarrow.field(name, self._type(name), nullable=False) for name in CSV],
            metadata=dict(sorted(notes.items())),
        )
        self._writer = parquet.ParquetWriter(path, self.schema, compression="zstd", store_schema=False)
        self._rows: list[list[object]] = []

    def _type(self, name: str) -> pyarrow.DataType:
        if name in INTEGERS:
            return self._arrow.int64()
        if name in DECIMALS:
            return self._arrow.decimal128(38, DECIMALS[name])
        return self._arrow.timestamp("ms", tz="UTC") if name in INSTANTS else self._arrow.string()

    def add(self, row: Sequence[Cell], exponent: int) -> None:
        self._rows.append([_value(name, cell) for name, cell in zip(CSV, row, strict=True)])
        if len(self._rows) >= GROUP_ROWS:
            self._flush()

    def _flush(self) -> None:
        columns = zip(*self._rows, strict=True) if self._rows else ([] for _ in CSV)
        arrays = [
            self._arrow.array(list(one), type=field.type) for one, field in zip(columns, self.schema, strict=True)
        ]
        self._writer.write_table(self._arrow.table(arrays, schema=self.schema))
        self._rows.clear()

    def close(self) -> None:
        self._flush()
        self._writer.close()


def _value(name: str, cell: Cell) -> object:
    if name in INSTANTS:
        return datetime.fromisoformat(str(cell))
    return Decimal(cell) if name in DECIMALS else cell
