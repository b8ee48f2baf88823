"""The words of an explanation. Steps that many rows share are built once, with their terms."""

from __future__ import annotations

from collections.abc import Sequence

from billing.money import Rate, exact_of, money_text, rate_text
from streams.models.work import Step, Work


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


def tiers(parts: Sequence[tuple[str, int]], calendar: str) -> Step:
    """Parts are (tier, worked seconds) in time order."""
    after = ", ".join(f"{duration(seconds)} {tier}" for tier, seconds in parts)
    return Step("tier", before=duration(sum(seconds for _, seconds in parts)), after=after, rule=calendar)


def rounded(before: int, after: int, policy: str, why: str) -> Step:
    return Step("rounding", before=duration(before), after=duration(after), rule=policy, why=why)


def priced(seconds: int, rate: Rate, amount: int, exponent: int, rule: str) -> Step:
    """The arithmetic of one segment: "30 min × 150.00/h = 75.00"."""
    after = f"{duration(seconds)} × {rate_text(rate, exponent)}/h = {money_text(amount, exponent)}"
    return Step("amount", before=exact_of([(seconds, rate)]), after=after, rule=rule)


def at_risk(seconds: int, rate: Rate | None, amount: int, exponent: int, rule: str) -> Step:
    """What an unbilled row would have brought."""
    if rate is None:
        return Step("risk", after=money_text(0, exponent), why="no rate is known for this service")
    return Step("risk", after=priced(seconds, rate, amount, exponent, rule).after, rule=rule)
