"""Reading the ledger. Every question is a parameterised query whose first condition is the tenant."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import msgspec
from clickhouse_connect.driver.client import Client

from jobs.console import Exit, UserError, hush
from sinks.clickhouse import connect, query, store_error
from sinks.rows import entry_of, parked_of
from sinks.store import StoreError
from sinks.tables import ENTRIES, PARKED
from streams.models.entry import Entry, encode_entry
from streams.models.parked import Parked
from streams.settings import Settings

PERIOD = re.compile(r"^\d{4}-(0[1-9]|1[0-2])$")
BYTES = {"key": "bytes", "value": "bytes"}
ORDER = ", ".join(ENTRIES.identity)


def check_period(period: str | None) -> str | None:
    """Raises UserError for what is not a month."""
    if period is not None and not PERIOD.match(period):
        raise UserError(f"--period {period!r}: write the month as 2026-03.")
    return period


class Ledger:
    """The ledger of one tenant. A context manager; its methods raise UserError when the store does not answer."""

    def __init__(self, settings: Settings, tenant: str | None = None) -> None:
        self.settings = settings
        self.tenant = tenant or settings.tenant
        hush("clickhouse_connect")
        try:
            self.store: Client = connect(settings, read_only=True)
        except StoreError as error:
            raise cannot(settings, error) from error

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.store.close()

    def entries(self, period: str | None = None, client: str | None = None, trail: bool = False) -> Iterator[Entry]:
        """Rows that hold, in the order of their identity, a block at a time; without trails unless asked."""
        where, values = self._where(period=period, client=client)
        yield from self._entries(f"SELECT {_columns(trail)} FROM entries_live WHERE {where} ORDER BY {ORDER}", values)  # noqa: S608

    def entries_after(
        self, client: str | None, period: str | None, after: list[str] | None, most: int
    ) -> Iterator[Entry]:
        """At most so many rows behind a place of the order (client, period, work, class, corrected period)."""
        where, values = self._where(period=period, client=client)
        if after is not None:
            columns = ENTRIES.identity[1:]
            where += f" AND ({', '.join(columns)}) > ({', '.join(f'{{after_{name}:String}}' for name in columns)})"
            values |= {f"after_{name}": text for name, text in zip(columns, after, strict=True)}
        sql = f"SELECT {_columns(False)} FROM entries_live WHERE {where} ORDER BY {ORDER} LIMIT {{most:UInt32}}"  # noqa: S608
        yield from self._entries(sql, values | {"most": most})

    def _entries(self, sql: str, values: dict[str, object]) -> Iterator[Entry]:
        try:
            with self.store.query_row_block_stream(sql, parameters=values) as blocks:
                names = blocks.source.column_names
                for block in blocks:
                    for row in block:
                        yield entry_of(dict(zip(names, row, strict=True)))
        except Exception as error:
            raise cannot(self.settings, store_error(error)) from error

    def find(self, prefix: str, most: int = 5) -> list[Entry]:
        """Rows that hold and whose id starts with the prefix, with their trails, at most so many."""
        sql = (
            f"SELECT {_columns(True)} FROM entries_live WHERE tenant = {{tenant:String}} "  # noqa: S608
            f"AND startsWith(id, {{prefix:String}}) ORDER BY {ORDER} LIMIT {{most:UInt32}}"
        )
        return [entry_of(row) for row in self._query(sql, {"prefix": prefix, "most": most})]

    def known(self, column: str) -> list[str]:
        """What stands in a column of the entries that hold: their clients, periods, technicians."""
        sql = f"SELECT DISTINCT {column} AS one FROM entries_live WHERE tenant = {{tenant:String}} ORDER BY one"  # noqa: S608
        return [row["one"] for row in self._query(sql, {})]

    def was_ever(self, prefix: str) -> bool:
        """Whether a row with such an id existed and no longer holds."""
        sql = "SELECT count() AS n FROM entries WHERE tenant = {tenant:String} AND startsWith(id, {prefix:String})"
        return bool(self._query(sql, {"prefix": prefix})[0]["n"])

    def intervals(self, ids: list[str]) -> dict[str, dict[str, Any]]:
        """What the tools reported: bounds, how it ended, flags, the events behind it."""
        sql = (
            "SELECT id, source, kind, started_at, ended_at, seconds, close, time_basis, flags, evidence "
            "FROM intervals_live WHERE tenant = {tenant:String} AND id IN {ids:Array(String)} ORDER BY id"
        )
        return {row["id"]: row for row in self._query(sql, {"ids": ids})}

    def leakage(self, period: str | None, client: str | None, technician: str | None) -> list[dict[str, Any]]:
        """Groups of unbilled hours with the money at risk, the most expensive first."""
        where, values = self._where(period=period, client=client, technician=technician)
        sql = (
            "SELECT client, technician, service, disposition, reason, risk_currency, exponent, "  # noqa: S608
            "sum(entries) AS entries, sum(total_worked_seconds) AS worked_seconds, "
            "sum(total_quantity_seconds) AS quantity_seconds, sum(total_risk_amount) AS risk_amount "
            f"FROM leakage WHERE {where} GROUP BY ALL "
            "ORDER BY risk_amount DESC, worked_seconds DESC, client, technician, service, disposition, reason"
        )
        return self._query(sql, values)

    def recovered(self, period: str | None, client: str | None, technician: str | None) -> list[dict[str, Any]]:
        """Hours that sessions show beyond the timers, by what became of them."""
        where, values = self._where(period=period, client=client, technician=technician)
        sql = (
            "SELECT disposition, currency, exponent, sum(entries) AS entries, "  # noqa: S608
            "sum(total_worked_seconds) AS worked_seconds, sum(total_quantity_seconds) AS quantity_seconds, "
            "sum(total_amount) AS amount "
            f"FROM recovered WHERE {where} GROUP BY ALL ORDER BY amount DESC, disposition, currency"
        )
        return self._query(sql, values)

    def examples(self, period: str | None, client: str | None, technician: str | None) -> dict[tuple[str, str], str]:
        """For each (disposition, reason) the id of the entry with the most money at risk."""
        where, values = self._where(period=period, client=client, technician=technician)
        sql = (
            "SELECT disposition, reason, argMax(id, (risk_amount, worked_seconds, id)) AS example "  # noqa: S608
            f"FROM outcomes WHERE {where} GROUP BY disposition, reason"
        )
        return {(row["disposition"], row["reason"]): row["example"] for row in self._query(sql, values)}

    def parked(self, reason: str | None = None, prefix: str = "", most: int = 1000) -> list[Parked]:
        """Parked items not yet resolved, by id."""
        where, values = self._where(reason=reason)
        sql = (
            f"SELECT {', '.join(f'`{name}`' for name in PARKED.names if name != 'void')} FROM parked_live "  # noqa: S608
            f"WHERE {where} AND startsWith(id, {{prefix:String}}) ORDER BY reason, id LIMIT {{most:UInt32}}"
        )
        values = values | {"prefix": prefix, "most": most}
        return [parked_of(row) for row in self._query(sql, values, column_formats=BYTES)]

    def parked_count(self) -> int:
        return int(self._query("SELECT count() AS n FROM parked_live WHERE tenant = {tenant:String}", {})[0]["n"])

    def conditions(self, **equal: str | None) -> tuple[str, dict[str, object]]:
        """WHERE of what is given, and its parameters; the tenant first."""
        return self._where(**equal)

    def rows(self, sql: str, values: dict[str, object]) -> list[dict[str, Any]]:
        """Rows of a parameterised query. Raises UserError."""
        return self._query(sql, values)

    def _where(self, **equal: str | None) -> tuple[str, dict[str, object]]:
        values: dict[str, object] = {name: value for name, value in equal.items() if value is not None}
        conditions = ["tenant = {tenant:String}", *(f"{name} = {{{name}:String}}" for name in values)]
        return " AND ".join(conditions), values | {"tenant": self.tenant}

    def _query(self, sql: str, values: dict[str, object], **options: Any) -> list[dict[str, Any]]:
        try:
            return query(self.store, sql, {"tenant": self.tenant} | values, **options)
        except StoreError as error:
            raise cannot(self.settings, error) from error


def ledger_hash(entries: Iterator[Entry]) -> tuple[str, int]:
    """SHA-256 over entries in the order of their identity, all fields but the version; and how many they were.

    The same facts give the same hash, whatever the order, the number of workers, or the day.
    """
    total, count = hashlib.sha256(), 0
    for entry in entries:
        total.update(encode_entry(msgspec.structs.replace(entry, version=0)) + b"\n")
        count += 1
    return total.hexdigest(), count


def _columns(trail: bool) -> str:
    names = [f"`{name}`" for name in ENTRIES.names if name not in ("void", "trail")]
    return ", ".join([*names, "trail" if trail else "'[]' AS trail"])


def cannot(settings: Settings, error: StoreError) -> UserError:
    """What the user is told when the store does not answer or refuses."""
    where = f"{settings.clickhouse_host}:{settings.clickhouse_port}"
    if error.code in (60, 81):
        return UserError(f"The ledger at {where} has no tables yet. Make them: python -m sinks.migrate", Exit.CANNOT)
    if error.code is None:
        return UserError(f"No ClickHouse answers at {where}. Start it (everyminute up), or set "
                         "EVERYMINUTE_CLICKHOUSE_HOST and EVERYMINUTE_CLICKHOUSE_PORT.", Exit.CANNOT)  # fmt: skip
    return UserError(f"ClickHouse at {where} refuses: {error}", Exit.CANNOT)
