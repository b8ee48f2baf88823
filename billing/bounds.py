"""Amounts that a piece of work never falls below, and that a contract never exceeds: after pricing, to the cent.

20 min at 88.00/h with a floor of 55.00: 55.00. 4 h at 150.00, not to exceed 500.00: 500.00 billed, 100.00 capped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from msgspec.structs import replace

from billing.charge import Charge, Run
from billing.free_first import Key, in_order, scope_key
from billing.front import instant
from billing.money import HOUR, half_away, money_text, rate_of
from billing.rate_cut import Row
from billing.services import fits_service
from billing.trail import duration
from streams.models.entry import MAIN_FIRST, Disposition, Segment
from streams.models.limits import Limit
from streams.models.work import Step

EXCEEDS = "not_to_exceed"
Charges = dict[int, Charge]  # by the place of a row


def raise_to_floors(rows: Sequence[Row], charges: Charges) -> None:
    """Add what a piece of work lacks to its last line with a floor; ``rows`` of a piece follow each other."""
    for _, run in groupby(range(len(rows)), key=lambda n: rows[n].work.id):
        lines: dict[str, list[tuple[int, int]]] = {}
        for n in run:
            for place, one in enumerate(charges[n].runs if rows[n].work.script is None else ()):
                if one.price is not None and one.price.floor.units and one.parts[0].disposition == "billed":
                    lines.setdefault(one.price.line, []).append((n, place))
        for places in lines.values():
            _raise(rows, charges, places)


def _raise(rows: Sequence[Row], charges: Charges, places: list[tuple[int, int]]) -> None:
    n, place = places[-1]
    charge, run = charges[n], charges[n].runs[place]
    price, terms = run.price, run.parts[0].terms
    assert price is not None
    quantity = sum([charges[row].runs[at].quantity for row, at in places])
    amount = sum([charges[row].segments[at].amount for row, at in places])
    floor = half_away(price.floor.units * 10**terms.exponent, 10**price.floor.scale)
    lacking = floor - amount
    if lacking <= 0 or not quantity or (price.floor_below and quantity >= price.floor_below):
        return
    held = charge.segments[place]
    total = money_text(held.amount + lacking, terms.exponent)
    fee = money_text(lacking + _minor(held.fee, terms.exponent), terms.exponent)
    charge.segments[place] = replace(held, amount=held.amount + lacking, exact=total, fee=fee)
    below = f" below {duration(price.floor_below)}" if price.floor_below else ""
    texts = [money_text(value, terms.exponent) for value in (amount, floor)]
    step = Step("floor", before=texts[0], after=texts[1], rule=price.line, why=f"at least {texts[1]}{below}")
    only = len(charge.segments) == 1
    charges[n] = charge._replace(steps=[*charge.steps, step], exact=total if only else charge.exact)


def keep_limits(rows: Sequence[Row], charges: Charges) -> None:
    """Cap what goes beyond the amounts of contracts, in the order of the work; ``rows`` hold all that shares one."""
    used: dict[tuple[Key, str], int] = {}
    places = {id(row): n for n, row in enumerate(rows)}
    limited = [row for row in rows if any(_limits(run) for run in charges[places[id(row)]].runs)]
    for row in in_order(limited):
        n = places[id(row)]
        charges[n] = _limited(row, charges[n], used)


def _limits(run: Run) -> list[tuple[int, Limit]]:
    contract = run.parts[0].terms.agreement
    return [] if contract is None else list(enumerate(contract.not_to_exceed))


def _limited(row: Row, charge: Charge, used: dict[tuple[Key, str], int]) -> Charge:
    segments: list[Segment] = []
    runs: list[Run] = []
    steps: list[Step] = []
    risk, currency = charge.risk, charge.risk_currency
    for segment, run in zip(charge.segments, charge.runs, strict=True):
        held = _stamped(segment, run)
        allowed, limit = _allowed(held, run, row, used)
        pieces = [held] if limit is None else _split(held, run, row, allowed)
        if limit is not None:
            lost, terms = held.amount - allowed, run.parts[0].terms
            risk, currency = risk + lost, currency or terms.currency
            steps.append(_step(limit, terms.contract, lost, terms.exponent))
        segments += pieces
        runs += [run] * len(pieces)
    return _uniform(row, charge._replace(
        segments=segments, runs=runs, steps=[*charge.steps, *steps], risk=risk, risk_currency=currency
    ))  # fmt: skip


def _allowed(held: Segment, run: Run, row: Row, used: dict[tuple[Key, str], int]) -> tuple[int, Limit | None]:
    """What of a line's amount all limits leave, and the one that left least (None: all of it)."""
    first = run.parts[0]
    if first.disposition != "billed" or held.amount <= 0:
        return held.amount, None
    allowed, tightest = held.amount, None
    keys: list[tuple[Key, str]] = []
    for number, one in _limits(run):
        fits = any(fits_service(pattern, first.terms.service) for pattern in one.services)
        if not fits or one.currency not in (None, first.terms.currency):
            continue
        key = scope_key(first.terms.contract, number, one.scope, row), first.terms.currency
        keys.append(key)
        exact = rate_of(one.amount)
        most = half_away(exact.units * 10**first.terms.exponent, 10**exact.scale) - used.get(key, 0)
        if max(most, 0) < allowed:
            allowed, tightest = max(most, 0), one
    for key in keys:
        used[key] = used.get(key, 0) + allowed
    return allowed, tightest


def _split(held: Segment, run: Run, row: Row, allowed: int) -> list[Segment]:
    """The line up to the amount, and the rest: to the second in which the limit is reached."""
    lost = held.amount - allowed
    quantity = _seconds(held, run, allowed)
    worked = min(held.seconds, quantity)
    at = instant(row.work, held.start, worked) if worked < held.seconds else held.end
    exponent = run.parts[0].terms.exponent
    text = money_text(allowed, exponent)
    fee = money_text(min(_minor(held.fee, exponent), allowed), exponent) if held.fee else ""
    billed = replace(held, end=at, seconds=worked, billed_seconds=quantity, amount=allowed, exact=text, fee=fee)
    rest = Segment(held.tier, at, held.end, held.seconds - worked, held.billed_seconds - quantity)
    rest = replace(rest, disposition="capped", reason=EXCEEDS, risk_amount=lost)
    return [billed, rest] if allowed else [replace(rest, start=held.start)]


def _seconds(held: Segment, run: Run, allowed: int) -> int:
    """How many seconds of a line an amount pays for, begun ones included; all where time costs nothing."""
    rate, exponent = run.price.rate if run.price else None, run.parts[0].terms.exponent
    if not allowed:
        return 0
    if rate is None or rate.units <= 0:
        return held.billed_seconds
    by_time = max(0, allowed - _minor(held.fee, exponent))
    numerator, denominator = by_time * HOUR * _tens(rate.scale), rate.units * _tens(exponent)
    return min(held.billed_seconds, -(-numerator // denominator))


def _stamped(segment: Segment, run: Run) -> Segment:
    first = run.parts[0]
    return replace(segment, disposition=first.disposition, reason=first.reason)


def _uniform(row: Row, charge: Charge) -> Charge:
    """The row's own disposition; where all segments share it, they have none of their own."""
    found: list[Disposition] = [one.disposition for one in charge.segments if one.disposition]
    if found:
        row.disposition = min(found, key=MAIN_FIRST.index)
        row.reason = next(one.reason for one in charge.segments if one.disposition == row.disposition)
    if len({(one.disposition, one.reason) for one in charge.segments}) > 1:
        return charge
    return charge._replace(segments=[replace(one, disposition="", reason="", risk_amount=0) for one in charge.segments])


def _tens(places: int) -> int:
    return int("1" + "0" * places)


def _minor(text: str, exponent: int) -> int:
    """Minor units of a fee's text."""
    if not text:
        return 0
    whole, _, rest = text.partition(".")
    scale = len(rest)
    return half_away(int(whole + rest) * 10**exponent, 10**scale)


def _step(limit: Limit, contract: str, lost: int, exponent: int) -> Step:
    what = {"entry": "a piece of work", "ticket": "a ticket", "period": "a month"}[limit.scope]
    why = f"not to exceed {limit.amount} for {what}"
    return Step("limit", after=f"{money_text(lost, exponent)} capped", rule=contract, why=why)


def bounded(rows: Sequence[Row], charges: Iterable[Charge]) -> list[Charge]:
    """Charges of rows, in their order, after floors and limits."""
    held = dict(enumerate(charges))
    raise_to_floors(rows, held)
    keep_limits(rows, held)
    return [held[n] for n in range(len(rows))]
