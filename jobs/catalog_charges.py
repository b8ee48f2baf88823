"""Fees and commitments of contracts: when they begin, what they are called, how large they are."""

from __future__ import annotations

from jobs.catalog_balances import check_size
from jobs.catalog_load import Catalogue
from streams.models.catalog import Contract, Fee


def check_charges(catalogue: Catalogue) -> None:
    for contract in catalogue.all(Contract):
        known: set[str] = set()
        for n, fee in enumerate(contract.fees):
            if fee.id in known:
                place = catalogue.place(contract, "fees", n, "id")
                message = f"fee `{fee.id}` stands here a second time"
                catalogue.report("error", "duplicate_id", place, message, "give each fee an id of its own")
            known.add(fee.id)
            _check_fee(catalogue, contract, n, fee)
        _check_commitments(catalogue, contract)


def _check_fee(catalogue: Catalogue, contract: Contract, n: int, fee: Fee) -> None:
    check_size(catalogue, contract, ("fees", n, "amount"), fee.amount)
    if contract.from_ is None and fee.from_ is None:
        place = catalogue.place(contract, "fees", n)
        message = f"nothing says when fee `{fee.id}` begins: it is never asked for"
        catalogue.report("error", "no_beginning", place, message, "add `from:` to the contract")
    if fee.from_ and fee.until and fee.until <= fee.from_:
        place = catalogue.place(contract, "fees", n, "until")
        message = f"ends {fee.until}, not after it begins {fee.from_}"
        catalogue.report("error", "empty_dates", place, message, "`until` is the first day without it")
    if fee.every == "once" and fee.timing == "arrears" and fee.until is None and contract.until is None:
        place = catalogue.place(contract, "fees", n, "timing")
        message = f"fee `{fee.id}` is asked for at the end, and nothing says when that is"
        catalogue.report("error", "no_end", place, message, "add `until:`, or write `timing: advance`")


def _check_commitments(catalogue: Catalogue, contract: Contract) -> None:
    least, most = contract.minimum, contract.maximum
    check_size(catalogue, contract, ("minimum",), least)
    check_size(catalogue, contract, ("maximum",), most)
    if least is not None and contract.from_ is None:
        place = catalogue.place(contract, "minimum")
        message = f"nothing says when the minimum of contract `{contract.id}` begins"
        catalogue.report("error", "no_beginning", place, message, "add `from:`: cycles without work count")
    if least is not None and most is not None and most < least:
        place = catalogue.place(contract, "maximum")
        message = f"the maximum {most} is less than the minimum {least}"
        catalogue.report("error", "bad_value", place, message, "write the larger number as the maximum")
    if contract.kind in ("flat_fee", "fixed_price") and (least is not None or most is not None):
        name = "minimum" if least is not None else "maximum"
        place = catalogue.place(contract, name)
        message = f"`{name}` means nothing to a contract of kind {contract.kind}: its work brings nothing by the hour"
        catalogue.report("warning", "setting_unused", place, message, "remove it, or write a fee")
