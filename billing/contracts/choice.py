"""Which contract takes a service on a date, and why the others lost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from billing.ratecard import outside
from billing.services import fits_service
from billing.terms import NOBODY, Person
from streams.models.catalog import Contract
from streams.models.work import Step


@dataclass(frozen=True, slots=True)
class ContractChoice:
    """``contract`` None: ``reason`` says why nothing takes the work."""

    contract: Contract | None
    reason: str = ""
    lost: tuple[str, ...] = ()


def choose_contract(contracts: Iterable[Contract], service: str, day: int, who: Person = NOBODY) -> ContractChoice:
    """Of one client's contracts: the smallest ``order``; then the longest service pattern, one that names the ticket
    type, one that names the site; then the later ``from``, then the smaller id."""
    ranked = sorted(contracts, key=lambda one: _order(one, service))
    if not ranked:
        return ContractChoice(None, "no_contract")
    verdicts = [(one, _why_not(one, service, day, who)) for one in ranked]
    won = next((one for one, why in verdicts if not why), None)
    lost = tuple(f"{one.id}: {why or _behind(won, one, service)}" for one, why in verdicts if one is not won)
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


_FIRST = ("its `order` is smaller", "it names the service more exactly", "it names the ticket type",
          "it names the site", "it begins later", "its id is smaller")  # fmt: skip


def _order(one: Contract, service: str) -> tuple[int, int, bool, bool, int, str]:
    precision = max((_precision(pattern, service) for pattern in one.services), default=-1)
    later = -(one.from_ or date.min).toordinal()
    return one.order, -precision, not one.ticket_types, not one.sites, later, one.id


def _behind(won: Contract | None, one: Contract, service: str) -> str:
    """Why a contract that fits comes behind the one that takes the work."""
    assert won is not None  # the first that fits
    pairs = zip(_order(won, service), _order(one, service), strict=True)
    return f"{won.id} goes first, {next(why for why, (a, b) in zip(_FIRST, pairs, strict=True) if a != b)}"


def _precision(pattern: str, service: str) -> int:
    """Longer is more exact; an exact match beats a pattern of the same length."""
    if not fits_service(pattern, service):
        return -1
    return 2 * len(pattern) - (1 if pattern.endswith("*") else 0)


def _why_not(one: Contract, service: str, day: int, who: Person) -> str:
    if not any(fits_service(pattern, service) for pattern in one.services):
        return f"does not take {service or 'work without a service'}"
    if one.ticket_types and who.ticket_type not in one.ticket_types:
        return f"does not take tickets of type {who.ticket_type}" if who.ticket_type else "takes tickets of a type only"
    if one.sites and who.site not in one.sites:
        return f"does not take site {who.site}" if who.site else "takes work at a site only"
    return outside(one, day)


def contract_step(chosen: ContractChoice) -> Step:
    return Step("contract", after=chosen.contract.id if chosen.contract else "", why=chosen.reason, lost=chosen.lost)
