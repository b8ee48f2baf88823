"""Every table of the Leakage page for programs and spreadsheets: the same rows, order and filters as on the page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, Field

from jobs.output import Cell, csv_text, hours, money
from web.leakage import Figures, Money, Sum
from web.show import clock, machine_time


class Table(StrEnum):
    dispositions = "dispositions"
    reasons = "reasons"
    clients = "clients"
    technicians = "technicians"
    entries = "entries"


class Amount(BaseModel):
    currency: str = Field(examples=["USD"])
    amount: str = Field(description="Major units with all decimals, as text.", examples=["1234.50"])


class Row(BaseModel):
    """Rows of the ledger with one label, added up."""

    client: str | None = Field(default=None, description="Empty where the client is not known.")
    technician: str | None = Field(default=None, description="Empty where the technician is not known.")
    disposition: str | None = None
    reason: str | None = None
    recovered: bool | None = Field(default=None, description="Of billed hours: no timer covered them.")
    entries: int
    worked_seconds: int
    rounding_seconds: int
    quantity_seconds: int = Field(description="worked + rounding.")
    billed_seconds: int
    recovered_seconds: int = Field(description="Worked, no timer covered them, whatever became of them.")
    leaking_seconds: int
    billed: list[Amount]
    recovered_billed: list[Amount]
    at_risk: list[Amount]


class EntryRow(BaseModel):
    """One row of the ledger."""

    id: str
    client: str
    technician: str
    who: str = Field(description="The technician as the tool names them.")
    ticket: str
    device: str
    kind: str
    service: str
    contract: str
    period: str
    started_at: str = Field(description="UTC.")
    ended_at: str
    zone: str
    worked_seconds: int
    quantity_seconds: int
    disposition: str
    reason: str
    recovered: bool
    path: str
    amount: Amount | None = None
    at_risk: Amount | None = None


class Leakage(BaseModel):
    """What was asked for, and the tables. Currencies are never added up."""

    tenant: str
    period: str = Field(description="Month, or `all`.")
    filters: dict[str, str]
    accounted_for: bool = Field(description="worked + rounding = the sum over all dispositions, in every statement.")
    total: Row
    dispositions: list[Row] | None = None
    reasons: list[Row] | None = None
    clients: list[Row] | None = None
    technicians: list[Row] | None = None
    entries: list[EntryRow] | None = Field(default=None, description="One page of 50; `page` names it.")


def labelled(table: Table, figures: Figures) -> list[tuple[dict[str, str | bool | None], Sum]]:
    """Labels and sums of every table but entries."""
    match table:
        case Table.dispositions:
            return [({"disposition": s.disposition, "recovered": s.recovered}, s.sum) for s in figures.slices]
        case Table.reasons:
            both = [*figures.reasons, *figures.decided]
            return [({"disposition": one.label[0], "reason": one.label[1]}, one) for one in both]
        case Table.clients:
            return [({"client": one.label[0]}, one) for one in figures.clients]
        case Table.technicians:
            return [({"technician": one.label[0]}, one) for one in figures.technicians]
    raise ValueError(f"{table} is not made of sums")


def row(label: Mapping[str, Any], one: Sum) -> Row:
    return Row(
        **label, entries=one.entries, worked_seconds=one.worked, rounding_seconds=one.rounding,
        quantity_seconds=one.quantity, billed_seconds=one.billed_seconds, recovered_seconds=one.recovered_seconds,
        leaking_seconds=one.leaking, billed=_amounts(one.billed), recovered_billed=_amounts(one.recovered),
        at_risk=_amounts(_at_risk(label, one)),
    )  # fmt: skip


def entry_row(found: Mapping[str, Any]) -> EntryRow:
    plain = {name: found[name] for name in EntryRow.model_fields if name in found and name != "amount"}
    return EntryRow(
        **plain,
        started_at=machine_time(found["start"]),
        ended_at=machine_time(found["end"]),
        amount=_amount(found["currency"], found["exponent"], found["amount"]),
        at_risk=_amount(found["risk_currency"], found["exponent"], found["risk_amount"]),
    )


SECONDS = ("worked_seconds", "rounding_seconds", "quantity_seconds", "billed_seconds", "recovered_seconds",
           "leaking_seconds")  # fmt: skip
HOURS = ("worked_seconds", "quantity_seconds", "leaking_seconds")
MONEY = ("billed", "recovered_billed", "at_risk")
ENTRY = ("client", "technician", "who", "ticket", "device", "kind", "service", "contract", "period", "started_at",
         "started_local", "zone", "worked_seconds", "quantity_seconds", "worked_hours", "quantity_hours", "disposition",
         "reason", "recovered", "path", "amount", "currency", "at_risk", "at_risk_currency", "entry")  # fmt: skip


def sums_csv(table: Table, figures: Figures) -> str:
    """A line a label; a column a kind of money and currency, so that hours are never counted twice."""
    found = labelled(table, figures)
    rows = [row(label, one) for label, one in found]
    names = list(found[0][0]) if found else []
    currencies = sorted({part.currency for one in rows for name in MONEY for part in getattr(one, name)})
    columns = [
        *names, "entries", *SECONDS, *(name.replace("seconds", "hours") for name in HOURS),
        *(f"{name}_{currency}" for name in MONEY for currency in currencies),
    ]  # fmt: skip
    return csv_text(columns, [_sum_cells(one, names, currencies) for one in rows])


def _sum_cells(one: Row, names: Sequence[str], currencies: Sequence[str]) -> list[Cell]:
    cells: list[Cell] = [_text(getattr(one, name)) for name in names]
    cells += [one.entries, *(getattr(one, name) for name in SECONDS), *(hours(getattr(one, name)) for name in HOURS)]
    for name in MONEY:
        held = {part.currency: part.amount for part in getattr(one, name)}
        cells += [held.get(currency, "") for currency in currencies]
    return cells


def entries_csv(found: Iterable[Mapping[str, Any]]) -> str:
    """Every row, not one page. Seconds are exact, hours are for reading."""
    return csv_text(ENTRY, [_entry_cells(one) for one in found])


def _entry_cells(one: Mapping[str, Any]) -> list[Cell]:
    whole = dict(one) | {
        "entry": one["id"], "started_at": machine_time(one["start"]), "started_local": clock(one["start"], one["zone"]),
        "worked_hours": hours(one["worked_seconds"]), "quantity_hours": hours(one["quantity_seconds"]),
        "recovered": _text(one["recovered"]), "at_risk_currency": one["risk_currency"],
        "amount": money(one["amount"], one["exponent"]) if one["currency"] else "",
        "at_risk": money(one["risk_amount"], one["exponent"]) if one["risk_currency"] else "",
    }  # fmt: skip
    return [whole[name] for name in ENTRY]


def _text(value: str | bool | None) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value or ""


def _at_risk(label: Mapping[str, Any], one: Sum) -> Money:
    """Where rows are told apart by disposition, also what was meant not to be billed has its price."""
    return one.forgone if "disposition" in label else one.risk


def _amounts(found: Money) -> list[Amount]:
    return [Amount(currency=name, amount=str(money(amount, places))) for name, places, amount in found.figures]


def _amount(currency: str, exponent: int, amount: int) -> Amount | None:
    return Amount(currency=currency, amount=str(money(amount, exponent))) if currency else None
