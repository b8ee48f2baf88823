"""Statements as the store has them: state, hash, totals, and what became of their closes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import orjson

from billing.lock import is_soft
from jobs.ledger import Ledger
from jobs.output import Report, amount_text, duration
from streams.models.closing import statement_hash

Row = dict[str, Any]


@dataclass(slots=True)
class Statement:
    """One client's month. ``closes``: how many months of the client were closed; ``amounts`` in minor units."""

    client: str
    period: str
    state: str = "open"
    hash: str = field(default_factory=lambda: statement_hash([]))
    closes: int = 0
    through: str = ""
    rows: int = 0
    corrections: int = 0
    worked_seconds: int = 0
    quantity_seconds: int = 0
    amounts: dict[str, int] = field(default_factory=dict)
    exponents: dict[str, int] = field(default_factory=dict)


def statements(ledger: Ledger, today: date, client: str | None = None, period: str | None = None) -> list[Statement]:
    """Months with rows, by client; ``soft``: over, and not closed."""
    where, values = ledger.conditions(client=client, period=period)
    sql = f"SELECT * FROM periods WHERE {where} ORDER BY client, period"  # noqa: S608
    return [_statement(row, today) for row in ledger.rows(sql, values)]


def statement(ledger: Ledger, today: date, client: str, period: str) -> Statement:
    """One statement, also one without any row."""
    found = statements(ledger, today, client, period)
    if found:
        return found[0]
    others = statements(ledger, today, client)
    through = max((one.through for one in others), default="")
    closes = max((one.closes for one in others), default=0)
    state = "closed" if period <= through else "soft" if is_soft(period, today) else "open"
    return Statement(client, period, state, closes=closes, through=through)


def closings(ledger: Ledger, client: str, period: str) -> list[Row]:
    """What became of the closes of a statement, in the order of their numbers."""
    where, values = ledger.conditions(client=client, period=period)
    sql = f"SELECT * FROM closings_live WHERE {where} ORDER BY number, outcome, id"  # noqa: S608
    return ledger.rows(sql, values)


def _statement(row: Row, today: date) -> Statement:
    state = row["state"] if row["state"] == "closed" or not is_soft(row["period"], today) else "soft"
    amounts = {code: amount for code, amount in sorted(row["amounts"].items()) if code}
    return Statement(
        row["client"], row["period"], state, row["hash"], row["closes"], row["closed_through"], row["total_rows"],
        row["corrections"], row["total_worked_seconds"], row["total_quantity_seconds"], amounts, row["exponents"],
    )  # fmt: skip


def money_text(one: Statement) -> str:
    return ", ".join(amount_text(amount, one.exponents[code], code) for code, amount in one.amounts.items()) or "–"


def report(found: list[Statement]) -> Report:
    columns = ("client", "period", "state", "rows", "corrections", "worked", "amount", "hash")
    rows = [
        (one.client or "(unknown)", one.period, one.state, one.rows, one.corrections, duration(one.worked_seconds),
         money_text(one), one.hash[:12])
        for one in found
    ]  # fmt: skip
    return Report("Statements", columns, rows)


def as_json(one: Statement) -> Row:
    amounts = {code: amount_text(amount, one.exponents[code], "x")[:-2] for code, amount in one.amounts.items()}
    return {
        "client": one.client or None, "period": one.period, "state": one.state, "hash": one.hash, "rows": one.rows,
        "corrections": one.corrections, "worked_seconds": one.worked_seconds,
        "quantity_seconds": one.quantity_seconds, "amounts": {k: v.replace(",", "") for k, v in amounts.items()},
        "closes": one.closes, "closed_through": one.through or None,
    }  # fmt: skip


def closing_json(row: Row) -> Row:
    return {
        "decision": row["id"], "outcome": row["outcome"], "reason": row["reason"] or None, "number": row["number"],
        "hash": row["hash"], "saw": row["saw"], "release": row["release_number"], "rows": row["total_rows"],
        "amounts": orjson.loads(row["amounts"]),
    }  # fmt: skip
