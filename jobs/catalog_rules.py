"""What a catalogue must be as a whole. Errors make an amount ambiguous or wrong; warnings are money at risk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from zoneinfo import ZoneInfo

from jobs.catalog_balances import check_balances
from jobs.catalog_calendars import check_calendars, holidays_named, tiers_named
from jobs.catalog_charges import check_charges
from jobs.catalog_contracts import check_contracts
from jobs.catalog_lines import check_lines
from jobs.catalog_load import Catalogue, kind_of, load_folders
from jobs.catalog_overlaps import check_overlaps
from jobs.catalog_places import check_places
from jobs.catalog_prices import check_prices
from jobs.catalog_projects import check_projects, cost_tiers, project_references
from jobs.catalog_promises import check_promises, services_named
from jobs.catalog_rounding import check_rounding
from jobs.catalog_scripts import check_scripts
from streams.models.catalog import (
    Calendar,
    CatalogObject,
    Client,
    Contract,
    CostCard,
    Dated,
    Device,
    Organisation,
    Project,
    RateCard,
    ScriptPolicy,
    Service,
    Technician,
    Ticket,
    Tier,
)

STANDARD = "standard"


def check(folders: Iterable[Path]) -> Catalogue:
    """Load and check: the catalogue with every problem, in the order of files and lines."""
    catalogue = load_folders(folders)
    check_whole(catalogue)
    catalogue.problems.sort(key=lambda problem: (problem.place, problem.code, problem.message))
    return catalogue


def check_whole(catalogue: Catalogue) -> None:
    """Every rule that needs more than one object."""
    for rule in RULES:
        rule(catalogue)


def check_references(catalogue: Catalogue) -> None:
    for item, path, kind, id_ in _references(catalogue):
        if id_ is not None and "=" not in id_ and not catalogue.has(kind, id_):
            _dangling(catalogue, item, path, kind, id_)
    for item, path, tier in _tiers_named(catalogue):
        if tier != STANDARD and not catalogue.has("tier", tier):
            _dangling(catalogue, item, path, "tier", tier)


def _references(catalogue: Catalogue) -> Iterator[tuple[CatalogObject, tuple[int | str, ...], str, str | None]]:
    """(object, where in it, kind named, id named). "source=id there" names by alias what may come from a tool."""
    for organisation in catalogue.all(Organisation):
        yield organisation, ("calendar",), "calendar", organisation.calendar
        yield organisation, ("rounding",), "rounding", organisation.rounding
    for device in catalogue.all(Device):
        yield device, ("client",), "client", device.client
        for n, move in enumerate(device.moves):
            yield device, ("moves", n, "client"), "client", move.client
    for ticket in catalogue.all(Ticket):
        yield ticket, ("client",), "client", ticket.client
        yield ticket, ("device",), "device", ticket.device
        for n, name in enumerate(ticket.technicians):
            yield ticket, ("technicians", n), "technician", name
    for card in catalogue.all(RateCard):
        yield card, ("client",), "client", card.client
        yield card, ("contract",), "contract", card.contract
        for n, line in enumerate(card.lines):
            yield card, ("lines", n, "technician"), "technician", line.technician
            yield card, ("lines", n, "service"), "service", None if line.service == "*" else line.service
    yield from holidays_named(catalogue)
    yield from project_references(catalogue)
    for service in catalogue.all(Service):
        yield service, ("rounding",), "rounding", service.rounding
    for contract in catalogue.all(Contract):
        yield contract, ("client",), "client", contract.client
        yield contract, ("rounding",), "rounding", contract.rounding
        yield contract, ("calendar",), "calendar", contract.calendar
        yield contract, ("fallback",), "contract", contract.fallback
        for n, pattern in enumerate(contract.exclude.services):
            yield contract, ("exclude", "services", n), "service", None if pattern.endswith("*") else pattern
        for n, name in enumerate(contract.services):
            yield contract, ("services", n), "service", None if name.endswith("*") else name
    yield from services_named(catalogue)
    for policy in catalogue.all(ScriptPolicy):
        yield policy, ("client",), "client", policy.client
        yield policy, ("rounding",), "rounding", policy.rounding


def _tiers_named(catalogue: Catalogue) -> Iterator[tuple[CatalogObject, tuple[int | str, ...], str]]:
    yield from tiers_named(catalogue)
    yield from cost_tiers(catalogue)
    for contract in catalogue.all(Contract):
        for n, tier in enumerate(contract.exclude.tiers):
            yield contract, ("exclude", "tiers", n), tier
        for tier in contract.drawdown.tiers:
            yield contract, ("drawdown", "tiers", tier), tier
    for card in catalogue.all(RateCard):
        for n, line in enumerate(card.lines):
            for tier in line.tiers:
                yield card, ("lines", n, "tiers", tier), tier
            if line.tier is not None:
                yield card, ("lines", n, "tier"), line.tier


def _dangling(catalogue: Catalogue, item: CatalogObject, path: tuple[int | str, ...], kind: str, id_: str) -> None:
    known = [key.split("/", 1)[1] for key in catalogue.objects if key.startswith(f"{kind}/")]
    near = get_close_matches(id_, known, n=1, cutoff=0.6)
    remedy = f"did you mean `{near[0]}`?" if near else f"add a {kind} with this id"
    catalogue.report("error", "dangling_reference", catalogue.place(item, *path), f"no {kind} `{id_}`", remedy)


def check_zones(catalogue: Catalogue) -> None:
    zoned: list[Organisation | Client | Calendar] = [
        *catalogue.all(Organisation),
        *catalogue.all(Client),
        *catalogue.all(Calendar),
    ]
    for item in zoned:
        if item.zone is None:
            continue
        try:
            ZoneInfo(item.zone)
        except (KeyError, ValueError, OSError):  # unknown, not a name at all, a folder of the zone database
            catalogue.report(
                "error",
                "unknown_zone",
                catalogue.place(item, "zone"),
                f"no time zone `{item.zone}`",
                "write an IANA name such as America/New_York",
            )


def check_currencies(catalogue: Catalogue) -> None:
    priced: list[Organisation | RateCard | ScriptPolicy | CostCard] = [
        *catalogue.all(Organisation),
        *catalogue.all(RateCard),
        *catalogue.all(ScriptPolicy),
        *catalogue.all(CostCard),
    ]
    for item in priced:
        code = item.currency
        if code is not None and not (len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()):
            catalogue.report(
                "error",
                "bad_currency",
                catalogue.place(item, "currency"),
                f"no currency `{code}`",
                "write three capital letters such as USD",
            )


def check_aliases(catalogue: Catalogue) -> None:
    """One name at one source means one object: where two claim it, the smaller id would win silently."""
    holders: dict[tuple[str, str, str], CatalogObject] = {}
    named: list[Client | Technician | Device | Ticket] = [
        *catalogue.all(Client),
        *catalogue.all(Technician),
        *catalogue.all(Device),
        *catalogue.all(Ticket),
    ]
    for item in named:
        for source, names in sorted(item.aliases.items()):
            for n, name in enumerate(names):
                claim = (kind_of(item), source, name)
                holder = holders.setdefault(claim, item)
                if holder is not item:
                    _claimed(catalogue, item, ("aliases", source, n), f"{source} {name}", holder)
    emails: dict[str, Technician] = {}
    for technician in catalogue.all(Technician):
        if technician.email:
            other = emails.setdefault(technician.email.casefold(), technician)
            if other is not technician:
                _claimed(catalogue, technician, ("email",), technician.email, other)


def _claimed(
    catalogue: Catalogue, item: CatalogObject, path: tuple[int | str, ...], name: str, holder: CatalogObject
) -> None:
    catalogue.report(
        "error",
        "alias_claimed_twice",
        catalogue.place(item, *path),
        f"`{name}` is also claimed by {kind_of(holder)} `{holder.id}`",
        "keep it at one of the two",
    )


def check_dates(catalogue: Catalogue) -> None:
    kinds: tuple[type[Dated], ...] = (RateCard, Contract, ScriptPolicy, Project, CostCard)
    dated = [item for kind in kinds for item in catalogue.all(kind)]
    for item in dated:
        if item.from_ and item.until and item.until <= item.from_:
            catalogue.report(
                "error",
                "empty_dates",
                catalogue.place(item, "until"),
                f"ends {item.until}, not after it begins {item.from_}",
                "`until` is the first day without it",
            )
    for device in catalogue.all(Device):
        days = [move.from_ for move in device.moves]
        for n in range(1, len(days)):
            if days[n] <= days[n - 1]:
                catalogue.report(
                    "error",
                    "moves_out_of_order",
                    catalogue.place(device, "moves", n, "from"),
                    f"{days[n]} is not after {days[n - 1]}",
                    "list moves by date, one a day",
                )
    check_overlaps(catalogue, catalogue.all(RateCard))
    check_overlaps(catalogue, catalogue.all(Contract))
    check_overlaps(catalogue, catalogue.all(ScriptPolicy))


def check_services(catalogue: Catalogue) -> None:
    """Two services that match the same words: the smaller id would win silently."""
    holders: dict[str, Service] = {}
    for service in catalogue.all(Service):
        for n, pattern in enumerate(service.match):
            other = holders.setdefault(pattern, service)
            if other is not service:
                _claimed(catalogue, service, ("match", n), pattern, other)


def check_presence(catalogue: Catalogue) -> None:
    """An organisation (its zone and currency decide amounts), a contract for every client that is billed."""
    first = min((placed.tree.place for placed in catalogue.objects.values()), default=None)
    if first is None:
        return
    if not catalogue.has("organisation", "organisation"):
        catalogue.report(
            "warning",
            "no_organisation",
            first,
            "no `organisation:`: its zone is UTC, its currency USD",
            "add one with zone and currency",
        )
    covered = {contract.client for contract in catalogue.all(Contract)}
    contracts_read = not any(key.startswith("contract/") for key in catalogue.broken)
    for client in catalogue.all(Client) if contracts_read else []:
        if client.id not in covered and not client.internal:
            catalogue.report(
                "warning",
                "client_without_contract",
                catalogue.place(client, "id"),
                f"client `{client.id}` has no contract: its work becomes no_rate_path",
                "add a contract, or `internal: true` for your own work",
            )
    for tier in catalogue.all(Tier):
        if tier.id == STANDARD and tier.multiplier not in (None, 1):
            catalogue.report(
                "warning",
                "standard_multiplied",
                catalogue.place(tier, "multiplier"),
                "the standard tier is the line's own rate; its multiplier is not used",
                "remove it",
            )


RULES = (
    check_references,
    check_zones,
    check_currencies,
    check_aliases,
    check_dates,
    check_services,
    check_presence,
    check_balances,
    check_charges,
    check_contracts,
    check_places,
    check_lines,
    check_prices,
    check_projects,
    check_promises,
    check_rounding,
    check_scripts,
    check_calendars,
)
