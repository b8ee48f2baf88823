"""The charges of a simulated ledger: rows that are no work, as plain values."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from jobs.scenario_expect import ROW, fits, pair_up
from jobs.scenario_time import say_instant
from jobs.simulate import Result
from streams.models.entry import OUTSIDE_SUMS, Entry

Row = dict[str, Any]


def charge_rows(result: Result) -> list[Entry]:
    """Charges that hold, by day, client and what they are."""
    held = [entry for entry in result.entries.values() if entry.charge and not entry.void]
    return sorted(
        (entry for entry in held if entry.disposition not in OUTSIDE_SUMS), key=lambda e: (e.start, e.identity)
    )


def name_of(entry: Entry) -> str:
    """What the terms call the charge: of ``charge:managed:fee/monthly:2026-03-01`` it is "monthly"."""
    owner = entry.contract or entry.project
    return entry.identity.work.removeprefix(f"charge:{owner}:").rpartition(":")[0].partition("/")[2]


def charge_json(entry: Entry, steps: list[Row]) -> Row:
    return {
        "id": entry.id,
        "charge": entry.charge,
        "name": name_of(entry) or None,
        "client": entry.identity.client or None,
        "contract": entry.contract or None,
        "project": entry.project or None,
        "period": entry.identity.period,
        "class": entry.identity.row_class,
        "corrects_period": entry.identity.corrects_period or None,
        "local_date": entry.local_date or None,
        "at": say_instant(entry.start),
        "amount": str(Decimal(entry.amount).scaleb(-entry.exponent)),
        "currency": entry.currency or None,
        "disposition": entry.disposition,
        "reason": entry.reason or None,
        "risk_amount": str(Decimal(entry.risk_amount).scaleb(-entry.exponent)),
        "flags": list(entry.flags),
        "trail": steps,
    }


def charge_differences(expected: list[Row], charges: list[Row]) -> list[str]:
    """What is not as expected, as sentences; ``charges`` as ``charge_json`` gives them."""
    have = [_comparable(row) for row in charges]
    found = []
    for n, m in pair_up(expected, have):
        if n is not None and m is not None and fits(expected[n], have[m]):
            continue
        wanted = "none" if n is None else _said(expected[n])
        seen = (
            "none" if m is None else _said({name: have[m][name] for name in (expected[n] if n is not None else SHOWN)})
        )
        found.append(f"charge: expected {wanted}, have {seen}")
    return found


SHOWN = ("charge", "name", "contract", "local_date", "amount")


def _comparable(row: Row) -> Row:
    """The charge as expectations name it: money as numbers, of a reason the word."""
    amounts = {"amount": Decimal(row["amount"]), "risk": Decimal(row["risk_amount"])}
    said = {name: value for name, value in row.items() if value is not None}
    return dict.fromkeys(ROW, "") | said | amounts | {"reason": (row["reason"] or "").split(":", 1)[0]}


def _said(row: Row) -> str:
    return " ".join(f"{name} {value}" for name, value in row.items() if value not in (None, "")) or "any"
