"""Prepaid contracts: lots that say how much, cycles that include something, settings that are used."""

from __future__ import annotations

from decimal import Decimal

from jobs.catalog_debts import check_debts
from jobs.catalog_lines import LARGEST
from jobs.catalog_load import Catalogue
from streams.models.catalog import CatalogObject, Contract, Lot

UNITS = ("hours", "money", "incidents")
INCLUDED = tuple(f"included_{unit}" for unit in UNITS)
LEAST = tuple(f"minimum_available_{unit}" for unit in UNITS)
OF_CYCLES = (*INCLUDED, "rollover", "cycle", "cycle_day", *LEAST)
OF_HOURS = ("overage_rate", "overage_multiplied", "drawdown", "premium")
OF_BALANCES = (*INCLUDED, *LEAST, *OF_HOURS, "lots", "rollover", "incident_price", "current_first", "on_exhausted",
               "overrun_percent", "alerts")  # fmt: skip
UNREAD = {"retainer": ("incident_price",), "block_hours": ("incident_price", *OF_CYCLES), "per_incident": OF_HOURS}
SIZES = (*INCLUDED, *LEAST, "overage_rate", "incident_price", "overrun_percent")


def check_balances(catalogue: Catalogue) -> None:
    for contract in catalogue.all(Contract):
        _check_used(catalogue, contract)
        _check_filled(catalogue, contract)
        known: set[str] = set()
        for n, lot in enumerate(contract.lots):
            _check_lot(catalogue, contract, n, lot)
            if lot.id in known:
                place = catalogue.place(contract, "lots", n, "id")
                message = f"lot `{lot.id}` stands here a second time"
                catalogue.report("error", "duplicate_id", place, message, "give each lot an id of its own")
            known.add(lot.id)
        for name in SIZES:
            check_size(catalogue, contract, (name,), getattr(contract, name))
        check_debts(catalogue, contract)


def _check_used(catalogue: Catalogue, contract: Contract) -> None:
    """Settings that a contract of this kind never reads."""
    unread = set(UNREAD.get(contract.kind, OF_BALANCES))
    if any(lot.spread > 1 for lot in contract.lots):
        unread -= {"cycle"}  # of the parts
    if contract.kind == "per_incident" and contract.included_incidents is None:
        unread |= {name for name in OF_CYCLES if not name.startswith("included_")}
    if contract.fees or contract.minimum is not None or contract.maximum is not None:
        unread -= {"cycle", "cycle_day"}  # of fees and commitments, too
    for name in sorted(contract.model_fields_set & unread):
        place = catalogue.place(contract, name)
        message = f"`{name}` means nothing to a contract of kind {contract.kind}"
        catalogue.report("warning", "setting_unused", place, message, "remove it, or write the kind you mean")


def _check_filled(catalogue: Catalogue, contract: Contract) -> None:
    place = catalogue.place(contract, "kind")
    included = [name for name in INCLUDED if getattr(contract, name) is not None]
    if contract.kind == "retainer" and (len(included) != 1 or contract.included_incidents is not None):
        saw = f"includes both {' and '.join(name[9:] for name in included[:2])}" if included[1:] else "includes nothing"
        saw = "includes incidents" if included == ["included_incidents"] else saw
        remedy = "write one of included_hours and included_money, or `kind: per_incident`"
        catalogue.report("error", "balance_unclear", place, f"retainer `{contract.id}` {saw}", remedy)
    if contract.kind == "per_incident" and set(included) - {"included_incidents"}:
        message = f"contract `{contract.id}` counts incidents, not {included[0][9:]}"
        catalogue.report("error", "balance_unclear", place, message, "write `included_incidents`")
    if contract.kind == "block_hours" and not contract.lots:
        message = f"contract `{contract.id}` has no lots: all its work is beyond the balance"
        catalogue.report("warning", "no_lots", place, message, "add `lots:`, or buy one by decision")
    if contract.kind in ("retainer", "per_incident") and contract.rollover is not None and contract.from_ is None:
        message = f"{contract.kind} `{contract.id}` rolls over, and nothing says when it began"
        remedy = "add `from:`: cycles before the first work count"
        catalogue.report("warning", "no_beginning", place, message, remedy)


def _check_lot(catalogue: Catalogue, contract: Contract, n: int, lot: Lot) -> None:
    given = [unit for unit in UNITS if getattr(lot, unit) is not None]
    if len(given) != 1:
        place = catalogue.place(contract, "lots", n)
        message = f"lot `{lot.id}` needs exactly one of hours, money and incidents"
        catalogue.report("error", "balance_unclear", place, message, "write one of them")
    elif (given == ["incidents"]) != (contract.kind == "per_incident"):
        place = catalogue.place(contract, "lots", n, given[0])
        message = f"a contract of kind {contract.kind} does not draw {given[0]}"
        remedy = "write `incidents`" if contract.kind == "per_incident" else "write `kind: per_incident`"
        level = "error" if contract.kind in UNREAD else "warning"
        catalogue.report(level, "balance_unclear", place, message, remedy)
    if lot.until is not None and lot.until <= lot.from_:
        place = catalogue.place(contract, "lots", n, "until")
        message = f"ends {lot.until}, not after it begins {lot.from_}"
        catalogue.report("error", "empty_dates", place, message, "`until` is the first day without it")
    if lot.carry and lot.spread == 1:
        place = catalogue.place(contract, "lots", n, "carry")
        message = "`carry` means nothing to a lot that is not spread"
        catalogue.report("warning", "setting_unused", place, message, "add `spread:`, or remove it")
    for name in (*UNITS, "price"):
        check_size(catalogue, contract, ("lots", n, name), getattr(lot, name))


def check_size(catalogue: Catalogue, contract: CatalogObject, path: tuple[int | str, ...], value: object) -> None:
    too_fine = isinstance(value, Decimal) and int(value.as_tuple().exponent) < -9
    if isinstance(value, Decimal | int) and (value > LARGEST or too_fine):
        place = catalogue.place(contract, *path)
        catalogue.report("error", "bad_value", place, f"`{path[-1]}` cannot be {value}", "write a number such as 10")
