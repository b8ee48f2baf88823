"""Work whose emergency facts nobody filled in: it is never billed as an emergency, so here is what that may cost.

P1 is known, who asked is not, and a rule wants both: 20 minutes at 200 are billed 66.67; as an emergency at 1.5 they
would be 100.00, so 33.33 are at risk.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from billing.cap import cap
from billing.concurrency import cap_concurrency
from billing.money import amount_of, money_text
from billing.rate_cut import Part, Row
from billing.rate_terms import ClientTerms
from billing.round_rows import round_rows
from billing.script_rows import rows_of
from billing.urgency import facts_at, undecided
from streams.models.work import Step, Work

FLAG = "emergency_unknown"


class Unknown(NamedTuple):
    """Of one ticket ("" without one): the facts nobody knows, the tiers they decide, worked seconds, and money in minor
    units of ``currency`` that would be billed more if they were as the rules ask."""

    client: str
    ticket: str
    facts: tuple[str, ...]
    tiers: tuple[str, ...]
    seconds: int
    risk: int
    currency: str
    exponent: int


class Finding(NamedTuple):
    """One part of a row."""

    part: Part
    facts: tuple[str, ...]
    tiers: tuple[str, ...]
    risk: int


def unknown_facts(terms: ClientTerms, works: Iterable[Work]) -> list[Unknown]:
    """Tickets of one client, by id and currency; ``works`` hold all that is rounded together. Balances are left out."""
    rows = [row for work in works if work.state == "done" for row in rows_of(work, terms)]
    cap_concurrency(rows)
    round_rows(rows, terms.zone)
    cap(rows)
    found: dict[tuple[str, str], Unknown] = {}
    for row in rows:
        for one in findings(row):
            own, ticket = one.part.terms, row.work.ticket or ""
            blank = Unknown(terms.client, ticket, (), (), 0, 0, own.currency, own.exponent)
            before = found.get((ticket, own.currency), blank)
            found[ticket, own.currency] = before._replace(
                facts=tuple(sorted({*before.facts, *one.facts})),
                tiers=tuple(sorted({*before.tiers, *one.tiers})),
                seconds=before.seconds + one.part.seconds,
                risk=before.risk + one.risk,
            )
    return [one for _, one in sorted(found.items())]


def mark_unknown(rows: Iterable[Row]) -> None:
    """Flag rows with such parts, and say in their trail what depends on it."""
    for row in rows:
        for one in findings(row):
            if FLAG not in row.flags:
                row.flags = (*row.flags, FLAG)
            part, exponent = one.part, one.part.terms.exponent
            why = f"{', '.join(one.facts)}: nobody knows, and an unknown fact never raises a price"
            more = f"{money_text(one.risk, exponent)} {part.terms.currency} more"
            part.steps = (*part.steps, Step("emergency", before=part.tier, after=more, rule=one.tiers[0], why=why))


def findings(row: Row) -> Iterator[Finding]:
    for part in row.parts:
        calendar = part.terms.calendar
        if calendar is None or not calendar.emergency or part.disposition != "billed" or part.price is not None:
            continue
        tiers = undecided(calendar.emergency, facts_at(row.work.urgency, part.start), part.base)
        if tiers:
            facts = tuple(dict.fromkeys(name for names in tiers.values() for name in names))
            yield Finding(part, facts, tuple(tiers), _more(part, tuple(tiers)))


def _more(part: Part, tiers: tuple[str, ...]) -> int:
    """What the part would bring more with these tiers beside the calendar's; never less than nothing."""
    terms, held = part.terms, part.terms.price(part.tier)
    stack = tuple(dict.fromkeys((part.base, *tiers)))
    dearer = terms.price(terms.tier_of(stack))
    if held is None or dearer is None:
        return 0
    amounts = [amount_of(part.billed, price.rate, terms.exponent) for price in (held, dearer)]
    return max(0, amounts[1] - amounts[0])
