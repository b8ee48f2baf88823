"""A client's work → rows: cut, dispose, round once per scope, price each segment, explain.

52 min at 120.00/h, up to 15 min: worked 52 min, rounding 8 min, quantity 60 min, 120.00.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from billing import trail
from billing.book import CatalogState
from billing.money import HOUR, ZERO, Rate, amount_of, exact_of, exponent_of, money_text, plus, rate_text
from billing.rate_cut import Part, Row, cut
from billing.rate_terms import ClientTerms
from billing.rates import Price
from billing.round_rows import round_rows
from streams.models.entry import Entry, Identity, Segment
from streams.models.work import Step, Work

Charged = set[tuple[str, str]]  # (work, line) whose flat amount, (work, "") whose trip fee stands in a segment already


class _Money(NamedTuple):
    """Segments, their arithmetic, the unrounded sum; what an unbilled row would have brought."""

    segments: list[Segment]
    steps: list[Step]
    exact: str
    risk: int = 0
    risk_currency: str = ""


def rate_client(client: str, works: Iterable[Work], book: CatalogState) -> list[Entry]:
    """Rows of one client ("" for the unknown one), in order of (start, work, period); versions are still 0.

    ``works`` must hold everything that shares a rounding scope with what is to be computed.
    """
    return rate_works(ClientTerms(book, client), works)


def rate_works(terms: ClientTerms, works: Iterable[Work]) -> list[Entry]:
    """As ``rate_client``, under terms that are already known."""
    done = sorted((work for work in works if work.state == "done"), key=lambda work: (work.start, work.id))
    rows = [row for work in done for row in cut(work, terms)]
    round_rows(rows, terms.zone)
    charged: Charged = set()
    return [_entry(row, terms, charged) for row in rows]


def _entry(row: Row, terms: ClientTerms, charged: Charged) -> Entry:
    work, parts = row.work, row.parts
    first = parts[0].terms
    worked, quantity = sum([part.seconds for part in parts]), sum([part.billed for part in parts])
    money = _money(row, quantity, charged)
    return Entry(
        tenant=work.tenant,
        identity=Identity(terms.client, row.period, work.id),
        kind=work.kind,
        service=first.service,
        technician=work.technician or "",
        who=work.who,
        ticket=work.ticket or "",
        device=work.device or "",
        contract=first.contract,
        zone=terms.zone.name,
        local_date=row.date,
        start=parts[0].start,
        end=parts[-1].end,
        worked_seconds=worked,
        rounding_seconds=quantity - worked,
        quantity_seconds=quantity,
        overlap_seconds=row.overlap,
        recovered=work.recovered,
        disposition=row.disposition,
        reason=row.reason,
        currency=first.currency,
        exponent=first.exponent,
        amount=sum([segment.amount for segment in money.segments]),
        exact=money.exact,
        risk_amount=money.risk,
        risk_currency=money.risk_currency,
        path=work.path,
        candidates=work.candidates,
        flags=work.flags + terms.flags,
        proof=work.proof,
        segments=tuple(money.segments),
        trail=trail.explain(row, money.steps),
    )


def _money(row: Row, quantity: int, charged: Charged) -> _Money:
    """What a row brings, or would have brought."""
    if row.disposition == "billed":
        segments, steps, exact = _segments(row, charged)
        return _Money(segments, steps, exact)
    segments = [_segment(run) for _, run in _runs(row.parts)]
    risk, step = _risk(row, quantity)
    return _Money(segments, [step], "0", risk, row.parts[0].terms.rates.at_risk()[1])


def _segments(row: Row, charged: Charged) -> tuple[list[Segment], list[Step], str]:
    """Segments in time order, the arithmetic of each, and the unrounded sum."""
    segments: list[Segment] = []
    steps: list[Step] = []
    exact: list[tuple[int, Rate]] = []
    for price, run in _runs(row.parts):
        assert price is not None  # a row with a part that has no price is not billed
        exponent = run[0].terms.exponent
        fixed = _fixed(row.work.id, price, charged) if any(part.billed for part in run) else ZERO
        segment = _segment(run, price, exponent, fixed)
        segments.append(segment)
        exact += [(segment.billed_seconds, price.rate), (HOUR, fixed)]
        steps.append(trail.priced(segment, price, exponent))
    return segments, steps, segments[0].exact if len(segments) == 1 else exact_of(exact)


def _fixed(work: str, price: Price, charged: Charged) -> Rate:
    """What a segment costs beside its time: a flat amount once a line and work, a trip fee once a work."""
    total = ZERO
    for amount, once in ((price.flat, (work, price.line)), (price.fee, (work, ""))):
        if amount.units and once not in charged:
            charged.add(once)
            total = plus(total, amount)
    return total


def _segment(run: list[Part], price: Price | None = None, exponent: int = 0, fixed: Rate = ZERO) -> Segment:
    first = run[0]
    billed = sum([part.billed for part in run])
    return Segment(
        tier=first.tier,
        start=first.start,
        end=run[-1].end,
        seconds=sum([part.seconds for part in run]),
        billed_seconds=billed,
        rate=price.text if price else "",
        amount=amount_of(billed, price.rate, exponent, fixed) if price else 0,
        exact=exact_of([(billed, price.rate), (HOUR, fixed)]) if price else "0",
        line=price.line if price else "",
        fee=rate_text(fixed, exponent) if fixed.units else "",
    )


def _runs(parts: list[Part]) -> list[tuple[Price | None, list[Part]]]:
    """Consecutive parts with one tier, price, line and contract; parts without any seconds are left out."""
    runs: list[tuple[Price | None, list[Part]]] = []
    last: tuple[object, ...] = ()
    for part in parts:
        if not part.seconds and not part.billed:
            continue
        terms = part.terms
        price = terms.price(part.tier)
        key = part.tier, price, terms.contract
        if runs and key == last:
            runs[-1][1].append(part)
        else:
            runs.append((price, [part]))
        last = key
    return runs


def _risk(row: Row, quantity: int) -> tuple[int, Step]:
    """What the row would have brought at the standard rate of the best candidate line; 0 if it is not for sale."""
    if row.disposition == "non_billable":
        return 0, trail.not_for_sale(row.reason)
    rate, currency, line = row.parts[0].terms.rates.at_risk()
    exponent = exponent_of(currency)
    amount = amount_of(quantity, rate, exponent) if rate else 0
    money = f"{money_text(amount, exponent)} {currency}"
    return amount, trail.at_risk(quantity, money, line if rate else "")
