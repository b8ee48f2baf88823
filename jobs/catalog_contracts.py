"""Contracts: what they exclude must have somewhere to go."""

from __future__ import annotations

from jobs.catalog_load import Catalogue
from streams.models.catalog import Contract


def check_contracts(catalogue: Catalogue) -> None:
    contracts = {contract.id: contract for contract in catalogue.all(Contract)}
    for contract in contracts.values():
        _check_fallback(catalogue, contract, contracts)
        _check_cycle(catalogue, contract, contracts)


def _check_fallback(catalogue: Catalogue, contract: Contract, contracts: dict[str, Contract]) -> None:
    excludes = bool(contract.exclude.services or contract.exclude.tiers)
    after = contracts.get(contract.fallback or "")
    if excludes and contract.fallback is None:
        catalogue.report(
            "warning",
            "excluded_without_fallback",
            catalogue.place(contract, "exclude"),
            f"contract `{contract.id}` excludes work that no other takes: it becomes no_rate_path",
            "name the contract that takes it: `fallback:`",
        )
    elif contract.fallback is not None and not excludes:
        place = catalogue.place(contract, "fallback")
        message = f"contract `{contract.id}` excludes nothing: its fallback is never used"
        catalogue.report("warning", "fallback_unused", place, message, "add `exclude:`, or remove it")
    if after is not None and after.client != contract.client:
        place = catalogue.place(contract, "fallback")
        message = f"contract `{after.id}` is of client `{after.client}`"
        catalogue.report("error", "wrong_client", place, message, f"name a contract of `{contract.client}`")


def _check_cycle(catalogue: Catalogue, contract: Contract, contracts: dict[str, Contract]) -> None:
    """A chain of fallbacks that comes back to its beginning; each cycle is told once, at its smallest id."""
    chain = [contract.id]
    while (after := contracts[chain[-1]].fallback) in contracts and after not in chain:
        chain.append(str(after))
    if after == contract.id and contract.id == min(chain):
        place = catalogue.place(contract, "fallback")
        message = f"fallbacks go in a circle: {' → '.join([*chain, contract.id])}"
        catalogue.report("error", "fallback_cycle", place, message, "remove one of them")
