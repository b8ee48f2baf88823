"""What contracts and rate lines promise beside a price: settings of a size that can be meant, and that are used."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from jobs.catalog_lines import LARGEST
from jobs.catalog_load import Catalogue
from streams.models.catalog import CatalogObject, Contract, RateCard, RateLine, Rounding

Path = tuple[int | str, ...]
NO_HOUR_CHARGED = ("flat_fee", "fixed_price")


def check_promises(catalogue: Catalogue) -> None:
    for contract in catalogue.all(Contract):
        _check_contract(catalogue, contract)
    blocks = any(policy.first_block_minutes for policy in catalogue.all(Rounding))
    for card in catalogue.all(RateCard):
        for n, line in enumerate(card.lines):
            _check_line(catalogue, card, n, line, blocks)


def _check_contract(catalogue: Catalogue, contract: Contract) -> None:
    if contract.max_concurrent_technicians is None and "concurrency" in contract.model_fields_set:
        _unused(catalogue, contract, ("concurrency",), "counts nothing", "add max_concurrent_technicians")
    for name in ("not_to_exceed", "free_first") if contract.kind in NO_HOUR_CHARGED else ():
        if getattr(contract, name):
            what = f"means nothing to a contract of kind {contract.kind}: no hour of it is charged"
            _unused(catalogue, contract, (name,), what, "remove it, or write the kind you mean")
    for n, limit in enumerate(contract.not_to_exceed):
        _check_size(catalogue, contract, ("not_to_exceed", n, "amount"), limit.amount)
        code = limit.currency
        if code is not None and not (len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()):
            place = catalogue.place(contract, "not_to_exceed", n, "currency")
            remedy = "write three capital letters such as USD"
            catalogue.report("error", "bad_currency", place, f"no currency `{code}`", remedy)
        if not limit.amount:
            place = catalogue.place(contract, "not_to_exceed", n, "amount")
            catalogue.report("warning", "rate_of_zero", place, "nothing of it is ever billed", "is that meant?")
    for n, allowance in enumerate(contract.free_first):
        if not allowance.seconds:
            place = catalogue.place(contract, "free_first", n)
            catalogue.report("error", "bad_value", place, "nothing is free", "write `minutes: 30` or `hours: 1`")


def _check_line(catalogue: Catalogue, card: RateCard, n: int, line: RateLine, blocks: bool) -> None:
    for name in ("first_block", "floor"):
        _check_size(catalogue, card, ("lines", n, name), getattr(line, name))
    if line.floor_below_minutes and line.floor is None:
        _unused(catalogue, card, ("lines", n, "floor_below_minutes"), "belongs to a floor", "add `floor:`")
    if line.trip_fee_waivers and line.trip_fee is None:
        _unused(catalogue, card, ("lines", n, "trip_fee_waivers"), "belongs to a trip fee", "add `trip_fee:`")
    if line.first_block is not None and line.rate is None:
        place = catalogue.place(card, "lines", n, "first_block")
        remedy = "write it at the line with `rate:`"
        catalogue.report("error", "setting_unused", place, "only a line with `rate` has a first block", remedy)
    elif line.first_block is not None and not blocks:
        what = "is never asked for: no rounding policy has a first block"
        _unused(catalogue, card, ("lines", n, "first_block"), what, "add `first_block_minutes:` to the policy")


def _unused(catalogue: Catalogue, item: CatalogObject, path: Path, what: str, remedy: str) -> None:
    catalogue.report("warning", "setting_unused", catalogue.place(item, *path), f"`{path[-1]}` {what}", remedy)


def _check_size(catalogue: Catalogue, item: CatalogObject, path: Path, value: Decimal | None) -> None:
    if value is not None and (value > LARGEST or int(value.as_tuple().exponent) < -9):
        place = catalogue.place(item, *path)
        catalogue.report("error", "bad_value", place, f"`{path[-1]}` cannot be {value}", "write a number such as 500")


def services_named(catalogue: Catalogue) -> Iterator[tuple[CatalogObject, Path, str, str | None]]:
    """Services that promises name, as ``check_references`` wants them."""
    for contract in catalogue.all(Contract):
        named = [("not_to_exceed", n, one.services) for n, one in enumerate(contract.not_to_exceed)]
        named += [("free_first", n, one.services) for n, one in enumerate(contract.free_first)]
        for name, n, patterns in named:
            for m, pattern in enumerate(patterns):
                yield contract, (name, n, "services", m), "service", None if pattern.endswith("*") else pattern
