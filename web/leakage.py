"""The figures of the Leakage page, added up from one set of groups, so that every table ties with every tile."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

from streams.models.entry import Disposition
from web.question import Question
from web.words import DECIDED, LEAKS

Group = Mapping[str, Any]
ORDER: tuple[str, ...] = ("billed", *(one for one in get_args(Disposition) if one != "billed"))
TINT: dict[str, str] = {
    "billed": "billed", "covered": "covered", "no_charge": "covered", "non_billable": "decided",
    "written_off": "decided",
}  # fmt: skip


@dataclass
class Money:
    """One figure a currency, in minor units: amounts of different currencies are never added."""

    parts: dict[tuple[str, int], int] = field(default_factory=dict)

    def add(self, currency: str, exponent: int, amount: int) -> None:
        if currency:
            self.parts[currency, exponent] = self.parts.get((currency, exponent), 0) + amount

    @property
    def figures(self) -> list[tuple[str, int, int]]:
        """(currency, exponent, minor units), by currency; what is zero is left out."""
        return [(currency, places, amount) for (currency, places), amount in sorted(self.parts.items()) if amount]


@dataclass
class Sum:
    """Rows with one label. Seconds; ``leaking`` and ``risk`` are of the rows that leak only."""

    label: tuple[str, ...] = ()
    entries: int = 0
    worked: int = 0
    rounding: int = 0
    quantity: int = 0
    overlap: int = 0
    billed_entries: int = 0
    billed_seconds: int = 0
    billed: Money = field(default_factory=Money)
    recovered_seconds: int = 0  # worked, whatever became of it
    recovered_billed_seconds: int = 0
    recovered: Money = field(default_factory=Money)
    leaking_entries: int = 0
    leaking: int = 0
    risk: Money = field(default_factory=Money)
    forgone: Money = field(default_factory=Money)  # at risk in any row, also where it was meant so

    def add(self, group: Group) -> None:
        self.entries += group["entries"]
        for name in ("worked", "rounding", "quantity", "overlap"):
            setattr(self, name, getattr(self, name) + group[name])
        self._add_billed(group)
        self.forgone.add(group["risk_currency"], group["exponent"], group["risk"])
        if group["disposition"] in LEAKS:
            self.leaking_entries += group["entries"]
            self.leaking += group["quantity"]
            self.risk.add(group["risk_currency"], group["exponent"], group["risk"])

    def _add_billed(self, group: Group) -> None:
        money = (group["currency"], group["exponent"], group["billed"])
        billed = group["disposition"] == "billed"
        if billed:
            self.billed_entries += group["entries"]
            self.billed_seconds += group["quantity"]
            self.billed.add(*money)
        if group["recovered"]:
            self.recovered_seconds += group["worked"]
            if billed:
                self.recovered_billed_seconds += group["quantity"]
                self.recovered.add(*money)

    @property
    def urgency(self) -> tuple[Any, ...]:
        """Most money at risk first, as far as there is one currency; then most hours; then by name."""
        risks = list(self.risk.parts.values())
        return (-risks[0] if len(risks) == 1 else 0, -self.leaking, -self.leaking_entries, self.label)


@dataclass(frozen=True)
class Slice:
    """A part of the bar: hours of one disposition. ``left`` and ``width`` in thousandths of the whole."""

    disposition: str
    recovered: bool | None
    tint: str
    sum: Sum
    left: int = 0
    width: int = 0


@dataclass(frozen=True)
class Figures:
    """All of one page."""

    total: Sum
    slices: list[Slice]
    reasons: list[Sum]
    decided: list[Sum]
    clients: list[Sum]
    technicians: list[Sum]
    matching: Sum  # the rows that the table of entries shows


def figures(groups: Sequence[Group], question: Question) -> Figures:
    """Tiles, bar and reasons are of the scope; clients, technicians and entries of what is asked for in it."""
    asked = [group for group in groups if _fits(group, question)]
    reasons = added(groups, "disposition", "reason")
    return Figures(
        total=_one(groups),
        slices=slices(groups),
        reasons=sorted((one for one in reasons if one.label[0] in LEAKS), key=lambda one: one.urgency),
        decided=sorted((one for one in reasons if one.label[0] in DECIDED), key=lambda one: (-one.quantity, one.label)),
        clients=sorted(added(asked, "client"), key=lambda one: one.urgency),
        technicians=sorted(added(asked, "technician"), key=lambda one: one.label),
        matching=_one(asked if question.narrowed else [g for g in asked if g["disposition"] in LEAKS]),
    )


def added(groups: Iterable[Group], *names: str) -> list[Sum]:
    found: dict[tuple[str, ...], Sum] = {}
    for group in groups:
        label = tuple(str(group[name]) for name in names)
        found.setdefault(label, Sum(label)).add(group)
    return list(found.values())


def slices(groups: Sequence[Group]) -> list[Slice]:
    """Billed hours split into what a timer covered and what was recovered, then the other dispositions."""
    found: list[Slice] = []
    for disposition in ORDER:
        mine = [group for group in groups if group["disposition"] == disposition]
        if disposition == "billed":
            found += _slice(mine, disposition, False, lambda group: not group["recovered"])
            found += _slice(mine, disposition, True, lambda group: bool(group["recovered"]))
        else:
            found += _slice(mine, disposition, None, lambda group: True)
    return _placed(found)


def _slice(
    groups: Sequence[Group], disposition: str, recovered: bool | None, fits: Callable[[Group], bool]
) -> list[Slice]:
    mine = [group for group in groups if fits(group)]
    tint = "recovered" if recovered else TINT.get(disposition, "leak")
    return [Slice(disposition, recovered, tint, _one(mine))] if mine else []


def _placed(parts: Sequence[Slice]) -> list[Slice]:
    """Edges are cut from running sums: nothing overlaps and the last ends at 1000."""
    whole = sum(max(0, part.sum.quantity) for part in parts)
    placed, run = [], 0
    for part in parts:
        left = run * 1000 // whole if whole else 0
        run += max(0, part.sum.quantity)
        right = run * 1000 // whole if whole else 0
        placed.append(Slice(part.disposition, part.recovered, part.tint, part.sum, left, right - left))
    return placed


def _one(groups: Iterable[Group]) -> Sum:
    total = Sum()
    for group in groups:
        total.add(group)
    return total


def _fits(group: Group, question: Question) -> bool:
    return (
        question.disposition in (None, group["disposition"])
        and question.reason in (None, group["reason"])
        and question.recovered in (None, bool(group["recovered"]))
    )
