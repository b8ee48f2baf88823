"""The questions of the pages to the ledger. One scan answers a page, so its tables cannot disagree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import SecretStr

from jobs.ledger import Ledger, cannot
from sinks.clickhouse import store_error
from streams.models.entry import OUTSIDE_SUMS
from streams.settings import Settings
from web.question import Question
from web.words import LEAKS

LOOPBACK = ("127.0.0.1", "localhost", "::1")
PAGE_ROWS = 50

COLUMNS = (
    "id", "client", "technician", "who", "ticket", "device", "kind", "charge", "service", "contract", "period", "zone",
    "toUnixTimestamp(started_at) AS start", "toUnixTimestamp(ended_at) AS end", "worked_seconds", "rounding_seconds",
    "quantity_seconds", "disposition", "reason", "recovered", "path", "currency", "exponent", "amount", "risk_amount",
    "risk_currency",
)  # fmt: skip
# Amounts of different currencies are not compared; the last names make the order total.
ORDER = (
    "risk_currency = '', risk_currency, risk_amount DESC, currency, amount DESC, started_at, id, disposition, reason"
)

GROUPS = """
SELECT client, technician, disposition, reason, recovered, currency, risk_currency, exponent, count() AS entries,
       sum(worked_seconds) AS worked, sum(rounding_seconds) AS rounding, sum(quantity_seconds) AS quantity,
       sum(overlap_seconds) AS overlap, sum(amount) AS billed, sum(risk_amount) AS risk
FROM outcomes WHERE {where} GROUP BY ALL
ORDER BY client, technician, disposition, reason, recovered, currency, risk_currency, exponent
"""
TIES = """
SELECT sum(entries) AS rows, sum(total_worked_seconds) AS worked, sum(total_rounding_seconds) AS rounding,
       sum(total_quantity_seconds) AS quantity,
       countIf(difference != 0 OR segment_difference != 0 OR amount_difference != 0) AS broken
FROM conservation WHERE {where}
"""
WORK_TIES = """
SELECT count() AS pieces, countIf(difference != 0) AS waiting FROM work_conservation WHERE tenant = {tenant:String}
"""
PERIODS = "SELECT DISTINCT period FROM entries_live WHERE tenant = {tenant:String} ORDER BY period DESC"
WRITTEN = "SELECT toUnixTimestamp(max(inserted_at)) AS at FROM entries WHERE tenant = {tenant:String}"
INSTANCE = """
SELECT count() AS n FROM intervals_live
WHERE tenant = {tenant:String} AND endsWith(source, concat(':', {instance:String}))
"""


@dataclass(frozen=True)
class Account:
    """Whether everything is accounted for. Seconds; ``broken`` statements and ``waiting`` work do not tie."""

    rows: int
    worked: int
    rounding: int
    quantity: int
    broken: int
    pieces: int
    waiting: int
    parked: int

    @property
    def ties(self) -> bool:
        return not self.broken and self.worked + self.rounding == self.quantity


class Reading(Ledger):
    """The ledger of one tenant, read by the read-only user where there is one."""

    def __init__(self, settings: Settings, tenant: str) -> None:
        super().__init__(as_reader(settings), tenant)

    def __enter__(self) -> Reading:
        return self

    def tenants(self) -> list[str]:
        """Every tenant with rows: the one question that is not about one tenant."""
        return [row["tenant"] for row in self._query("SELECT DISTINCT tenant FROM entries_live ORDER BY tenant", {})]

    def periods(self) -> list[str]:
        """Months with rows that hold, the latest first."""
        return [row["period"] for row in self._query(PERIODS, {})]

    def written(self) -> int:
        """When a row was last stored, in seconds; 0 for never."""
        return int(self._query(WRITTEN, {})[0]["at"])

    def groups(self, question: Question) -> list[dict[str, Any]]:
        """Sums of everything in the scope: seconds, and money in minor units."""
        where, values = self._scope(question.scope)
        return self._query(GROUPS.replace("{where}", where), values)

    def account(self, question: Question) -> Account:
        """Of the month, over all clients and technicians."""
        where, values = self._where(period=question.month)
        found = self._query(TIES.replace("{where}", where), values)[0] | self._query(WORK_TIES, {})[0]
        return Account(parked=self.parked_count(), **found)

    def page(self, question: Question, most: int = PAGE_ROWS) -> list[dict[str, Any]]:
        """One page of rows; without a disposition asked for, those that leak."""
        where, values = self._rows(question)
        sql = f"SELECT {', '.join(COLUMNS)} FROM outcomes WHERE {where} ORDER BY {ORDER} "  # noqa: S608
        values |= {"most": most, "skip": (question.page - 1) * most}
        return self._query(sql + "LIMIT {most:UInt32} OFFSET {skip:UInt64}", values)

    def every(self, question: Question) -> Iterator[dict[str, Any]]:
        """All rows of the question, from one query."""
        where, values = self._rows(question)
        sql = f"SELECT {', '.join(COLUMNS)} FROM outcomes WHERE {where} ORDER BY {ORDER}"  # noqa: S608
        yield from self._stream(sql, values)

    def saw_instance(self, instance: str) -> bool:
        """Whether evidence of the tenant came from a connector instance of that name."""
        return bool(self._query(INSTANCE, {"instance": instance})[0]["n"])

    def _stream(self, sql: str, values: dict[str, object]) -> Iterator[dict[str, Any]]:
        try:
            with self.store.query_row_block_stream(sql, parameters=values) as blocks:
                names = blocks.source.column_names
                for block in blocks:
                    yield from (dict(zip(names, row, strict=True)) for row in block)
        except Exception as error:
            raise cannot(self.settings, store_error(error)) from error

    def _rows(self, question: Question) -> tuple[str, dict[str, object]]:
        where, values = self._scope(question)
        if question.narrowed:
            return where, values
        return f"{where} AND disposition IN {{leaks:Array(String)}}", values | {"leaks": list(LEAKS)}

    def _scope(self, question: Question) -> tuple[str, dict[str, object]]:
        where, values = self._where(
            period=question.month, client=question.client, technician=question.technician,
            disposition=question.disposition, reason=question.reason,
        )  # fmt: skip
        where += " AND disposition NOT IN {outside:Array(String)}"
        if question.recovered is not None:
            where += " AND recovered = {recovered:UInt8}"
            values["recovered"] = int(question.recovered)
        return where, values | {"outside": list(OUTSIDE_SUMS)}


def as_reader(settings: Settings) -> Settings:
    """The settings with the engine's read-only user, where this machine's engine has one."""
    file = settings.reader_password_file
    if settings.clickhouse_host not in LOOPBACK or settings.clickhouse_user != "default":
        return settings
    try:
        password = SecretStr(file.read_text(encoding="utf-8").strip())
    except FileNotFoundError:
        return settings
    return settings.model_copy(update={"clickhouse_user": "reader", "clickhouse_password": password})


def demo_accuracy(settings: Settings, reading: Reading) -> dict[str, Any] | None:
    """How well sessions were linked, measured on the demo; None unless this tenant holds it."""
    try:
        summary = orjson.loads((settings.home.expanduser() / "demo" / "summary.json").read_bytes())
        found: dict[str, Any] = summary["accuracy"]
        wanted = {"sessions", "ambiguous", "ticketed", "recall", "precision", "paths"}
        return found if wanted <= found.keys() and reading.saw_instance(str(summary["instance"])) else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # absent or half written: the page does without
        return None
