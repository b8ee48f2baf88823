"""What holds for one client: zone, contracts, calendars, rounding and prices, by service and local date.

Dates of contracts and cards divide time into eras; inside one era everything is the same, so the choice, its
reasons and its steps are made once for each (service, era) and shared by all rows.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple

from billing.book import CatalogState
from billing.calendar import Zone, zone_of
from billing.contracts import CONTRACTS
from billing.contracts.choice import ContractChoice, choose_contract
from billing.rate_policies import memory_of, policies
from billing.ratecard import Asked, Choice, choose, fits_service
from billing.rates import Price, Rates
from billing.scopes import BY_DAY
from billing.stacking import name_of
from billing.tier_calendar import Stack, TierCalendar
from streams.models.catalog import Client, Contract, Dated, RateCard, Rounding, Service, Technician, Tier
from streams.models.entry import Disposition
from streams.models.work import Step, Work

Blocked = tuple[Disposition, str]  # why nothing is billed: disposition and reason


@dataclass(slots=True, eq=False)
class Terms:
    """What holds for one service and person in one era. ``blocked`` None: it is priced by ``rates``."""

    service: str
    contract: str
    taken: Disposition  # what the contract makes of priced work
    policy: Rounding | None
    calendar: TierCalendar | None
    rates: Rates
    blocked: Blocked | None
    contract_step: Step
    _names: dict[Stack, str] = field(default_factory=dict)
    _minimums: dict[str, int] = field(default_factory=dict)

    @property
    def by_day(self) -> bool:
        return self.policy is not None and self.policy.scope in BY_DAY

    @property
    def currency(self) -> str:
        return self.rates.currency

    @property
    def exponent(self) -> int:
        return self.rates.exponent

    def tier_of(self, stack: Stack) -> str:
        """The name of tiers that hold at once, under which they are priced."""
        if len(stack) == 1:
            return stack[0]
        name = self._names.get(stack)
        if name is None:
            name = self._names[stack] = name_of(stack, self.rates)
            if name not in stack:
                self._minimums[name] = max([self.minimum(tier) for tier in stack])
        return name

    def minimum(self, tier: str) -> int:
        """Seconds that a scope with work in this tier is billed at least; 0 without."""
        known = self._minimums.get(tier)
        if known is None:
            own = self.policy.tier_minimums.get(tier) if self.policy else None
            general = self.rates.tiers.get(tier)
            known = 60 * (own if own is not None else general.minimum_minutes if general else 0)
            self._minimums[tier] = known
        return known

    def price(self, tier: str) -> Price | None:
        """What is asked for a tier; None if nothing prices it."""
        return self.rates.price(tier)


class Person(NamedTuple):
    """Who works, as far as a rate line names it, and the local day on which the work began."""

    technician: str = ""
    role: str = ""
    began: int = 0


NOBODY = Person()


class ClientTerms:
    """One client's terms under one reading of the catalogue; client "" is the unknown one."""

    def __init__(self, book: CatalogState, client: str) -> None:
        self._book = book
        self.client = client
        self.organisation = book.organisation
        self.internal = bool((found := book.get(Client, client)) and found.internal)
        self.flags: tuple[str, ...] = ()
        self.zone = self._zone(found)
        self._contracts = [one for one in book.all(Contract).values() if one.client == client]
        own = {None, *(one.id for one in self._contracts)}
        cards = book.all(RateCard).values()
        self._cards = [one for one in cards if one.client in (None, client) and one.contract in own]
        self._eras = _dates([*self._contracts, *self._cards])
        self._known: dict[tuple[str, int, str, str, int], Terms] = {}
        lines = [line for card in self._cards for line in card.lines]
        self._by_person = any(line.role or line.technician for line in lines)
        self._by_tier = any(line.tier for line in lines)
        self._pins = any(one.rate_change == "pin_to_start" for one in self._contracts)
        self.memory = memory_of(self._book, self._contracts)

    def person(self, work: Work) -> Person:
        """What the prices of a piece of work may depend on beside its service and date."""
        began = self.zone.day(work.start).ordinal if self._pins else 0
        if not self._by_person or not work.technician:
            return Person(began=began)
        found = self._book.get(Technician, work.technician)
        return Person(work.technician, (found.role if found else None) or "", began)

    def at(self, service: str, day: int, who: Person = NOBODY) -> Terms:
        """Terms for an event's service text on a local day."""
        key = service, bisect_right(self._eras, day), who.technician, who.role, bisect_right(self._eras, who.began)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._make(service, day, who)
        return found

    def _zone(self, client: Client | None) -> Zone:
        """The client's zone, else the organisation's, else UTC; a name that is no zone is flagged."""
        for name in ((client.zone if client else None), self.organisation.zone, "UTC"):
            if name and (found := zone_of(name)):
                return found
            if name:
                self.flags = ("zone_unknown",)
        raise AssertionError("UTC is a zone")

    def _make(self, text: str, day: int, who: Person) -> Terms:
        service, billable = self._service(text)
        chosen = choose_contract(self._contracts, service, day)
        contract = chosen.contract
        policy, calendar, missing = policies(self._book, contract, service, self.zone)
        return Terms(
            service=service,
            contract=contract.id if contract else "",
            taken=CONTRACTS[contract.kind](contract) if contract else "no_rate_path",
            policy=policy,
            calendar=calendar,
            rates=self._rates(service, contract, day, who),
            blocked=self._blocked(billable, chosen, missing),
            contract_step=_contract_step(chosen),
        )

    def _rates(self, service: str, contract: Contract | None, day: int, who: Person) -> Rates:
        if contract is not None and contract.rate_change == "pin_to_start":
            day = who.began
        asked = Asked(self.client, service, contract.id if contract else "", who.role, who.technician)
        default = self.organisation.currency

        def for_tier(tier: str) -> Choice:
            return choose(self._cards, asked._replace(tier=tier), day, default)

        return Rates(for_tier, self._book.all(Tier), self._by_tier, default)

    def _service(self, text: str) -> tuple[str, bool]:
        """Catalogue service of an event's text: the longest match, then the id."""
        best: tuple[int, str] | None = None
        services = self._book.all(Service)
        for service in services.values():
            for pattern in service.match or [service.id]:
                if fits_service(pattern, text):
                    rank = (-2 * len(pattern) + pattern.endswith("*"), service.id)
                    best = rank if best is None else min(best, rank)
        return (best[1], services[best[1]].billable) if best else ("", True)

    def _blocked(self, billable: bool, chosen: ContractChoice, missing: str) -> Blocked | None:
        if self.internal:
            return "non_billable", "internal_client"
        if not billable:
            return "non_billable", "service_not_billable"
        if chosen.contract is None:
            return "no_rate_path", chosen.reason
        return ("unpriced", missing) if missing else None


def _dates(items: list[Dated]) -> list[int]:
    """Local days on which anything begins or ends."""
    return sorted({on.toordinal() for one in items for on in (one.from_, one.until) if on is not None})


def _contract_step(chosen: ContractChoice) -> Step:
    return Step("contract", after=chosen.contract.id if chosen.contract else "", why=chosen.reason, lost=chosen.lost)
