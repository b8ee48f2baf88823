"""Sites of clients: what names one must find it, at the client it belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from zoneinfo import ZoneInfo

from jobs.catalog_load import Catalogue
from streams.models.catalog import CatalogObject, Client, Contract, Device, Ticket

Path = tuple[int | str, ...]


def check_places(catalogue: Catalogue) -> None:
    sites = {client.id: [site.id for site in client.sites] for client in catalogue.all(Client)}
    for client in catalogue.all(Client):
        _check_sites(catalogue, client)
    for item, path, owner, site in _named(catalogue):
        if owner in sites and site not in sites[owner]:
            near = get_close_matches(site, sites[owner], n=1, cutoff=0.6)
            remedy = f"did you mean `{near[0]}`?" if near else f"add it under `sites:` of client `{owner}`"
            message = f"client `{owner}` has no site `{site}`"
            catalogue.report("error", "dangling_reference", catalogue.place(item, *path), message, remedy)


def _check_sites(catalogue: Catalogue, client: Client) -> None:
    known: set[str] = set()
    for n, site in enumerate(client.sites):
        if site.id in known:
            place = catalogue.place(client, "sites", n, "id")
            message = f"site `{site.id}` stands here a second time"
            catalogue.report("error", "duplicate_id", place, message, "give each site an id of its own")
        known.add(site.id)
        try:
            ZoneInfo(site.zone or "UTC")
        except (KeyError, ValueError, OSError):
            place = catalogue.place(client, "sites", n, "zone")
            remedy = "write an IANA name such as America/New_York"
            catalogue.report("error", "unknown_zone", place, f"no time zone `{site.zone}`", remedy)


def _named(catalogue: Catalogue) -> Iterator[tuple[CatalogObject, Path, str, str]]:
    """(object, where in it, client, site named)."""
    for device in catalogue.all(Device):
        if device.site is not None and device.client is not None:
            yield device, ("site",), device.client, device.site
        for n, move in enumerate(device.moves):
            if move.site is not None:
                yield device, ("moves", n, "site"), move.client, move.site
    for ticket in catalogue.all(Ticket):
        if ticket.site is not None and ticket.client is not None:
            yield ticket, ("site",), ticket.client, ticket.site
    for contract in catalogue.all(Contract):
        for n, name in enumerate(contract.sites):
            yield contract, ("sites", n), contract.client, name
