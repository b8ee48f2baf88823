"""Charges: rows that are no work. A fee, a true-up, a discount; each in the statement that holds its day, each with its
arithmetic. A charge is a function of the terms, of what fell due, and of what work brought.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import groupby

from billing.charge_balances import of_balances
from billing.charge_plan import Planned, reached
from billing.charge_row import Booking, Sum, booking, row
from billing.cycles import LAST, Cycle, cycle_at
from billing.money import exponent_of, half_away, money_text
from billing.rate_terms import ClientTerms
from billing.usage import Remembered, Used
from streams.models.catalog import Contract
from streams.models.entry import Entry


def charges(tenant: str, terms: ClientTerms, due: Iterable[Planned], memory: Remembered) -> list[Entry]:
    """All charges of a client, by date and identity; versions are still 0. ``memory`` may be empty where no charge
    of the client depends on its work."""
    holding = [*due, *reached(terms)]
    found = [entry for one in holding if (entry := _planned(tenant, terms, one, memory.usage)) is not None]
    found += of_balances(tenant, terms, holding, memory.accounts)
    for layer in terms.layers():
        for contract in layer.contracts:
            made = _discounts(tenant, terms, contract, memory.usage)
            found += [entry for entry in made if terms.layer(entry.start) is layer]
    return sorted(found, key=lambda entry: (entry.start, entry.identity))


def _planned(tenant: str, terms: ClientTerms, one: Planned, usage: Sequence[Used]) -> Entry | None:
    if one.charge not in ("fee", "true_up", "milestone"):
        return None
    currency, _ = terms.layer(one.start).currency_on(one.owner, one.day)
    asked = prorated(one.amount, one.cycle, one.prorate, exponent_of(currency))
    if one.charge != "true_up":
        return row(tenant, terms, booking(one), asked)
    brought = sum(line.amount for line in usage if _counts(line, one.owner, one.cycle, currency))
    lacks = asked.exact - Fraction(brought, 10 ** exponent_of(currency))
    if lacks <= 0:
        return None
    text = f"{asked.text}; work brought {money_text(brought, exponent_of(currency))}"
    return row(tenant, terms, booking(one), Sum(lacks, text))


def _discounts(tenant: str, terms: ClientTerms, contract: Contract, usage: Sequence[Used]) -> Iterator[Entry]:
    """What work costs beyond the maximum of a cycle: for each statement what its own lines put on top."""
    if contract.maximum is None:
        return
    begins = contract.from_.toordinal() if contract.from_ else 1
    ends = contract.until.toordinal() if contract.until else LAST
    own = sorted(line for line in usage if line.contract == contract.id)

    def cycle_of(line: Used) -> Cycle:
        return cycle_at(contract.cycle, contract.cycle_day, line.day, begins, ends)

    for cycle, lines in groupby(sorted(own, key=lambda line: (cycle_of(line), line)), key=cycle_of):
        total = 0
        for _, run in groupby(lines, key=lambda line: line.period):
            mine = list(run)
            last = mine[-1]
            currency, _ = terms.layer(last.start).currency_on(contract.id, last.day)
            exponent = exponent_of(currency)
            before, total = total, total + sum(line.amount for line in mine if line.currency == currency)
            most = prorated(contract.maximum, cycle, contract.prorate, exponent)
            limit = int(most.exact * 10**exponent)
            beyond = max(0, total - limit) - max(0, before - limit)
            if beyond:
                about = f"at most {contract.maximum} a {contract.cycle}"
                text = f"{most.text}; work costs {money_text(total, exponent)}"
                text += f", of it before this statement {money_text(before, exponent)}" if before else ""
                when = date.fromordinal(cycle.since).isoformat()
                what = Booking(contract.id, "discount", "discount", last.day, last.start, about, when)
                yield row(tenant, terms, what, Sum(Fraction(-beyond, 10**exponent), text))


def _counts(line: Used, contract: str, cycle: Cycle, currency: str) -> bool:
    return line.contract == contract and cycle.since <= line.day < cycle.until and line.currency == currency


def prorated(amount: Decimal, cycle: Cycle, by_days: bool, exponent: int) -> Sum:
    """An amount for a cycle that something holds only a part of; rounded to the minor unit, as all money is."""
    whole = Fraction(amount)
    if not by_days or cycle.is_whole:
        return Sum(whole, str(amount))
    part = whole * cycle.share
    minor = half_away(part.numerator * 10**exponent, part.denominator)
    days = f"{cycle.until - cycle.since} of {cycle.days} days"
    return Sum(part, f"{amount} × {days} = {money_text(minor, exponent)}")
