"""Which contract takes a service on a date, and why the others lost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from billing.ratecard import fits_service, outside
from streams.models.catalog import Contract


@dataclass(frozen=True, slots=True)
class ContractChoice:
    """``contract`` None: ``reason`` says why nothing takes the work."""

    contract: Contract | None
    reason: str = ""
    lost: tuple[str, ...] = ()


def choose_contract(contracts: Iterable[Contract], service: str, day: int) -> ContractChoice:
    """Of one client's contracts: the longest service pattern, then the later ``from``, then the smaller id."""
    ranked = sorted(contracts, key=lambda one: _order(one, service))
    if not ranked:
        return ContractChoice(None, "no_contract")
    verdicts = [(one, _why_not(one, service, day)) for one in ranked]
    won = next((one for one, why in verdicts if not why), None)
    lost = tuple(f"{one.id}: {why or 'another fits better'}" for one, why in verdicts if one is not won)
    return ContractChoice(won, "" if won else "no_contract_fits", lost)


def _order(one: Contract, service: str) -> tuple[int, int, str]:
    precision = max((_precision(pattern, service) for pattern in one.services), default=-1)
    return -precision, -(one.from_ or date.min).toordinal(), one.id


def _precision(pattern: str, service: str) -> int:
    """Longer is more exact; an exact match beats a pattern of the same length."""
    if not fits_service(pattern, service):
        return -1
    return 2 * len(pattern) - (1 if pattern.endswith("*") else 0)


def _why_not(one: Contract, service: str, day: int) -> str:
    if not any(fits_service(pattern, service) for pattern in one.services):
        return f"does not take {service or 'work without a service'}"
    return outside(one, day)
