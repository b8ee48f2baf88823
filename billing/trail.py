"""The words of an explanation: evidence, link, contract, tier, rounding, rate, amount or risk, in this order.

Steps that many rows share (contract, rate) are made once, with their terms.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from billing.money import Rate, exponent_of, money_text, rate_text
from billing.rate_cut import Part, Row
from billing.rates import Price
from billing.scopes import Scope
from streams.models.catalog import Rounding
from streams.models.entry import Segment
from streams.models.work import Step, Work

OVER = "maximum_per_entry"  # why a part is capped


def explain(row: Row, amounts: Sequence[Step]) -> tuple[Step, ...]:
    """All steps of a row; ``amounts`` say what it costs or would have brought."""
    terms = list(dict.fromkeys([part.terms for part in row.parts]))
    return (
        *linked(row.work),
        *row.verdict.steps,
        *[one.contract_step for one in terms],
        *tiers(row.parts),
        *rounded(row.parts),
        *[step for part in row.parts for step in part.steps],
        *{id(step): step for step in [part.terms.rates.step(part.tier) for part in row.parts]}.values(),
        *amounts,
    )


@lru_cache(4096)
def duration(seconds: int) -> str:
    """As people say it: "90 min", "14 min 7 s", "45 s", "0 min"."""
    minutes, rest = divmod(seconds, 60)
    if not rest:
        return f"{minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def linked(work: Work) -> tuple[Step, ...]:
    """How the work came about: link's own steps, else what the work says of itself."""
    if work.trail:
        return work.trail
    return (
        Step("evidence", before=f"{len(work.proof)} intervals", after=duration(work.seconds), rule=work.kind),
        Step("link", after=work.ticket or work.client or "", rule=work.path, why=work.reason, lost=work.candidates),
    )


def tiers(parts: Sequence[Part]) -> list[Step]:
    """Worked seconds by tier, in time order; nothing to say without a calendar."""
    calendar = parts[0].terms.calendar
    if calendar is None:
        return []
    after = ", ".join([f"{duration(part.seconds)} {part.tier}" for part in parts])
    why = "; ".join(dict.fromkeys([part.why for part in parts if part.why]))
    return [
        Step("tier", before=duration(sum([part.seconds for part in parts])), after=after, rule=calendar.id, why=why)
    ]


def rounded(parts: Sequence[Part]) -> list[Step]:
    """One step a scope: what this row brought and got; in ``why`` also what the whole scope came to."""
    scopes: dict[Scope, list[Part]] = {}
    for part in parts:
        if part.scope:
            scopes.setdefault(part.scope, []).append(part)
    tops = [_topped(part) for part in parts if part.topped]
    over = [part for part in parts if part.reason == OVER]
    return [*[_rounded(run) for run in scopes.values()], *tops, *([_capped(over)] if over else [])]


def priced(segment: Segment, price: Price, exponent: int) -> Step:
    """The arithmetic of one segment: "30 min × 150.00/h + 49.00 = 124.00"."""
    parts = [f"{duration(segment.billed_seconds)} × {price.text}/h"] if price.text else []
    parts += [segment.fee] if segment.fee else []
    after = f"{' + '.join(parts) or duration(segment.billed_seconds)} = {money_text(segment.amount, exponent)}"
    return Step("amount", before=segment.exact, after=after, rule=price.rule)


def fee_waived(fee: Rate, price: Price, waivers: Sequence[str], exponent: int) -> Step:
    """A fee that the ticket spares its client."""
    why = f"the ticket has the waiver {', '.join(waivers)}"
    return Step("fee", before=rate_text(fee, exponent), after=rate_text(Rate(0, 0), exponent), rule=price.line, why=why)


def at_risk(quantity: int, money: str, line: str) -> Step:
    """What an unbilled row would have brought, by the standard rate of ``line``; "" where there is none."""
    if not line:
        return Step("risk", after=money, why="no rate is known for this service")
    return Step("risk", before=duration(quantity), after=money, rule=f"{line} standard")


def fee_at_risk(amount: int, currency: str, line: str) -> Step:
    """A fee that is not charged."""
    return Step("risk", after=f"{money_text(amount, exponent_of(currency))} {currency}", rule=line)


def not_for_sale(reason: str) -> Step:
    """No money is at risk: nobody meant to bill it."""
    return Step("risk", after="0", why=reason)


def _rounded(run: list[Part]) -> Step:
    policy = run[0].terms.policy
    assert policy is not None  # a scope exists under a policy only
    before, after = sum([part.seconds for part in run]), sum([part.billed - part.topped for part in run])
    why = _policy_text(policy)
    if before != run[0].scope_seconds:
        whole = f"{duration(run[0].scope_seconds)} → {duration(run[0].scope_quantity)}"
        why = f"{why}; {policy.scope} as a whole: {whole}"
        if run[0].scope_charged:
            why += f", {duration(run[0].scope_charged)} of it in earlier statements"
    return Step("rounding", before=duration(before), after=duration(after), rule=policy.id, why=why)


def _topped(part: Part) -> Step:
    """What the minimum of a tier adds to the rounded time of an incident."""
    why = f"at least {duration(part.terms.minimum(part.tier))} where work is {part.tier}"
    after = duration(part.billed)
    return Step("top_up", before=duration(part.billed - part.topped), after=after, rule=part.tier, why=why)


def _capped(parts: Sequence[Part]) -> Step:
    """What lies beyond the maximum of an entry."""
    policy = parts[0].terms.policy
    assert policy is not None  # a maximum is a policy's
    why = f"at most {policy.maximum_minutes} min an entry, the timer may have been forgotten"
    return Step("cap", after=f"{duration(sum([part.billed for part in parts]))} capped", rule=policy.id, why=why)


def _policy_text(policy: Rounding) -> str:
    parts = [_mode_text(policy)] if policy.increment else []
    parts += [f"first block {policy.first_block_minutes} min"] if policy.first_block else []
    parts += [f"at least {duration(policy.minimum)}"] if policy.minimum else []
    if policy.minimum and policy.order == "minimum_then_round":
        parts.append("minimum first, then rounded")
    if policy.minimum and policy.anchor == "minimum":
        parts.append("counted from the minimum")
    parts += [f"surplus: {policy.surplus}"] if policy.surplus != "last_segment" else []
    return ", ".join(parts) or "to the second"


def _mode_text(policy: Rounding) -> str:
    if policy.basis == "instants":
        return f"begin {policy.begin}, end {policy.end} on a grid of {duration(policy.increment)}"
    slack = f" ({duration(policy.slack)})" if policy.slack else ""
    return f"{policy.mode} to {duration(policy.increment)}{slack}"


def replaced(period: str, late: bool) -> tuple[Step, ...]:
    """Why a row stands in a later statement than its service."""
    why = f"came to light after {period} was closed" if late else f"{period} was closed with something else"
    return (Step("correction", after="replacement", why=why),)


def reversed_(period: str, row: str, vanished: bool) -> tuple[Step, ...]:
    """Why a closed row is taken back."""
    why = "this work no longer stands here" if vanished else "a replacement stands beside it"
    return (Step("correction", before=f"booked for {period}", after="reversal", rule=row, why=why),)
