"""Segments and money of a row: consecutive parts with one price and one outcome, each rounded once.

52 min at 120.00/h, billed as 60 min: one segment, 120.00.
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from billing import trail
from billing.money import (
    HOUR,
    ZERO,
    Rate,
    allocate,
    amount_of,
    exact_of,
    exponent_of,
    money_text,
    plus,
    rate_text,
)
from billing.rate_cut import Part, Row, reason_of
from billing.rates import Price
from billing.urgency import waivers_at
from streams.models.entry import Segment
from streams.models.work import Step, Work

Charged = set[tuple[str, str]]  # (work, line) whose flat amount, (work, "") whose trip fee stands in a segment already
AtRisk = tuple[Rate | None, str, str]  # rate, currency, line


class Run(NamedTuple):
    """Consecutive parts that make one segment."""

    parts: list[Part]
    price: Price | None

    @property
    def quantity(self) -> int:
        return sum([part.billed for part in self.parts])


class Charge(NamedTuple):
    """Segments, their arithmetic, the unrounded sum, the runs they were made of; what the unbilled ones would have
    brought."""

    segments: list[Segment]
    steps: list[Step]
    exact: str
    runs: list[Run]
    risk: int = 0
    risk_currency: str = ""


def charge(row: Row, charged: Charged) -> Charge:
    """What a row brings, and what of it would have brought something."""
    runs = _runs(row.parts)
    mixed = len({run.parts[0].disposition for run in runs}) > 1
    risks, risk_steps, currency = _risks(row, runs)
    segments: list[Segment] = []
    steps: list[Step] = []
    exact: list[tuple[int, Rate]] = []
    for run, risk in zip(runs, risks, strict=True):
        segment = _segment(run, row.work, charged, exact, steps)
        if mixed:
            first = run.parts[0]
            segment = replace(segment, disposition=first.disposition, reason=first.reason, risk_amount=risk)
        segments.append(segment)
    text = segments[0].exact if len(segments) == 1 else exact_of(exact)
    return Charge(segments, [*steps, *risk_steps], text, runs, sum(risks), currency)


def _segment(run: Run, work: Work, charged: Charged, exact: list[tuple[int, Rate]], steps: list[Step]) -> Segment:
    """One rated line; its share of the unrounded sum and its arithmetic are added to ``exact`` and ``steps``."""
    first, quantity, price = run.parts[0], run.quantity, run.price
    seconds = sum([part.seconds for part in run.parts])
    drawn = sum([part.drawn for part in run.parts])
    if first.disposition != "billed" and (first.price is None or first.money_only):
        return Segment(
            first.tier, first.start, run.parts[-1].end, seconds, quantity, drawn_seconds=drawn, lot=first.lot
        )
    assert price is not None  # what has no price is not billed
    exponent = first.terms.exponent
    fixed = _fixed(work, first, price, charged, steps) if quantity or first.money_only else ZERO
    amounts = [(quantity, price.rate), (HOUR, fixed)]
    exact += amounts
    segment = Segment(
        tier=first.tier,
        start=first.start,
        end=run.parts[-1].end,
        seconds=seconds,
        billed_seconds=quantity,
        rate=price.text,
        amount=amount_of(quantity, price.rate, exponent, fixed),
        exact=exact_of(amounts),
        line=price.line,
        fee=rate_text(fixed, exponent) if fixed.units else "",
        drawn_seconds=drawn,
        lot=first.lot,
    )
    steps.append(trail.priced(segment, price, exponent))
    return segment


def _fixed(work: Work, first: Part, price: Price, charged: Charged, steps: list[Step]) -> Rate:
    """What a segment costs beside its time: a flat amount once a line and work, a trip fee once a work, unless the
    ticket has a waiver then."""
    total = ZERO
    for amount, once in ((price.flat, (work.id, price.line)), (price.fee, (work.id, ""))):
        if not amount.units or once in charged or (amount is price.fee and work.script):
            continue
        charged.add(once)
        held = waivers_at(work.urgency, first.start) & set(price.waivers) if amount is price.fee else ()
        if held:
            steps.append(trail.fee_waived(amount, price, sorted(held), first.terms.exponent))
        else:
            total = plus(total, amount)
    return total


def _runs(parts: list[Part]) -> list[Run]:
    """Consecutive parts with one tier, price, line, contract and outcome; parts without any seconds are left out."""
    runs: list[Run] = []
    last: tuple[object, ...] = ()
    for part in parts:
        if not part.seconds and not part.billed and not part.money_only:
            continue
        price = part.price or part.terms.price(part.tier)
        key = part.tier, price, part.terms.contract, part.disposition, part.reason, part.lot
        if runs and key == last:
            runs[-1].parts.append(part)
        else:
            runs.append(Run([part], price))
        last = key
    return runs


def _risks(row: Row, runs: list[Run]) -> tuple[list[int], list[Step], str]:
    """What each run would have brought, the arithmetic, the currency. All that shares a rate is rounded once, and
    divided over its runs without losing a cent; of several currencies the first counts."""
    risks = [0] * len(runs)
    steps: list[Step] = []
    if not runs and row.disposition != "billed":
        rate = row.parts[0].terms.rates.at_risk()
        steps.append(trail.not_for_sale(row.reason) if _meant(row.parts[0]) else _risk(0, rate)[1])
        return risks, steps, rate[1]
    groups: dict[AtRisk, list[int]] = {}
    for place, run in enumerate(runs):
        if run.parts[0].disposition not in ("billed", "covered", "no_charge"):
            groups.setdefault(_at_risk(run.parts[0]), []).append(place)
    currency = next((rate[1] for rate in groups), "")
    for rate, places in groups.items():
        first = runs[places[0]].parts[0]
        if _meant(first):
            steps.append(trail.not_for_sale(reason_of([runs[place].parts[0].reason for place in places])))
            continue
        if first.money_only:
            risks[places[0]] = _fee_at_risk(first)
            steps.append(trail.fee_at_risk(risks[places[0]], rate[1], rate[2]))
            continue
        weights = [runs[place].quantity for place in places]
        amount, step = _risk(sum(weights), rate)
        steps.append(step)
        if rate[1] == currency and amount:
            for place, part in zip(places, allocate(amount, weights), strict=True):
                risks[place] = part
    return risks, steps, currency


def _at_risk(part: Part) -> AtRisk:
    """The standard rate of what is not billed; a fee stands for itself."""
    if part.money_only and part.price:
        return None, part.fee_currency, part.price.line
    return part.terms.rates.at_risk()


def _fee_at_risk(part: Part) -> int:
    """What a fee that is not charged would have brought."""
    return amount_of(0, ZERO, exponent_of(part.fee_currency), part.price.flat if part.price else ZERO)


def _meant(part: Part) -> bool:
    """Not for sale: nobody meant to bill it."""
    return part.disposition == "non_billable"


def _risk(quantity: int, at_risk: AtRisk) -> tuple[int, Step]:
    """What seconds would have brought at the standard rate of the best candidate line."""
    rate, currency, line = at_risk
    exponent = exponent_of(currency)
    amount = amount_of(quantity, rate, exponent) if rate else 0
    return amount, trail.at_risk(quantity, f"{money_text(amount, exponent)} {currency}", line if rate else "")
