"""Prepaid contracts: lots that say how much, cycles that include something, settings that are used."""

from __future__ import annotations

from decimal import Decimal

from jobs.catalog_lines import LARGEST
from jobs.catalog_load import Catalogue
from streams.models.catalog import Contract, Lot

PREPAID = ("block_hours", "retainer")
OF_BALANCES = ("lots", "included_hours", "included_money", "rollover", "overage_rate", "current_first", "drawdown",
               "on_exhausted")  # fmt: skip
OF_CYCLES = ("included_hours", "included_money", "rollover", "cycle", "cycle_day")


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
        for name in ("included_hours", "included_money", "overage_rate", "overrun_percent"):
            _check_size(catalogue, contract, (name,), getattr(contract, name))


def _check_used(catalogue: Catalogue, contract: Contract) -> None:
    """Settings that a contract of this kind never reads."""
    unread = () if contract.kind == "retainer" else OF_CYCLES if contract.kind == "block_hours" else OF_BALANCES
    given = contract.model_fields_set & set(unread)
    for name in sorted(given):
        place = catalogue.place(contract, name)
        message = f"`{name}` means nothing to a contract of kind {contract.kind}"
        catalogue.report("warning", "setting_unused", place, message, "remove it, or write the kind you mean")


def _check_filled(catalogue: Catalogue, contract: Contract) -> None:
    place = catalogue.place(contract, "kind")
    included = [name for name in ("included_hours", "included_money") if getattr(contract, name) is not None]
    if contract.kind == "retainer" and len(included) != 1:
        saw = "includes both hours and money" if included else "includes nothing"
        remedy = "write one of included_hours and included_money"
        catalogue.report("error", "balance_unclear", place, f"retainer `{contract.id}` {saw}", remedy)
    if contract.kind == "block_hours" and not contract.lots:
        message = f"contract `{contract.id}` has no lots: all its work is beyond the balance"
        catalogue.report("warning", "no_lots", place, message, "add `lots:`")
    if contract.kind == "retainer" and contract.rollover is not None and contract.from_ is None:
        message = f"retainer `{contract.id}` rolls over, and nothing says when it began"
        remedy = "add `from:`: cycles before the first work count"
        catalogue.report("warning", "no_beginning", place, message, remedy)


def _check_lot(catalogue: Catalogue, contract: Contract, n: int, lot: Lot) -> None:
    if (lot.hours is None) == (lot.money is None):
        place = catalogue.place(contract, "lots", n)
        message = f"lot `{lot.id}` needs exactly one of hours and money"
        catalogue.report("error", "balance_unclear", place, message, "write one of them")
    if lot.until is not None and lot.until <= lot.from_:
        place = catalogue.place(contract, "lots", n, "until")
        message = f"ends {lot.until}, not after it begins {lot.from_}"
        catalogue.report("error", "empty_dates", place, message, "`until` is the first day without it")
    _check_size(catalogue, contract, ("lots", n, "hours"), lot.hours)
    _check_size(catalogue, contract, ("lots", n, "money"), lot.money)


def _check_size(catalogue: Catalogue, contract: Contract, path: tuple[int | str, ...], value: object) -> None:
    if isinstance(value, Decimal) and (value > LARGEST or int(value.as_tuple().exponent) < -9):
        place = catalogue.place(contract, *path)
        catalogue.report("error", "bad_value", place, f"`{path[-1]}` cannot be {value}", "write a number such as 10")
