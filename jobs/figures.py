"""Key figures of a simulated ledger: what the hours were worth, what leaked, what rounding and late entries did."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from fractions import Fraction

from billing import kpi
from billing.book import CatalogState
from billing.figures import PAID, hours, rounding_effect
from billing.money import HOUR, exponent_of
from billing.tier_slip import Reference, tier_slips
from jobs import leakage
from jobs.lateness import lateness
from jobs.scenario import Scenario
from jobs.scenario_figures import Figures, Given, Row
from jobs.simulate import Result
from streams.models.catalog import Contract, Project
from streams.models.entry import Entry

CONFIG = ("no_rate_path", "unpriced", "unlinked")
NOT_LEAKED = (*PAID, "no_charge", *leakage.DECIDED)


def figures(scenario: Scenario, result: Result, entries: list[Entry], charges: list[Entry]) -> Figures:
    """All of them, exact; ``entries`` and ``charges`` that hold. What needs something that the file does not give is
    empty."""
    book, given = CatalogState(), scenario.given or Given()
    for fact in result.catalogue:
        book.fold(fact)
    currency = book.organisation.currency
    every = [*entries, *charges]
    return {
        "billability": _billability(entries),
        "recovered": list(_recovered(entries)),
        "rounding": _rounding(entries),
        "config_gap": list(_config_gap(entries)),
        "unbilled_tickets": list(_tickets(entries, given, currency)),
        "lateness": lateness(result, entries, scenario.received),
        "tier_slip": _tier_slip(result, entries, book),
        "gross_margin": list(_gross_margin(every, given, currency)),
        "hour_budget": list(_hour_budget(every, given, book)),
        "unearned": list(_unearned(entries, given, book)),
        "revenue_chain": list(_revenue_chain(every, given, currency)),
    }


def _billability(entries: list[Entry]) -> list[Row]:
    worked, paid = hours(entries)
    percent = kpi.billability(Fraction(paid), Fraction(worked))
    return [{"worked": worked, "billable": paid, "percent": percent}]


def _money(minor: int, currency: str) -> Fraction:
    return Fraction(minor, 10 ** exponent_of(currency))


def _groups(entries: Iterable[Entry]) -> Iterator[leakage.Group]:
    """What became of the hours, as `leakage` groups them."""
    for entry in entries:
        for part in entry.outcomes():
            yield {
                "disposition": part.disposition,
                "recovered": entry.recovered,
                "entries": 1,
                "worked_seconds": part.worked,
                "quantity_seconds": part.quantity,
                "amount": part.amount,
                "currency": entry.currency,
                "risk_amount": part.risk,
                "risk_currency": entry.risk_currency,
                "exponent": exponent_of(entry.risk_currency),
            }


def _recovered(entries: list[Entry]) -> Iterator[Row]:
    """What became of the seconds that no timer covers, and what they brought or would have brought."""
    found: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0, 0])
    for group in _groups(one for one in entries if one.recovered):
        sums = found[group["disposition"], group["currency"] or group["risk_currency"]]
        for place, name in enumerate(("entries", "worked_seconds", "quantity_seconds", "amount", "risk_amount")):
            sums[place] += group[name]
    for (disposition, currency), (count, worked, quantity, amount, risk) in sorted(found.items()):
        yield {
            "disposition": disposition, "currency": currency, "entries": count, "worked": worked, "quantity": quantity,
            "amount": _money(amount, currency), "risk": _money(risk, currency),
        }  # fmt: skip


def _config_gap(entries: list[Entry]) -> Iterator[Row]:
    """Hours that the catalogue takes nowhere, and what the best candidate rate would have made of them."""
    gaps = [one for one in _groups(entries) if one["disposition"] in CONFIG]
    for one in sorted(leakage.sums(gaps, "disposition"), key=lambda one: (one.label, one.currency)):
        yield {
            "disposition": one.label[0], "currency": one.currency, "entries": one.entries,
            "worked": one.worked_seconds, "quantity": one.quantity_seconds, "risk": _money(one.risk, one.currency),
        }  # fmt: skip


def _rounding(entries: list[Entry]) -> list[Row]:
    found = rounding_effect({one.id: one for one in entries})
    return [
        {"rule": rule, "currency": currency, "entries": one.entries, "rounding": one.seconds, "amount": one.money}
        for (rule, currency), one in found.items()
    ]


def _tier_slip(result: Result, entries: list[Entry], book: CatalogState) -> list[Row]:
    def spans(work: str) -> tuple[tuple[int, int], ...]:
        return result.work[work].spans if work in result.work else ()

    found = tier_slips(entries, spans, Reference(book))
    return [
        {"tier": tier, "currency": currency, "entries": one.entries, "slipped": one.seconds, "amount": one.money}
        for (tier, currency), one in found.items()
    ]


def _tickets(entries: list[Entry], given: Given, currency: str) -> Iterator[Row]:
    """Tickets of which nothing is paid for and nobody decided so, carried over to the tickets of a month."""
    open_: set[str] = set()
    paid: set[str] = set()
    risk = 0
    for entry in entries:
        for part in entry.outcomes():
            if entry.ticket:
                (paid if part.disposition in NOT_LEAKED else open_).add(entry.ticket)
    unbilled = open_ - paid
    for entry in entries:
        if entry.ticket in unbilled and entry.risk_currency == currency:
            risk += entry.risk_amount
    tickets = len(open_ | paid) if given.tickets is None else int(given.tickets)
    shares = given.unbilled_percent
    if not shares and unbilled:
        shares = [Fraction(100 * len(unbilled), len(open_ | paid))]
    worth = _money(risk, currency) / len(unbilled) if unbilled else Fraction(0)
    worth = worth if given.ticket_worth is None else given.ticket_worth
    for share in shares:
        amount = kpi.unbilled_tickets(tickets, share, worth)
        yield {"currency": currency, "tickets": tickets, "unbilled_percent": share, "worth": worth, "amount": amount}


def _asked(entries: list[Entry]) -> dict[str, Fraction]:
    """Money asked for by currency: all rows but breakage, which was paid before."""
    found: dict[str, Fraction] = defaultdict(Fraction)
    for entry in entries:
        if entry.currency and entry.charge != "breakage":
            found[entry.currency] += _money(entry.amount, entry.currency)
    return dict(sorted(found.items()))


def _gross_margin(entries: list[Entry], given: Given, home: str) -> Iterator[Row]:
    for currency, revenue in _asked(entries).items():
        mine = [one for one in entries if one.currency == currency and one.worked_seconds]
        known = all(one.cost is not None and one.cost_currency == currency for one in mine)
        labour = _money(sum(one.cost or 0 for one in mine), currency) if known else None
        overheads = sum(given.overheads.values(), Fraction(0)) if currency == home else Fraction(0)
        margin, percent = (None, None) if labour is None else kpi.gross_margin(revenue, [overheads, labour])
        yield {
            "currency": currency, "revenue": revenue, "labour_cost": labour, "overheads": overheads, "margin": margin,
            "margin_percent": percent,
        }  # fmt: skip


def _hour_budget(entries: list[Entry], given: Given, book: CatalogState) -> Iterator[Row]:
    """Hours that the fees of flat agreements pay for."""
    for contract in sorted(book.all(Contract).values(), key=lambda one: one.id):
        mine = [one for one in entries if one.contract == contract.id]
        fees = [one for one in mine if one.charge == "fee"]
        if contract.kind != "flat_fee" or not fees or given.hourly_rate is None:
            continue
        currency = fees[0].currency
        fee = _money(sum(one.amount for one in fees if one.currency == currency), currency)
        hard = given.hard_costs.get(contract.id, Fraction(0))
        budget = kpi.hour_budget(fee, hard, given.hourly_rate)
        used = Fraction(sum(one.worked_seconds for one in mine), HOUR)
        yield {
            "contract": contract.id, "client": contract.client, "currency": currency, "fee": fee, "hard_cost": hard,
            "budget_hours": budget, "used_hours": used, "left_hours": budget - used,
        }  # fmt: skip


def _unearned(entries: list[Entry], given: Given, book: CatalogState) -> Iterator[Row]:
    """What of the price of a project its hours have not earned yet."""
    for project in sorted(book.all(Project).values(), key=lambda one: one.id):
        mine = [one for one in entries if one.project == project.id]
        if project.kind != "fixed_price" or project.price is None or not mine or given.hourly_rate is None:
            continue
        used = Fraction(sum(one.worked_seconds for one in mine), HOUR)
        price, earned = Fraction(project.price), used * given.hourly_rate
        yield {
            "project": project.id, "client": project.client, "currency": mine[0].currency, "used_hours": used,
            "price": price, "earned": earned, "unearned": kpi.unearned(price, earned),
        }  # fmt: skip


def _revenue_chain(entries: list[Entry], given: Given, home: str) -> Iterator[Row]:
    """From the hours that people are paid for to the money that comes in, in the organisation's currency."""
    worked, paid = hours(one for one in entries if one.currency in (home, ""))
    available = Fraction(worked, HOUR) if given.available_hours is None else given.available_hours
    if given.hourly_rate is None or not paid or not available:
        return
    billable = Fraction(paid, HOUR)
    utilisation = 100 * billable / available
    realisation = 100 * _asked(entries).get(home, Fraction(0)) / (billable * given.hourly_rate)
    collected = Fraction(100) if given.collected_percent is None else given.collected_percent
    revenue = kpi.revenue_chain(available, given.hourly_rate, (utilisation, realisation, collected))
    yield {
        "currency": home, "available_hours": available, "utilisation_percent": utilisation,
        "realisation_percent": realisation, "collected_percent": collected, "revenue": revenue,
    }  # fmt: skip
