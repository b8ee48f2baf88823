"""Prices that are missing or zero: work that would become unpriced, or be billed at nothing."""

from __future__ import annotations

from collections.abc import Iterator

from billing.services import fits_service
from jobs.catalog_calendars import tiers_of
from jobs.catalog_lines import LARGEST, is_base
from jobs.catalog_load import Catalogue
from streams.models.catalog import Calendar, Client, Contract, Organisation, RateCard, RateLine, Service, Tier

STANDARD = "standard"


def check_prices(catalogue: Catalogue) -> None:
    _check_zero(catalogue)
    _check_tier_prices(catalogue)
    if any(key.startswith(("rate_card/", "organisation/")) for key in catalogue.broken):
        return  # what is missing cannot be told yet
    organisation = next(iter(catalogue.all(Organisation)), Organisation())
    missing: dict[tuple[str, str], list[str]] = {}
    for contract in catalogue.all(Contract):
        client = next((c for c in catalogue.all(Client) if c.id == contract.client), None)
        if client is None or client.internal or contract.kind in ("flat_fee", "fixed_price"):
            continue  # what a fee covers needs no price
        if contract.overage_rate is not None or contract.on_exhausted == "hold":
            continue  # the balance and a price of its own
        for service in _billable_services(catalogue, contract):
            line = _line(catalogue, organisation, client, service)
            if line is None:
                _no_rate(catalogue, contract, service)
                continue
            for tier in _tiers(catalogue, organisation, contract):
                if not _priced(catalogue, line, tier):
                    missing.setdefault((line.service, tier), []).append(contract.id)
    for (service, tier), contracts in sorted(missing.items()):
        item = next(c for c in catalogue.all(Contract) if c.id == contracts[0])
        listed = ", ".join(sorted(set(contracts)))
        catalogue.report(
            "warning",
            "tier_without_price",
            catalogue.place(item, "id"),
            f"tier `{tier}` has no price for service `{service}` (contract {listed}): such work becomes unpriced",
            f"give tier `{tier}` a multiplier, or the rate line `tiers: {{{tier}: …}}`",
        )


def _billable_services(catalogue: Catalogue, contract: Contract) -> Iterator[str]:
    """Services this contract takes that should have a price. "" is work of no declared service."""
    for service in catalogue.all(Service):
        if service.billable and any(fits_service(pattern, service.id) for pattern in contract.services):
            yield service.id
    if not catalogue.all(Service) and "*" in contract.services:
        yield ""


def _line(catalogue: Catalogue, organisation: Organisation, client: Client, service: str) -> RateLine | None:
    """Some line that could price the service for the client, on any date: the client's cards, else the common ones."""
    for owner in (client.id, None):
        cards = [card for card in catalogue.all(RateCard) if (client.id if card.contract else card.client) == owner]
        if owner is None:
            cards = [card for card in cards if (card.currency or organisation.currency) == organisation.currency]
        for wanted in (service, "*"):
            for card in cards:
                for line in card.lines:
                    if line.service == wanted and is_base(line):
                        return line
    return None


def _no_rate(catalogue: Catalogue, contract: Contract, service: str) -> None:
    what = f"service `{service}`" if service else "its work"
    catalogue.report(
        "warning",
        "service_without_rate",
        catalogue.place(contract, "id"),
        f"contract `{contract.id}`: no rate line fits {what}: it becomes unpriced",
        "add a rate line for it, or for `*`",
    )


def _tiers(catalogue: Catalogue, organisation: Organisation, contract: Contract) -> set[str]:
    """Every tier the contract's calendar can give."""
    named = contract.calendar or organisation.calendar
    calendar = next((c for c in catalogue.all(Calendar) if c.id == named), None)
    return tiers_of(calendar) if calendar else {STANDARD}


def _priced(catalogue: Catalogue, line: RateLine, tier: str) -> bool:
    own = line.tiers.get(tier)
    if (
        tier == STANDARD
        or line.flat is not None
        or (own is not None and (own.rate is not None or own.multiplier is not None))
    ):
        return True
    lines = (one for card in catalogue.all(RateCard) for one in card.lines)
    if any(one.tier == tier and is_base(one) and one.service in ("*", line.service) for one in lines):
        return True
    return any(item.id == tier and item.multiplier is not None for item in catalogue.all(Tier))


def _check_zero(catalogue: Catalogue) -> None:
    for card in catalogue.all(RateCard):
        if not card.lines:
            catalogue.report(
                "warning",
                "empty_card",
                catalogue.place(card, "id"),
                f"rate card `{card.id}` has no lines",
                "add `lines:`",
            )
        for n, line in enumerate(card.lines):
            if line.rate == 0 or line.flat == 0:
                catalogue.report(
                    "error",
                    "rate_of_zero",
                    catalogue.place(card, "lines", n, "rate" if line.rate == 0 else "flat"),
                    f"rate card `{card.id}` bills service `{line.service}` at 0",
                    "write the price; work that is never billed is a service with `billable: false`",
                )


def _check_tier_prices(catalogue: Catalogue) -> None:
    for card in catalogue.all(RateCard):
        for n, line in enumerate(card.lines):
            for tier, price in line.tiers.items():
                place = catalogue.place(card, "lines", n, "tiers", tier)
                if max(price.rate or 0, price.multiplier or 0) > LARGEST:
                    catalogue.report("error", "bad_value", place, "no hour costs so much", "write the price per hour")
                elif (price.rate is None) == (price.multiplier is None):
                    catalogue.report(
                        "error",
                        "tier_price_unclear",
                        place,
                        f"tier `{tier}` needs exactly one of rate and multiplier",
                        "write one of them",
                    )
                elif not (price.rate or price.multiplier):
                    catalogue.report(
                        "warning", "rate_of_zero", place, f"tier `{tier}` is billed at 0", "is that meant?"
                    )
    for item in catalogue.all(Tier):
        if item.multiplier is not None and item.multiplier > LARGEST:
            place = catalogue.place(item, "multiplier")
            catalogue.report("error", "bad_value", place, f"no multiplier is {item.multiplier}", "write 1.5")
        if item.multiplier == 0:
            catalogue.report(
                "warning",
                "rate_of_zero",
                catalogue.place(item, "multiplier"),
                f"tier `{item.id}` is billed at 0",
                "is that meant?",
            )
