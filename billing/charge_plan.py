"""What a client's terms ask for beside work, and when: a plan is a function and a line in ``PLANS``.

What is asked for the end of something stands on its last day, and is due when that day is over: the fee of March in
arrears and the true-up of March are in March's statement, due on 1 April at midnight.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from billing.book import CatalogState
from billing.contracts import PREPAID
from billing.contracts.plan import Plan
from billing.cycles import LAST, Cycle, cycles
from billing.rate_index import CHARGE as PREFIX
from billing.rate_terms import ClientTerms
from streams.models.catalog import Contract, Fee, Project
from streams.models.entry import Charge
from streams.models.project import Milestone


class Planned(NamedTuple):
    """One charge of a plan: booked on a local ``day`` that begins at ``start``, due at an instant ``at`` (seconds since
    1970). ``amount`` is for the whole of ``cycle``, in major units; of a commitment it is what work must bring."""

    owner: str
    charge: Charge
    name: str
    day: int
    start: int
    at: int
    amount: Decimal
    cycle: Cycle
    prorate: bool
    about: str

    @property
    def what(self) -> str:
        return f"{self.charge}/{self.name}" if self.name else self.charge

    @property
    def work(self) -> str:
        """The charge's place in an identity."""
        return charge_id(self.owner, self.what, date.fromordinal(self.day).isoformat())

    def due_id(self, client: str) -> str:
        return f"{client}|{self.owner}|{self.what}|{date.fromordinal(self.day).isoformat()}"


def charge_id(owner: str, what: str, when: str) -> str:
    return f"{PREFIX}{owner}:{what}:{when}"


def is_charge(work: str) -> bool:
    """Whether what an identity names is a charge, and no piece of work."""
    return work.startswith(PREFIX)


def charged_clients(book: CatalogState) -> set[str]:
    """Clients for which something may fall due."""
    contracts = book.all(Contract).values()
    found = {one.client for one in contracts if one.fees or one.minimum is not None or one.kind in PREPAID}
    return found | {one.client for one in book.all(Project).values() if one.milestones}


def plan(terms: ClientTerms, until: int) -> Iterator[Planned]:
    """Everything that may fall due by an instant; in a closed period by the terms of its release."""
    if until < 0:
        return
    for layer in terms.layers():
        if not layer.internal:
            last = layer.zone.day(until).ordinal
            for one in PLANS:
                yield from (found for found in one(layer, last) if terms.layer(found.start) is layer)


def fees(terms: ClientTerms, last: int) -> Iterator[Planned]:
    for contract in terms.contracts:
        for fee in contract.fees:
            yield from _fee(terms, contract, fee, last)


def _fee(terms: ClientTerms, contract: Contract, fee: Fee, last: int) -> Iterator[Planned]:
    starts = [on.toordinal() for on in (contract.from_, fee.from_) if on is not None]
    ends = [on.toordinal() for on in (contract.until, fee.until) if on is not None]
    if not starts:
        return  # nothing says when it begins: `catalog check` refuses it
    every = fee.every or contract.cycle
    prorate = every != "once" and (contract.prorate if fee.prorate is None else fee.prorate)
    begins, finish = max(starts), min(ends, default=LAST)
    for cycle in cycles(every, contract.cycle_day, begins, finish, last):
        if fee.timing == "arrears" and cycle.until == LAST:
            continue
        when = _at_the_end(terms, cycle) if fee.timing == "arrears" else _on(terms, cycle.since)
        about = f"{fee.amount} {_EVERY[every]}, in {fee.timing}"
        yield Planned(contract.id, "fee", fee.id, *when, fee.amount, cycle, prorate, about)


def true_ups(terms: ClientTerms, last: int) -> Iterator[Planned]:
    """The end of every cycle of a contract whose work must bring a minimum."""
    for contract in terms.contracts:
        if contract.minimum is None or contract.from_ is None:
            continue
        finish = contract.until.toordinal() if contract.until else LAST
        for cycle in cycles(contract.cycle, contract.cycle_day, contract.from_.toordinal(), finish, last):
            about = f"at least {contract.minimum} {_EVERY[contract.cycle]}"
            yield Planned(
                contract.id, "true_up", "", *_at_the_end(terms, cycle), contract.minimum, cycle, contract.prorate, about
            )


def milestones(terms: ClientTerms, last: int) -> Iterator[Planned]:
    """Milestones with a date; where a decision says when it was reached, ``reached`` gives it."""
    for project in terms.projects:
        for one in project.milestones:
            if one.on is not None and (project.id, one.id) not in terms.milestones and one.on.toordinal() <= last:
                yield _milestone(terms, project, one, one.on)


def reached(terms: ClientTerms) -> Iterator[Planned]:
    """Milestones that a decision says are reached: it is a fact, no clock is needed."""
    for layer in terms.layers():
        for project in layer.projects:
            for one in project.milestones:
                on = terms.milestones.get((project.id, one.id), "")
                try:
                    found = _milestone(layer, project, one, date.fromisoformat(on))
                except ValueError:  # not reached, or a day that is none
                    continue
                if terms.layer(found.start) is layer:
                    yield found


def _milestone(terms: ClientTerms, project: Project, one: Milestone, on: date) -> Planned:
    share = (project.price or Decimal(0)) * (one.percent or Decimal(0)) / 100
    about = f"{one.percent} % of {project.price}" if one.percent is not None else f"milestone of {one.amount}"
    amount = share if one.amount is None else one.amount
    day = on.toordinal()
    return Planned(project.id, "milestone", one.id, *_on(terms, day), amount, Cycle(day, day + 1, 1), False, about)


def balances(terms: ClientTerms, last: int) -> Iterator[Planned]:
    """The end of every lot that was paid for, and of every cycle that may leave something owed."""
    for planned in terms.plans.values():
        for lot in planned.lots:
            end = min(lot.end, planned.until)
            if lot.price and lot.start < end <= last:
                yield _edge(terms, planned, "breakage", lot.id.removeprefix(f"{planned.id}/"), end)
        if planned.contract.on_exhausted == "carry_debt":
            for edge in _edges(planned, last):
                yield _edge(terms, planned, "overage", "", edge)


def _edges(planned: Plan, last: int) -> Iterator[int]:
    """Days on which a cycle after the first begins, and the day on which the contract ends."""
    if planned.cycles and planned.contract.from_ is not None:
        number = planned.cycle(planned.contract.from_.toordinal()) + 1
        while (edge := planned.begin(number)) < min(planned.until, last + 1):
            yield edge
            number += 1
    if planned.until <= last:
        yield planned.until


def _edge(terms: ClientTerms, planned: Plan, charge: Charge, name: str, day: int) -> Planned:
    return Planned(planned.id, charge, name, *_on(terms, day), Decimal(0), Cycle(day, day, 1), False, "")


def _at_the_end(terms: ClientTerms, cycle: Cycle) -> tuple[int, int, int]:
    return cycle.until - 1, terms.zone.midnight(cycle.until - 1), terms.zone.midnight(cycle.until)


def _on(terms: ClientTerms, day: int) -> tuple[int, int, int]:
    return day, terms.zone.midnight(day), terms.zone.midnight(day)


_EVERY = {"once": "once", "month": "a month", "quarter": "a quarter", "year": "a year"}
PLANS: tuple[Callable[[ClientTerms, int], Iterator[Planned]], ...] = (fees, true_ups, balances, milestones)
