"""Key figures of a whole ledger, from its rows alone: billability, what rounding changed. Pure, exact.

A figure never rounds: who shows it does, once, half away from zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from billing.money import HOUR
from streams.models.entry import Disposition, Entry, Segment

PAID: tuple[Disposition, ...] = ("billed", "covered")  # hours that a client pays for, one by one or by contract
BY_ROUNDING = ("rounding", "top_up")  # steps of a trail that change a quantity by a rule
NO_RULE = "none"  # minutes that a script policy gives, and other quantities without a rounding rule


def hours(entries: Iterable[Entry]) -> tuple[int, int]:
    """Seconds worked, and of them those that a client pays for."""
    worked = paid = 0
    for entry in entries:
        for part in entry.outcomes():
            worked += part.worked
            paid += part.worked if part.disposition in PAID else 0
    return worked, paid


@dataclass(slots=True)
class Rounded:
    """What one rule changed, in one currency: ``seconds`` and ``money`` are above zero where it added."""

    entries: int = 0
    seconds: int = 0
    money: Fraction = Fraction(0)


def rounding_effect(entries: Mapping[str, Entry]) -> dict[tuple[str, str], Rounded]:
    """Billed less worked, by (rule, currency); ``entries`` by id. A row that two rules changed names both: "a + b".

    All seconds together are the rounding of the ledger. Money is what the seconds cost at their segments' rates; where
    nothing is charged by the hour it is zero.
    """
    found: dict[tuple[str, str], Rounded] = {}
    for entry in entries.values():
        rule = _rule(entry, entries)
        if rule == NO_RULE and not entry.rounding_seconds:
            continue
        one = found.setdefault((rule, entry.currency), Rounded())
        one.entries += 1
        one.seconds += entry.rounding_seconds
        one.money += sum((_money(segment, entry) for segment in entry.segments), Fraction(0))
    return dict(sorted(found.items()))


def _rule(entry: Entry, entries: Mapping[str, Entry]) -> str:
    """A reversal was rounded as the row that it takes back."""
    if entry.identity.row_class == "reversal" and entry.corrects in entries:
        return _rule(entries[entry.corrects], entries)
    rules = dict.fromkeys(step.rule for step in entry.trail if step.op in BY_ROUNDING)
    return " + ".join(rules) or NO_RULE


def _money(segment: Segment, entry: Entry) -> Fraction:
    if not segment.rate or (segment.disposition or entry.disposition) != "billed":
        return Fraction(0)
    return (segment.billed_seconds - segment.seconds) * Fraction(segment.rate) / HOUR
