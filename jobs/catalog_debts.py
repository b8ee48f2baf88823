"""Prepaid contracts: premiums said once, roll-over and debts in the unit of the balance, limits that can be met."""

from __future__ import annotations

from decimal import Decimal

from jobs.catalog_lines import LARGEST
from jobs.catalog_load import Catalogue
from streams.models.catalog import Contract, Rollover

UNITS = ("hours", "money", "incidents")


def check_debts(catalogue: Catalogue, contract: Contract) -> None:
    _check_premium(catalogue, contract)
    _check_exhausted(catalogue, contract)
    unit = next((one for one in UNITS if getattr(contract, f"included_{one}") is not None), None)
    if unit is not None:
        _check_unit(catalogue, contract, unit)
        _check_least(catalogue, contract, unit)


def _check_premium(catalogue: Catalogue, contract: Contract) -> None:
    """A premium on prepaid work goes to the quantity or to the price, never to both."""
    down = contract.drawdown
    if contract.premium == "price" and down.tiers:
        place = catalogue.place(contract, "drawdown", "tiers")
        message = "the premium would be taken twice: from the quantity and in the price"
        remedy = "remove `drawdown: tiers`, or `premium: price`"
        catalogue.report("error", "premium_twice", place, message, remedy)
    if down.block_rate is not None and (down.tiers or down.roles or contract.premium == "price"):
        place = catalogue.place(contract, "drawdown", "block_rate")
        message = "with `block_rate` the price of the work says how fast it draws: nothing else may"
        remedy = "remove `tiers`, `roles` and `premium`, or `block_rate`"
        catalogue.report("error", "premium_twice", place, message, remedy)
    if down.block_rate is not None and (down.block_rate > LARGEST or int(down.block_rate.as_tuple().exponent) < -9):
        place = catalogue.place(contract, "drawdown", "block_rate")
        message = f"`block_rate` cannot be {down.block_rate}"
        catalogue.report("error", "bad_value", place, message, "write a number such as 60.00")
    factors = [*down.tiers.values(), *down.roles.values()]
    if any(one > LARGEST or int(one.as_tuple().exponent) < -9 for one in factors):
        place = catalogue.place(contract, "drawdown")
        message = "a multiplier of this size cannot be meant"
        catalogue.report("error", "bad_value", place, message, "write a number such as 1.5")


def _check_exhausted(catalogue: Catalogue, contract: Contract) -> None:
    limited = contract.on_exhausted == "overrun_limit"
    if limited and not contract.overrun_percent:
        place = catalogue.place(contract, "on_exhausted")
        message = "an overrun limit of 0 % bills nothing beyond the balance"
        catalogue.report("warning", "no_overrun", place, message, "add `overrun_percent:`, or write `hold`")
    if contract.overrun_percent and not limited:
        place = catalogue.place(contract, "overrun_percent")
        message = "`overrun_percent` is read with `on_exhausted: overrun_limit` only"
        catalogue.report("warning", "setting_unused", place, message, "write that, or remove it")
    if len(set(contract.alerts)) < len(contract.alerts):
        place = catalogue.place(contract, "alerts")
        catalogue.report("error", "duplicate_id", place, "an alert stands here twice", "remove one")
    owes = contract.on_exhausted == "carry_debt"
    if owes and contract.kind == "per_incident" and contract.incident_price is None:
        place = catalogue.place(contract, "on_exhausted")
        message = "incidents that stay owed have no price"
        catalogue.report("warning", "no_price", place, message, "add `incident_price:`")
    given = [one for one in UNITS if getattr(contract, f"minimum_available_{one}") is not None]
    if given and not owes:
        place = catalogue.place(contract, f"minimum_available_{given[0]}")
        message = f"`minimum_available_{given[0]}` is read with `on_exhausted: carry_debt` only"
        catalogue.report("warning", "setting_unused", place, message, "write that, or remove it")


def _check_unit(catalogue: Catalogue, contract: Contract, unit: str) -> None:
    """What rolls over, and what stays available, is counted in what a cycle includes."""
    rolls = contract.rollover or Rollover()
    named = [(("rollover",), f"{name}_{one}") for one in UNITS for name in ("max", "min", "above")]
    names = [(path, name) for path, name in named if getattr(rolls, name) is not None]
    least = [f"minimum_available_{one}" for one in UNITS]
    names += [((), name) for name in least if getattr(contract, name) is not None]  # type: ignore[misc]
    for path, name in names:
        if not name.endswith(unit):
            place = catalogue.place(contract, *path, name)
            message = f"`{name}`, and a cycle includes {unit}"
            remedy = f"write `{name.rsplit('_', 1)[0]}_{unit}`"
            catalogue.report("error", "wrong_unit", place, message, remedy)
        value: Decimal | int = getattr(rolls if path else contract, name)
        if value > LARGEST:
            place = catalogue.place(contract, *path, name)
            catalogue.report("error", "bad_value", place, f"`{name}` cannot be {value}", "write a number such as 10")


def _check_least(catalogue: Catalogue, contract: Contract, unit: str) -> None:
    rolls = contract.rollover or Rollover()
    most, least = getattr(rolls, f"max_{unit}"), getattr(rolls, f"min_{unit}")
    if most is not None and least is not None and most < least:
        place = catalogue.place(contract, "rollover", f"min_{unit}")
        message = f"at least {least} and at most {most} cannot both roll over"
        catalogue.report("error", "bad_value", place, message, "write a smaller minimum")
    included, kept = getattr(contract, f"included_{unit}"), getattr(contract, f"minimum_available_{unit}")
    if kept is not None and kept > included:
        place = catalogue.place(contract, f"minimum_available_{unit}")
        message = f"{kept} cannot stay available of the {included} that a cycle includes"
        catalogue.report("error", "bad_value", place, message, "write at most what is included")
