"""Leakage: hours that brought nothing, the money they would have brought, and what to look at next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jobs.output import Cell, Report, amount_text, duration, money

Group = Mapping[str, Any]

DECIDED = ("non_billable", "written_off")  # not billed on purpose: no leak
MOST = 10  # clients and technicians that a table names

REMEDIES: dict[str, str] = {
    "unlinked": "Tell the catalogue who or what this is: an alias of the client, device, technician or ticket.",
    "unpriced": "Add a rate line for this service and tier to the client's rate card or to the organisation's.",
    "no_rate_path": "Add a contract that takes this service and date, or widen one that exists.",
    "orphan_stop": "Import the missing start from the tool, or leave it: it disappears when the start comes.",
    "unconfirmed": "The source cannot be authenticated: import the same work from a source that can.",
    "non_billable": "Meant not to be billed. Look whether that is still right.",
    "written_off": "Written off by a decision. Look whether that is still right.",
    "capped": "Beyond the cap of the contract. Look whether the contract still fits the work.",
    "concurrency_cap": "More technicians at once than the contract pays for.",
}


@dataclass(frozen=True)
class Sum:
    """Unbilled hours with one label. ``risk`` in minor units of ``currency`` with ``exponent`` decimals."""

    label: tuple[str, ...]
    currency: str
    exponent: int
    entries: int
    worked_seconds: int
    quantity_seconds: int
    risk: int


def sums(groups: Iterable[Group], *names: str) -> list[Sum]:
    """Groups added up by the columns named, the most expensive first. Currencies are never mixed."""
    found: dict[tuple[tuple[str, ...], str, int], list[int]] = {}
    for group in groups:
        key = (tuple(group[name] for name in names), group["risk_currency"], group["exponent"])
        total = found.setdefault(key, [0, 0, 0, 0])
        for place, name in enumerate(("entries", "worked_seconds", "quantity_seconds", "risk_amount")):
            total[place] += group[name]
    made = [Sum(label, currency, exponent, *total) for (label, currency, exponent), total in found.items()]
    return sorted(made, key=lambda one: (-one.risk, -one.worked_seconds, one.label, one.currency))


def is_leak(group: Group) -> bool:
    return group["disposition"] not in DECIDED


def reports(groups: Sequence[Group], title: str, by: Sequence[str]) -> list[Report]:
    """What leaks and why, then by the columns named; what was decided stands apart."""
    leaks, decided = [g for g in groups if is_leak(g)], [g for g in groups if not is_leak(g)]
    made = [report(leaks, title, "disposition", "reason")]
    made += [top_report(leaks, f"By {name}", name) for name in by if leaks]
    return made + ([report(decided, "Not billed on purpose", "disposition", "reason")] if decided else [])


def report(groups: Sequence[Group], title: str, *names: str) -> Report:
    """A table of sums by the columns named, with totals by currency."""
    found = sums(groups, *names)
    totals = [["total", *[""] * (len(names) - 1), *_cells(one)] for one in sums(groups)]
    return Report(
        title, [*names, "entries", "worked", "quantity", "at risk"],
        [[*[part or "?" for part in one.label], *_cells(one)] for one in found],
        totals if len(found) > 1 else [],
    )  # fmt: skip


def top_report(groups: Sequence[Group], title: str, name: str) -> Report:
    """As ``report``, by one column; what has nothing at risk, and all beyond ``MOST``, stand in one line."""
    whole = report(groups, title, name)
    found = sums(groups, name)
    shown = min(sum(1 for one in found if one.risk) or MOST, MOST)
    if len(found) - shown < 2:
        return whole
    rest: dict[tuple[str, int], list[Sum]] = {}
    for one in found[shown:]:
        rest.setdefault((one.currency, one.exponent), []).append(one)
    below = [[f"{len(some)} others", *_cells(_added(some))] for _, some in sorted(rest.items())]
    return Report(title, whole.columns, [*whole.rows[:shown], *below], whole.totals)


def _added(some: Sequence[Sum]) -> Sum:
    """The sum of sums in one currency."""
    first = some[0]
    figures = [[one.entries, one.worked_seconds, one.quantity_seconds, one.risk] for one in some]
    return Sum((), first.currency, first.exponent, *map(sum, zip(*figures, strict=True)))


def _cells(one: Sum) -> list[Cell]:
    risk = amount_text(one.risk, one.exponent, one.currency if one.risk else "")
    return [one.entries, duration(one.worked_seconds), duration(one.quantity_seconds), risk]


def recovered_report(groups: Sequence[Group]) -> Report:
    """What became of the hours that sessions show beyond the timers."""
    rows: list[list[Cell]] = [
        [g["disposition"], g["entries"], duration(g["worked_seconds"]), duration(g["quantity_seconds"]),
         amount_text(g["amount"], g["exponent"], g["currency"] if g["amount"] else "")]
        for g in groups
    ]  # fmt: skip
    return Report("Recovered: time that no timer covered", ["became", "entries", "worked", "quantity", "amount"], rows)


@dataclass(frozen=True)
class Next:
    """One thing to look at: what, how much, an entry that shows it, and what to do."""

    what: str
    amount: str
    example: str
    remedy: str


def look_next(groups: Sequence[Group], examples: Mapping[tuple[str, str], str], most: int = 5) -> list[Next]:
    """The most expensive kinds of leakage; what was decided is not among them."""
    worth = [g for g in groups if is_leak(g)]
    return [
        Next(
            " · ".join(part for part in one.label if part),
            f"{duration(one.worked_seconds)}, {amount_text(one.risk, one.exponent, one.currency)}",
            examples.get((one.label[0], one.label[1]), ""),
            REMEDIES.get(one.label[0], ""),
        )
        for one in sums(worth, "disposition", "reason")[:most]
    ]


def said(following: Sequence[Next], tenant: str | None) -> list[str]:
    """For people: each thing to look at, and the command that shows an entry of it."""
    where = f" --tenant {tenant}" if tenant else ""
    lines = ["What to do first"]
    for number, one in enumerate(following, start=1):
        lines.append(f"{number}. {one.what} ({one.amount}): {one.remedy}")
        lines += [f"   See one: everyminute explain {one.example[:8]}{where}"] if one.example else []
    return lines


CSV = ("client", "technician", "service", "disposition", "reason", "entries", "worked_seconds", "quantity_seconds",
       "risk_amount", "risk_currency")  # fmt: skip


def csv_rows(groups: Sequence[Group]) -> list[list[Cell]]:
    """One line a client, technician, service, disposition and reason."""
    return [[_major(group, name) for name in CSV] for group in groups]


def _major(group: Group, name: str) -> Cell:
    cell: Cell = money(group[name], group["exponent"]) if name.endswith("amount") else group[name]
    return cell


def as_json(groups: Sequence[Group], recovered: Sequence[Group], following: Sequence[Next]) -> dict[str, Any]:
    """For programs: groups, recovered hours and what to look at; money as text in major units."""

    def plain(group: Group) -> dict[str, Any]:
        return {
            name: str(_major(group, name)) if name.endswith("amount") else value
            for name, value in group.items()
            if name != "exponent"
        }

    return {
        "leakage": [plain(group) for group in groups],
        "recovered": [plain(group) for group in recovered],
        "next": [{"what": n.what, "amount": n.amount, "example": n.example, "remedy": n.remedy} for n in following],
    }
