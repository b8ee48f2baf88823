"""The figures of the Overview: the month, the months before it, and what to act on first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from web.leakage import TINT, Group, Money, Sum, added
from web.ledger import Reading
from web.question import ALL, Question
from web.words import LEAKS, reason, title

PARTS = ("billed", "recovered", "covered", "decided", "leak")  # of hours, in the order of the chart
MOST_ACTIONS = 5

GROUPS = """
SELECT {label} AS label, disposition, reason, recovered, currency, risk_currency, exponent, count() AS entries,
       sum(worked_seconds) AS worked, sum(rounding_seconds) AS rounding, sum(quantity_seconds) AS quantity,
       sum(overlap_seconds) AS overlap, sum(amount) AS billed, sum(risk_amount) AS risk
FROM outcomes
WHERE tenant = {tenant:String} AND disposition NOT IN ('absorbed', 'void')
  AND ({period:String} = '' OR period = {period:String})
GROUP BY ALL ORDER BY label, disposition, reason, recovered, currency, risk_currency, exponent
"""
MONTHS, DAYS = "period", "toString(ifNull(local_date, toDate(started_at)))"


@dataclass
class Stretch:
    """One bar of the trend. ``parts`` are seconds after rounding and add up to those of ``sum``."""

    label: str
    sum: Sum = field(default_factory=Sum)
    parts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PARTS, 0))

    def add(self, group: Group) -> None:
        self.sum.add(group)
        self.parts[part_of(group)] += group["quantity"]


@dataclass(frozen=True)
class Action:
    """One thing to do: ``url`` leads to the rows that it is about."""

    title: str
    about: str
    todo: str
    url: str
    risk: Money = field(default_factory=Money)
    seconds: int = 0
    count: int = 0
    unit: tuple[str, str] = ("entry", "entries")  # one, several


@dataclass(frozen=True)
class Overview:
    """``by_day``: there is only one month, so its days are shown instead of months."""

    month: Sum
    trend: list[Stretch]
    by_day: bool
    causes: list[Sum]

    @property
    def currencies(self) -> list[tuple[str, int]]:
        """Every currency of the trend with its decimals."""
        found = {key for one in self.trend for kind in (one.sum.billed, one.sum.risk) for key in kind.parts}
        return sorted(found)


def part_of(group: Group) -> str:
    """Which part of the hours a group of rows belongs to."""
    if group["disposition"] == "billed":
        return "recovered" if group["recovered"] else "billed"
    return TINT.get(group["disposition"], "leak")


def overview(reading: Reading, question: Question, periods: Sequence[str]) -> Overview:
    """From one scan, where there are several months; else from one by days."""
    by_day = len(periods) < 2
    groups = grouped(reading, DAYS if by_day else MONTHS)
    mine = groups if by_day or question.period == ALL else [one for one in groups if one["label"] == question.period]
    month = Sum()
    for group in mine:
        month.add(group)
    leaks = [one for one in mine if one["disposition"] in LEAKS]
    causes = sorted(added(leaks, "disposition", "reason"), key=lambda one: one.urgency)
    return Overview(month, stretches(groups, by_day), by_day, causes)


def grouped(reading: Reading, label: str, period: str = "") -> list[dict[str, Any]]:
    return reading.rows(GROUPS.replace("{label}", label), {"period": period})


def stretches(groups: Iterable[Mapping[str, Any]], by_day: bool) -> list[Stretch]:
    """One a label, in order; days without work are there, too."""
    found: dict[str, Stretch] = {}
    for group in groups:
        found.setdefault(group["label"], Stretch(group["label"])).add(group)
    if by_day and found:
        first, last = date.fromisoformat(min(found)), date.fromisoformat(max(found))
        for number in range(first.toordinal(), min(last.toordinal(), first.toordinal() + 62)):
            found.setdefault(str(date.fromordinal(number)), Stretch(str(date.fromordinal(number))))
    return [found[label] for label in sorted(found)]


def actions(found: Overview, question: Question, others: Sequence[Action]) -> list[Action]:
    """The most expensive causes first; ``others`` have no price and always keep their places."""
    room = MOST_ACTIONS - len(others[:2])
    return [*(_cause(one, question) for one in found.causes[:room]), *others[:2]]


def _cause(one: Sum, question: Question) -> Action:
    disposition, code = one.label
    said = reason(disposition, code)
    url = question.url(disposition=disposition, reason=code, recovered=None, client=None, technician=None)
    return Action(title(disposition), said.meaning, said.remedy, url, one.risk, one.leaking, one.leaking_entries)
