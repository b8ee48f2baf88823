"""An entry as an accountant reads it: evidence, link, contract, tiers, rounding, rate, sum."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from jobs.output import duration, money
from streams.models.entry import Entry
from streams.models.ids import label
from streams.models.work import Step

Intervals = Mapping[str, Mapping[str, Any]]

SECTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Evidence", ("evidence",)),
    ("Link", ("link",)),
    ("Contract", ("contract",)),
    ("Tiers", ("tier",)),
    ("Rounding", ("rounding",)),
    ("Rate", ("rate",)),
    ("Sum", ("amount",)),
    ("At risk", ("risk",)),
)


def explanation(entry: Entry, intervals: Intervals | None = None) -> str:
    """Plain text. ``intervals`` are rows of the intervals the entry rests on, as far as they are known."""
    known = {op for _, ops in SECTIONS for op in ops}
    parts = [_head(entry)]
    for title, ops in SECTIONS:
        body = _body(title, entry, intervals or {})
        body += [line for step in entry.trail if step.op in ops for line in _step(step)]
        parts += [_section(title, body)] if body else []
    rest = [line for step in entry.trail if step.op not in known for line in _step(step, name=True)]
    return "\n\n".join([*parts, *([_section("Also", rest)] if rest else [])])


def as_json(entry: Entry, intervals: Intervals) -> dict[str, Any]:
    """For programs: every field of the entry, its id, and the intervals it rests on."""
    plain: dict[str, Any] = msgspec.to_builtins(entry)
    shown = {name: value for name, value in plain.items() if name not in ("identity", "schema")}
    return {
        "id": entry.id,
        **msgspec.to_builtins(entry.identity),
        **shown,
        "amount_text": str(money(entry.amount, entry.exponent)),
        "intervals": [dict(row) for row in intervals.values()],
    }


def _head(entry: Entry) -> str:
    who = entry.identity
    person = entry.technician or "unknown technician"
    if entry.who and entry.who != entry.technician:
        person += f" ({entry.who})"
    about = [
        ("client", label(who.client) or "unknown"), ("period", who.period), ("ticket", label(entry.ticket)),
        ("device", label(entry.device)), ("service", entry.service), ("contract", entry.contract),
    ]  # fmt: skip
    lines = [
        f"Entry {entry.id}",
        f"{_outcome(entry)}" + (f": {entry.reason}" if entry.reason else ""),
        f"{person}, {_when(entry)}",
        " · ".join(f"{name} {value}" for name, value in about if value),
    ]
    if who.row_class != "regular":
        lines.append(f"{who.row_class} of what was booked in {who.corrects_period}")
    if entry.flags:
        lines.append("look at: " + ", ".join(entry.flags))
    return "\n".join(lines)


def _outcome(entry: Entry) -> str:
    text = f"{entry.disposition} {duration(entry.quantity_seconds)} h"
    if entry.currency:
        text += f", {money(entry.amount, entry.exponent)} {entry.currency}"
    if entry.risk_amount:
        text += f", at risk {money(entry.risk_amount, entry.exponent)} {entry.risk_currency}"
    return text + (", recovered" if entry.recovered else "")


def _when(entry: Entry) -> str:
    zone = ZoneInfo(entry.zone) if entry.zone else UTC
    start, end = (datetime.fromtimestamp(at, zone) for at in (entry.start, entry.end))
    until = end.strftime("%H:%M:%S" if end.date() == start.date() else "%Y-%m-%d %H:%M:%S")
    return f"{start.strftime('%Y-%m-%d %H:%M:%S')} to {until} ({entry.zone or 'UTC'})"


def _body(title: str, entry: Entry, intervals: Intervals) -> list[str]:
    if title == "Evidence":
        return [line for proof in entry.proof for line in _proof(proof, intervals.get(proof.interval))]
    if title == "Rounding":
        worked, added = entry.worked_seconds, entry.rounding_seconds
        sign = "+" if added >= 0 else "-"
        return [
            f"worked {duration(worked)} {sign} rounding {duration(abs(added))} = {duration(entry.quantity_seconds)}"
        ]
    if title == "Sum" and entry.segments:
        return _sum(entry)
    return []


def _proof(proof: Any, seen: Mapping[str, Any] | None) -> list[str]:
    lines = [f"{proof.kind} from {proof.source}: {duration(proof.seconds)} (interval {proof.interval})"]
    if seen:
        end = seen["ended_at"].strftime("%H:%M:%S") if seen["ended_at"] else "still open"
        about = f"  {seen['started_at'].strftime('%Y-%m-%d %H:%M:%S')} to {end} UTC, ended by {seen['close']}"
        about += f", {len(seen['evidence'])} events" if seen["evidence"] else ""
        lines.append(about + (f", look at: {', '.join(seen['flags'])}" if seen["flags"] else ""))
    return lines


def _sum(entry: Entry) -> list[str]:
    rows = [
        (line.tier, f"{duration(line.billed_seconds)} h", f"× {line.rate}/h",
         f"= {money(line.amount, entry.exponent)} {entry.currency}")
        for line in entry.segments
    ]  # fmt: skip
    total = f"{money(sum(line.amount for line in entry.segments), entry.exponent)} {entry.currency}"
    return ["  ".join(row) for row in rows] + [f"total = {total}"]


def _step(step: Step, name: bool = False) -> list[str]:
    """One step: what was and became, by which rule and why; then who lost."""
    change = " → ".join(part for part in (step.before, step.after) if part)
    text = f"{step.op}: {change}" if name else change
    text += f" [{step.rule}]" if step.rule else ""
    text += f": {step.why}" if step.why else ""
    return [text.strip(), *(f"  not: {other}" for other in step.lost)]


def _section(title: str, lines: list[str]) -> str:
    return "\n".join([title, *(f"  {line}" for line in lines)])
