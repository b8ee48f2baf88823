"""What holds for one client: zone, contracts, calendars, rounding and prices, by service and local date.

Dates of contracts and cards divide time into eras; inside one era everything is the same, so the choice, its
reasons and its steps are made once for each (service, era) and shared by all rows.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple

from billing.book import CatalogState
from billing.calendar import TierCalendar, Zone, zone_of
from billing.contracts import CONTRACTS
from billing.contracts.choice import ContractChoice, choose_contract
from billing.money import Rate, exponent_of, rate_of, rate_text
from billing.rate_policies import policies, shared_scopes
from billing.ratecard import STANDARD, Candidate, Choice, choose, fits_service, price
from billing.scopes import BY_DAY
from streams.models.catalog import Client, Contract, Dated, RateCard, Rounding, Service, Tier
from streams.models.entry import Disposition
from streams.models.work import Step

Blocked = tuple[Disposition, str]  # why nothing is billed: disposition and reason


class Price(NamedTuple):
    """An exact rate, its text, and the line and rule that made it."""

    rate: Rate
    text: str
    rule: str


@dataclass(slots=True, eq=False)
class Terms:
    """What holds for one service in one era. ``blocked`` None: it is priced by ``line``."""

    service: str
    contract: str
    taken: Disposition  # what the contract makes of priced work
    policy: Rounding | None
    calendar: TierCalendar | None
    currency: str
    exponent: int
    line: Candidate | None
    tiers: dict[str, Tier]
    blocked: Blocked | None
    contract_step: Step
    rate_step: Step
    risk: Rate | None = None
    risk_currency: str = ""
    risk_line: str = ""
    _prices: dict[str, Price | None] = field(default_factory=dict)

    @property
    def by_day(self) -> bool:
        return self.policy is not None and self.policy.scope in BY_DAY

    @property
    def line_name(self) -> str:
        return self.line.name if self.line else ""

    def price(self, tier: str) -> Price | None:
        """What the line asks for a tier; None if it does not price it."""
        if tier not in self._prices:
            self._prices[tier] = self._price(tier)
        return self._prices[tier]

    def _price(self, tier: str) -> Price | None:
        found = price(self.line.line, tier, self.tiers) if self.line else None
        if found is None:
            return None
        rate, how = found
        return Price(rate, rate_text(rate, self.exponent), f"{self.line_name} {how}")


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
        self._cards = [one for one in book.all(RateCard).values() if one.client in (None, client)]
        self._eras = _dates([*self._contracts, *self._cards])
        self._known: dict[tuple[str, int], Terms] = {}
        self.shared = shared_scopes(self._book, self._contracts)

    def at(self, service: str, day: int) -> Terms:
        """Terms for an event's service text on a local day."""
        key = service, bisect_right(self._eras, day)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._make(service, day)
        return found

    def _zone(self, client: Client | None) -> Zone:
        """The client's zone, else the organisation's, else UTC; a name that is no zone is flagged."""
        for name in ((client.zone if client else None), self.organisation.zone, "UTC"):
            if name and (found := zone_of(name)):
                return found
            if name:
                self.flags = ("zone_unknown",)
        raise AssertionError("UTC is a zone")

    def _make(self, text: str, day: int) -> Terms:
        service, billable = self._service(text)
        chosen = choose_contract(self._contracts, service, day)
        default = self.organisation.currency
        choice = choose(self._cards, self.client, service, day, default)
        contract, best = chosen.contract, choice.best
        policy, calendar, missing = policies(self._book, contract, service, self.zone)
        risk_currency = (best.card.currency if best else None) or default
        return Terms(
            service=service,
            contract=contract.id if contract else "",
            taken=CONTRACTS[contract.kind](contract) if contract else "no_rate_path",
            policy=policy,
            calendar=calendar,
            currency=choice.currency,
            exponent=exponent_of(choice.currency),
            line=choice.line,
            tiers=self._book.all(Tier),
            blocked=self._blocked(billable, chosen, choice, missing),
            contract_step=_contract_step(chosen),
            rate_step=_rate_step(choice),
            risk=_standard(best),
            risk_currency=risk_currency,
            risk_line=best.name if best else "",
        )

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

    def _blocked(self, billable: bool, chosen: ContractChoice, choice: Choice, missing: str) -> Blocked | None:
        if self.internal:
            return "non_billable", "internal_client"
        if not billable:
            return "non_billable", "service_not_billable"
        if chosen.contract is None:
            return "no_rate_path", chosen.reason
        if missing or choice.line is None:
            return "unpriced", missing or choice.reason
        return None


def _dates(items: list[Dated]) -> list[int]:
    """Local days on which anything begins or ends."""
    return sorted({on.toordinal() for one in items for on in (one.from_, one.until) if on is not None})


def _standard(best: Candidate | None) -> Rate | None:
    if best is None:
        return None
    found = price(best.line, STANDARD, {})
    return found[0] if found else rate_of(best.line.rate)


def _contract_step(chosen: ContractChoice) -> Step:
    return Step("contract", after=chosen.contract.id if chosen.contract else "", why=chosen.reason, lost=chosen.lost)


def _rate_step(choice: Choice) -> Step:
    line = choice.line
    after = f"{line.line.rate}/h {choice.currency}" if line else ""
    return Step("rate", after=after, rule=line.name if line else "", why=choice.reason, lost=choice.lost)
