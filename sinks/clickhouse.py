"""ClickHouse: the one place that makes clients, names errors, and inserts."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, cast

import clickhouse_connect
import urllib3
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, OperationalError

from sinks.store import Refusal, StoreError
from sinks.tables import TABLES, Row, Table, by_partition
from streams.settings import Settings

UNKNOWN_OUTCOME = frozenset({159, 209, 210, 319, 425})
OVERLOAD = frozenset({202, 241, 242, 252, 999})
CONFIG = frozenset({16, 47, 53, 60, 62, 81, 164, 192, 193, 194, 497, 516})
BAD_DATA = frozenset({6, 26, 27, 38, 41, 69, 70, 72, 117, 131, 190, 349, 407, 469})
MOST_PARTITIONS = 50  # of one insert; the store refuses more than 100

_CONNECT_SECONDS = 5
_ANSWER_SECONDS = 40  # longer than the server's own limit, so that the server's answer comes first
_LOCAL = ("127.0.0.1", "localhost", "::1")
_INSERT_SETTINGS: dict[str, object] = {
    "async_insert": 0,  # the writer batches, and an acknowledged insert must be a part
    "wait_for_async_insert": 1,
    "input_format_null_as_default": 0,
    "max_execution_time": 30,
}
_OPTIONAL_SETTINGS: dict[str, object] = {"deduplicate_insert": "disable"}  # newer servers only


def connect(settings: Settings, database: str | None = None, read_only: bool = False) -> Client:
    """A client of the ledger's database (``database=""``: of none). Use one client a thread.

    Raises StoreError: ``unknown`` when nobody answers, ``config`` when the server refuses us.
    """
    local = settings.clickhouse_host in _LOCAL
    try:
        client = clickhouse_connect.get_client(
            interface="http",
            host=settings.clickhouse_host,
            port=settings.clickhouse_port,
            username=settings.clickhouse_user,
            password=settings.clickhouse_password.get_secret_value(),
            database=settings.clickhouse_database if database is None else database or "default",
            connect_timeout=_CONNECT_SECONDS,
            send_receive_timeout=_ANSWER_SECONDS,
            autogenerate_session_id=False,
            tz_mode="aware",
            compress=not local,
            settings={} if read_only else _INSERT_SETTINGS,
        )
    except (ClickHouseError, urllib3.exceptions.HTTPError, OSError) as error:
        raise store_error(error) from error
    if not read_only:
        for name in _OPTIONAL_SETTINGS.keys() & client.server_settings.keys():
            client.set_client_setting(name, _OPTIONAL_SETTINGS[name])
    return cast(Client, client)


def classify(error: Exception) -> Refusal:
    """What to do about an error of the driver (reliability: unknown, overload, config, data)."""
    code = getattr(error, "code", None)
    if code is None:
        transport = isinstance(error, OperationalError | urllib3.exceptions.HTTPError | OSError)
        return "unknown" if transport else "data"  # the driver could not put a row into its column
    if code == 252 and "partitions" in str(error):
        return "config"
    for codes, kind in ((OVERLOAD, "overload"), (CONFIG, "config"), (BAD_DATA, "data")):
        if code in codes:
            return cast(Refusal, kind)
    return "unknown"


def store_error(error: Exception) -> StoreError:
    """The driver's error as ours."""
    return StoreError(classify(error), f"ClickHouse: {error}", getattr(error, "code", None))


class ClickHouseSink:
    """Obeys ``sinks.store.Sink``. Not for several threads at once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: Client | None = None

    def client(self) -> Client:
        """The connection, made when it is first needed."""
        if self._client is None:
            self._client = connect(self._settings)
        return self._client

    def write(self, table: Table, rows: Sequence[Row]) -> None:
        groups = iter(by_partition(table, rows).values())
        while some := list(itertools.islice(groups, MOST_PARTITIONS)):
            self._insert(table, list(itertools.chain.from_iterable(some)))

    def _insert(self, table: Table, rows: list[Row]) -> None:
        client = self.client()
        try:
            summary = client.insert(
                table.name,
                [list(column) for column in zip(*rows, strict=True)],
                column_names=table.names,
                column_type_names=table.types,
                column_oriented=True,
            )
        except Exception as error:
            raise store_error(error) from error
        if summary.written_rows != len(rows):
            raise StoreError("unknown", f"ClickHouse says {summary.written_rows} of {len(rows)} rows were written")

    def live(self, table: Table) -> list[Row]:
        columns = ", ".join(f"`{name}`" for name in table.names)
        result = self.client().query(
            f"SELECT {columns} FROM {table.name} FINAL WHERE void = 0 ORDER BY {', '.join(table.identity)}",  # noqa: S608
            column_formats={"key": "bytes", "value": "bytes"} if "value" in table.columns else None,
        )
        return [tuple(row) for row in result.result_rows]

    def check_schema(self) -> None:
        """Raise StoreError ``config`` unless every table has exactly the columns we write."""
        try:
            found = self._columns()
        except Exception as error:
            raise store_error(error) from error
        for table in TABLES:
            seen = found.get(table.name, {})
            seen.pop("inserted_at", None)
            if seen != table.columns:
                missing = sorted(table.columns.items() - seen.items())
                extra = sorted(seen.items() - table.columns.items())
                raise StoreError(
                    "config",
                    f"table {table.name} does not fit this program: not there {missing or 'nothing'}, there instead "
                    f"{extra or 'nothing'}. Bring the tables up to date: python -m sinks.migrate",
                )

    def _columns(self) -> dict[str, dict[str, str]]:
        rows = self.client().query(
            "SELECT table, name, type FROM system.columns WHERE database = currentDatabase() ORDER BY table, position"
        )
        found: dict[str, dict[str, str]] = {}
        for table, name, kind in cast("list[tuple[str, str, str]]", rows.result_rows):
            found.setdefault(table, {})[name] = kind
        return found

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


def query(client: Client, sql: str, parameters: dict[str, object], **options: Any) -> list[dict[str, Any]]:
    """Rows of a parameterised query (``{name:Type}``) as dicts. Raises StoreError."""
    try:
        return list(client.query(sql, parameters=parameters, **options).named_results())
    except Exception as error:
        raise store_error(error) from error
