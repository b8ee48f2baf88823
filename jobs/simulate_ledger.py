"""A ledger as rows of plain values, with its totals and the proof that no second was lost."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

from billing.money import exponent_of
from billing.projects import standings
from jobs import projects, scenario_balances, scenario_figures
from jobs.figures import figures
from jobs.scenario import Scenario
from jobs.scenario_time import say_instant
from jobs.simulate import Result
from jobs.simulate_charges import charge_json, charge_rows
from jobs.simulate_decisions import decisions_json, periods_json
from streams.models.catalog import Project
from streams.models.entry import OUTSIDE_SUMS, Entry, Segment

Row = dict[str, Any]


def rows(result: Result, names: dict[str, str]) -> list[Entry]:
    """Work that holds, by start, client, period and the name the file gives it."""
    held = [one for one in result.entries.values() if not (one.void or one.charge or one.disposition in OUTSIDE_SUMS)]
    return sorted(held, key=lambda e: (e.start, e.identity, names.get(e.identity.work, "")))


def money(minor: int, exponent: int) -> Decimal:
    """Minor units as major units, exactly: 3750 at 2 is 37.50."""
    return Decimal(minor).scaleb(-exponent)


def cost(entry: Entry) -> Decimal | None:
    """What the work cost us, in major units; None where it is not known."""
    return None if entry.cost is None else money(entry.cost, exponent_of(entry.cost_currency))


def billed(entry: Entry) -> int:
    return entry.seconds_of("billed")


def comparable(entry: Entry, names: dict[str, str]) -> Row:
    """The row as expectations name it: seconds, instants in seconds, money in major units."""
    return {
        "work": names.get(entry.identity.work, entry.identity.work),
        "client": entry.identity.client,
        "period": entry.identity.period,
        "class": entry.identity.row_class,
        "corrects_period": entry.identity.corrects_period,
        "start": entry.start,
        "end": entry.end,
        "worked": entry.worked_seconds,
        "rounding": entry.rounding_seconds,
        "quantity": entry.quantity_seconds,
        "billed": billed(entry),
        "covered": entry.seconds_of("covered"),
        "drawn": entry.drawn_seconds,
        "overlap": entry.overlap_seconds,
        "machine": entry.machine_seconds,
        "amount": money(entry.amount, entry.exponent),
        "risk": money(entry.risk_amount, entry.exponent),
        "cost": cost(entry),
        "margin": None if entry.margin is None else money(entry.margin, entry.exponent),
        "flags": sorted(entry.flags),
        "candidates": sorted(entry.candidates),
        "segments": [_comparable_segment(segment, entry) for segment in entry.segments],
        "reason": entry.reason.split(":", 1)[0],  # the word; what follows it names the thing
        "cost_reason": entry.cost_reason.split(":", 1)[0],
        **{name: getattr(entry, name) for name in PLAIN},
    }


PLAIN = ("contract", "ticket", "technician", "who", "device", "service", "local_date", "currency", "disposition",
         "project", "cost_currency", "path", "kind", "recovered")  # fmt: skip


def _comparable_segment(segment: Segment, row: Entry) -> Row:
    exponent = row.exponent
    return {
        "tier": segment.tier,
        "start": segment.start,
        "end": segment.end,
        "worked": segment.seconds,
        "billed": segment.billed_seconds,
        "rate": Decimal(segment.rate) if segment.rate else None,
        "amount": money(segment.amount, exponent),
        "drawn": segment.drawn_seconds,
        "lot": segment.lot,
        "fee": Decimal(segment.fee or 0),
        "disposition": segment.disposition or row.disposition,
        "reason": (segment.reason if segment.disposition else row.reason).split(":", 1)[0],
        "risk": money(segment.risk_amount, exponent),
        "line": segment.line,
    }


def ledger(scenario: Scenario, result: Result) -> Row:
    """The whole answer as JSON values. Money is text in major units, instants are UTC."""
    entries, beside = rows(result, scenario.names), charge_rows(result)
    running = sorted(scenario.names.get(w.id, w.id) for w in result.work.values() if w.state == "running")
    parked = sorted((p for p in result.parked.values() if not p.void), key=lambda p: p.id)
    return {
        "as_of": None if scenario.as_of is None else say_instant(scenario.as_of),
        "entries": [as_json(entry, scenario.names) for entry in entries],
        "charges": [charge_json(one, [_step_json(step) for step in one.trail]) for one in beside],
        "running": running,
        "parked": [{"reason": p.reason, "saw": p.saw, "expected": p.expected, "remedy": p.remedy} for p in parked],
        "decisions": decisions_json(result),
        "periods": periods_json(result),
        "corrections": corrections([*entries, *beside], scenario.names),
        "balances": [scenario_balances.as_json(one) for one in balances(scenario, result)],
        "projects": projects_json(scenario, [*entries, *beside]),
        "figures": scenario_figures.as_json(exact_figures(scenario, result)),
        "totals": totals(entries, beside),
        "conservation": conservation(result, entries),
    }


def exact_figures(scenario: Scenario, result: Result) -> scenario_figures.Figures:
    """Key figures of what holds, unrounded."""
    return figures(scenario, result, rows(result, scenario.names), charge_rows(result))


def projects_json(scenario: Scenario, entries: list[Entry]) -> list[Row]:
    """Every project with work or milestones, in figures."""
    return [projects.as_json(one) for one in standings(scenario.catalogue.all(Project), entries)]


def corrections(entries: list[Entry], names: dict[str, str]) -> list[Row]:
    """What closed periods are corrected by: for each piece of work and statement, the net of its rows."""
    sums: dict[tuple[str, str, str, str, str], list[Entry]] = {}
    for one in entries:
        who = one.identity
        if who.row_class != "regular":
            key = who.client, who.period, who.corrects_period, names.get(who.work, who.work), one.currency
            sums.setdefault(key, []).append(one)
    return [
        {
            "client": client or None,
            "period": period,
            "corrects_period": corrects,
            "work": work,
            "classes": sorted(one.identity.row_class for one in some),
            "worked_seconds": sum(one.worked_seconds for one in some),
            "quantity_seconds": sum(one.quantity_seconds for one in some),
            "amount": str(money(sum(one.amount for one in some), some[0].exponent)),
            "currency": currency or None,
        }
        for (client, period, corrects, work, currency), some in sorted(sums.items())
    ]


def balances(scenario: Scenario, result: Result) -> list[Row]:
    """Every contract with a balance, at the end."""
    return [scenario_balances.plain(one, scenario.names) for one in result.balances]


def as_json(entry: Entry, names: dict[str, str]) -> Row:
    return {
        "id": entry.id,
        "work": names.get(entry.identity.work, entry.identity.work),
        "client": entry.identity.client or None,
        "contract": entry.contract or None,
        "ticket": entry.ticket or None,
        "technician": entry.technician or None,
        "who": entry.who or None,
        "device": entry.device or None,
        "service": entry.service or None,
        "kind": entry.kind or None,
        "period": entry.identity.period,
        "class": entry.identity.row_class,
        "corrects_period": entry.identity.corrects_period or None,
        "corrects": entry.corrects or None,
        "local_date": entry.local_date or None,
        "zone": entry.zone or None,
        "start": say_instant(entry.start),
        "end": say_instant(entry.end),
        **{name: getattr(entry, name) for name in ("worked_seconds", "rounding_seconds", "quantity_seconds")},
        "billed_seconds": billed(entry),
        "covered_seconds": entry.seconds_of("covered"),
        "drawn_seconds": entry.drawn_seconds,
        "overlap_seconds": entry.overlap_seconds,
        "machine_seconds": entry.machine_seconds,
        "segments": [_segment_json(segment, entry) for segment in entry.segments],
        **_money_json(entry),
        "disposition": entry.disposition,
        "reason": entry.reason or None,
        "path": entry.path,
        "candidates": list(entry.candidates),
        "recovered": entry.recovered,
        "flags": list(entry.flags),
        "trail": [_step_json(step) for step in entry.trail],
    }


def _money_json(entry: Entry) -> Row:
    known = cost(entry)
    return {
        "amount": str(money(entry.amount, entry.exponent)),
        "currency": entry.currency or None,
        "risk_amount": str(money(entry.risk_amount, entry.exponent)),
        "risk_currency": entry.risk_currency or None,
        "project": entry.project or None,
        "cost": None if known is None else str(known),
        "cost_currency": entry.cost_currency or None,
        "cost_reason": entry.cost_reason or None,
        "margin": None if entry.margin is None else str(money(entry.margin, entry.exponent)),
    }


def _segment_json(segment: Segment, row: Entry) -> Row:
    return {
        "tier": segment.tier,
        "start": say_instant(segment.start),
        "end": say_instant(segment.end),
        "seconds": segment.seconds,
        "billed_seconds": segment.billed_seconds,
        "rate": segment.rate or None,
        "amount": str(money(segment.amount, row.exponent)),
        "disposition": segment.disposition or row.disposition,
        "reason": (segment.reason if segment.disposition else row.reason) or None,
        "drawn_seconds": segment.drawn_seconds,
        "lot": segment.lot or None,
        "fee": segment.fee or None,
        "line": segment.line or None,
    }


def _step_json(step: Any) -> Row:
    return {
        "op": step.op,
        "before": step.before,
        "after": step.after,
        "rule": step.rule,
        "why": step.why,
        "lost": list(step.lost),
    }


def totals(entries: list[Entry], charges: list[Entry]) -> Row:
    """Seconds by disposition, and money of both by currency (never added over currencies)."""
    seconds: dict[str, int] = defaultdict(int)
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    risks: dict[str, Decimal] = defaultdict(Decimal)
    asked: dict[str, Decimal] = defaultdict(Decimal)  # without what was paid for before: breakage
    for entry in entries:
        for part in entry.outcomes():
            seconds[part.disposition] += part.quantity
    for entry in (*entries, *charges):
        if entry.currency:
            amounts[entry.currency] += money(entry.amount, entry.exponent)
            asked[entry.currency] += money(0 if entry.charge == "breakage" else entry.amount, entry.exponent)
        if entry.risk_currency:
            risks[entry.risk_currency] += money(entry.risk_amount, entry.exponent)
    return {
        "entries": len(entries),
        "charges": len(charges),
        "worked_seconds": sum(entry.worked_seconds for entry in entries),
        "rounding_seconds": sum(entry.rounding_seconds for entry in entries),
        "machine_seconds": sum(entry.machine_seconds for entry in entries),
        "billed_seconds": sum(billed(entry) for entry in entries),
        "amount": {code: str(amount) for code, amount in sorted(amounts.items())},
        "asked_amount": {code: str(amount) for code, amount in sorted(asked.items())},
        "risk_amount": {code: str(amount) for code, amount in sorted(risks.items())},
        "seconds": dict(sorted(seconds.items())),
    }


def conservation(result: Result, entries: list[Entry]) -> Row:
    """Worked seconds of all work + rounding = the sum over the dispositions, to the second."""
    work = sum(work.seconds for work in result.work.values() if work.state == "done")
    worked = sum(entry.worked_seconds for entry in entries)
    rounding = sum(entry.rounding_seconds for entry in entries)
    quantity = sum(part.quantity for entry in entries for part in entry.outcomes())
    return {
        "work_seconds": work,
        "worked_seconds": worked,
        "rounding_seconds": rounding,
        "disposition_seconds": quantity,
        "holds": work == worked and worked + rounding == quantity,
    }
