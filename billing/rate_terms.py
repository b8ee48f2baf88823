"""What holds for one client: zone, contracts, calendars, rounding and prices, by service and local date.

Dates of contracts and cards divide time into eras; inside one era everything is the same, so the choice, its
reasons and its steps are made once for each (service, era) and shared by all rows.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence

from billing.book import CatalogState
from billing.calendar import Zone, zone_of
from billing.contracts import CONTRACTS, PREPAID
from billing.contracts.choice import choose_contract, contract_step, without_exclusions
from billing.contracts.plan import Plan, drawdown_tiers
from billing.cost_cards import Costs
from billing.decisions import Verdict, undecided
from billing.project_terms import choose_project, payer, tickets_of
from billing.rate_policies import memory_of, policies
from billing.ratecard import Asked, Choice, cards_of, choose
from billing.rates import Rates
from billing.scripts import choose_policy, lost_policies
from billing.services import service_of
from billing.terms import NOBODY, Blocked, Person, Terms
from streams.models.catalog import (
    Client,
    Contract,
    Dated,
    Lot,
    Project,
    RateCard,
    Rounding,
    ScriptPolicy,
    Service,
    Technician,
    Tier,
)
from streams.models.work import Work

NOTHING: Mapping[str, tuple[Lot, ...]] = {}


class ClientTerms:
    """One client's terms under one reading of the catalogue; client "" is the unknown one."""

    def __init__(self, book: CatalogState, client: str, purchases: Mapping[str, tuple[Lot, ...]] = NOTHING) -> None:
        """``purchases``: lots bought by decision, by contract."""
        self._book = book
        self.client = client
        self.organisation = book.organisation
        self.internal = bool((found := book.get(Client, client)) and found.internal)
        self.flags: tuple[str, ...] = ()
        self.verdict_of: Callable[[Work], Verdict] = undecided  # what people decided about a piece of work
        self.milestones: Mapping[tuple[str, str], str] = {}
        self.zone = self.own_zone = self._zone(found)
        self.contracts = [one for one in book.all(Contract).values() if one.client == client]
        self.projects = [one for one in book.all(Project).values() if one.client == client]
        self._tickets = tickets_of(self.projects)
        self.costs = Costs(book)
        self._cards = cards_of(book.all(RateCard).values(), client, [*self.contracts, *self.projects])
        self._eras = _dates([*self.contracts, *self.projects, *self._cards])
        self._known: dict[tuple[object, ...], Terms] = {}
        lines = [line for card in self._cards for line in card.lines]
        self._by_person = any(line.role or line.technician for line in lines)
        self._by_tier = any(line.tier for line in lines)
        tiers = drawdown_tiers(book.all(Tier).values())
        self.plans = {
            one.id: Plan(one, self.zone, purchases.get(one.id, ()), tiers)
            for one in self.contracts
            if one.kind in PREPAID
        }
        self.balances = bool(self.plans)
        self._by_person = self._by_person or any(one.drawdown.roles for one in self.contracts)
        self._pins = any(one.rate_change != "split" for one in self.contracts)
        self._by_type = any(one.ticket_types for one in self.contracts)
        sites = found.sites if found else []
        self.commits = any(one.minimum is not None or one.maximum is not None for one in self.contracts)
        self._by_site = any(one.zone for one in sites) or any(one.sites for one in self.contracts)
        self._sites = {one.id: zone for one in sites if one.zone and (zone := zone_of(one.zone))}
        self._scripts = list(book.all(ScriptPolicy).values())
        self.memory = memory_of(self._book, self.contracts, self.projects)
        if any(line.steps or line.pack_price is not None for line in lines):
            self.memory = self.memory._replace(charged=self.memory.charged | {"period"})

    def person(self, work: Work) -> Person:
        """What the prices of a piece of work may depend on beside its service and date."""
        who = NOBODY._replace(ticket=work.ticket) if work.ticket and work.ticket in self._tickets else NOBODY
        if self._pins:
            last = max(work.start, work.spans[-1][1] - 1) if work.spans else work.start
            who = who._replace(began=self.own_zone.day(work.start).ordinal, ended=self.own_zone.day(last).ordinal)
        if self._by_type or self._by_site:
            kind = work.ticket_type if self._by_type else ""
            who = who._replace(ticket_type=kind, site=work.site if self._by_site else "")
        if not self._by_person or not work.technician:
            return who
        found = self._book.get(Technician, work.technician)
        return who._replace(technician=work.technician, role=(found.role if found else None) or "")

    def layer(self, at: int) -> ClientTerms:
        """The terms that hold at an instant: one reading has one layer."""
        return self

    def layers(self) -> list[ClientTerms]:
        """All terms that hold at some time."""
        return [self]

    def script(self, names: Sequence[str], at: int) -> tuple[ScriptPolicy | None, Rounding | None, tuple[str, ...]]:
        """The policy of a run that starts at an instant, how its runtime is rounded, and the policies that lost."""
        client, day = self.client or None, self.zone.day(at).ordinal
        found = choose_policy(self._scripts, client, names, day)
        if found is None:
            return None, None, ()
        return found, self._book.get(Rounding, found.rounding), lost_policies(self._scripts, client, names, day, found)

    def at(self, service: str, day: int, who: Person = NOBODY, via: tuple[str, ...] = ()) -> Terms:
        """Terms for an event's service text on a local day; ``via`` contracts that exclude the tier at hand."""
        era = bisect_right(self._eras, day)
        pinned = bisect_right(self._eras, who.began), bisect_right(self._eras, who.ended)
        key = service, era, who._replace(began=pinned[0], ended=pinned[1]), via
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._make(service, day, who, via)
        return found

    def currency_on(self, contract: str, day: int) -> tuple[str, str]:
        """What the client pays in on a local day, and why it is not clear, where it is not."""
        found = choose(self._cards, Asked(self.client, "", contract), day, self.organisation.currency)
        return found.currency, found.reason if found.reason.startswith("currency_mixed") else ""

    def _zone(self, client: Client | None) -> Zone:
        """The client's zone, else the organisation's, else UTC; a name that is no zone is flagged."""
        for name in ((client.zone if client else None), self.organisation.zone, "UTC"):
            if name and (found := zone_of(name)):
                return found
            if name:
                self.flags = ("zone_unknown",)
        raise AssertionError("UTC is a zone")

    def _make(self, text: str, day: int, who: Person, via: tuple[str, ...]) -> Terms:
        service, billable = self._service(text)
        chosen = choose_contract(self.contracts, service, day, who)
        chosen = without_exclusions(chosen, self.contracts, service, day, via)
        project = choose_project(self.projects, who.ticket, service, day) if self.projects else None
        contract = payer(project, chosen.contract, self.contracts)
        zone = self._sites.get(who.site, self.own_zone)
        own = project.project.rounding if project else None
        policy, calendar, missing = policies(self._book, contract, service, zone, own)
        taken = CONTRACTS[contract.kind](contract) if contract else "no_rate_path"
        return Terms(
            service=service,
            contract=contract.id if contract else "",
            taken=project.taken if project else taken,
            policy=None if who.script else policy,  # a script policy says itself how much a run comes to
            calendar=calendar,
            rates=self._rates(service, contract, day, who, project.project.id if project else ""),
            blocked=self._blocked(billable, chosen.reason if contract is None and project is None else "", missing),
            contract_step=project.step if project else contract_step(chosen),
            excluded=frozenset(contract.exclude.tiers) if contract and not project else frozenset(),
            prepaid=self.plans.get(contract.id) if contract and not project else None,
            project=project.name if project else "",
            role=who.role,
            agreement=None if project else contract,
            other=lambda: self.at(text, day, who, (*via, contract.id if contract else "")),
        )

    def _rates(self, service: str, contract: Contract | None, day: int, who: Person, project: str) -> Rates:
        if contract is not None and contract.rate_change != "split":
            day = who.began if contract.rate_change == "pin_to_start" else who.ended
        asked = Asked(self.client, service, contract.id if contract else "", who.role, who.technician, project=project)
        default = self.organisation.currency

        def for_tier(tier: str) -> Choice:
            return choose(self._cards, asked._replace(tier=tier), day, default)

        return Rates(for_tier, self._book.all(Tier), self._by_tier, default)

    def currency_of(self, contract: Contract, day: int) -> str:
        """In which a contract is paid on a local day."""
        return self._rates("", contract, day, NOBODY, "").currency

    def _service(self, text: str) -> tuple[str, bool]:
        """Catalogue service of an event's text, and whether it is billable."""
        found = service_of(self._book.all(Service), text)
        return (found.id, found.billable) if found else ("", True)

    def _blocked(self, billable: bool, no_path: str, missing: str) -> Blocked | None:
        if self.internal:
            return "non_billable", "internal_client"
        if not billable:
            return "non_billable", "service_not_billable"
        if no_path:
            return "no_rate_path", no_path
        return ("unpriced", missing) if missing else None


def _dates(items: list[Dated]) -> list[int]:
    """Local days on which anything begins or ends."""
    return sorted({on.toordinal() for one in items for on in (one.from_, one.until) if on is not None})
