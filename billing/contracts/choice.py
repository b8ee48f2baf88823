"""Which contract takes a service on a date, and why the others lost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from billing.ratecard import outside
from billing.services import fits_service
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


def without_exclusions(
    chosen: ContractChoice, contracts: Iterable[Contract], service: str, day: int, via: tuple[str, ...] = ()
) -> ContractChoice:
    """Follow fallbacks until a contract does not exclude the service. ``via``: contracts walked already, the last of
    them for its tier; what they name is taken whatever services it lists."""
    known = {one.id: one for one in contracts}
    contract, walked, lost = chosen.contract, list(via), list(chosen.lost)
    if via:
        contract = known[via[-1]]
    while contract is not None and (via[-1:] == (contract.id,) or excludes(contract, service)):
        if contract.id not in via:
            walked.append(contract.id)
        lost.append(f"{contract.id}: excludes {'this tier' if contract.id in via else service}")
        if contract.fallback is None:
            return ContractChoice(None, f"excluded: {contract.id}", tuple(lost))
        after = known.get(contract.fallback)
        if after is None or outside(after, day):
            return ContractChoice(None, f"fallback_ended: {contract.fallback}", tuple(lost))
        if after.id in walked:
            return ContractChoice(None, f"fallback_cycle: {' → '.join([*walked, after.id])}", tuple(lost))
        contract = after
    return ContractChoice(contract, chosen.reason if contract is chosen.contract else "", tuple(lost))


def excludes(contract: Contract, service: str) -> bool:
    return any(fits_service(pattern, service) for pattern in contract.exclude.services)


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
