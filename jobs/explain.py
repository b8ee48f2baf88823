"""An entry as an accountant reads it: evidence, link, contract, tiers, rounding, rate, sum."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from jobs.output import amount_text, duration, money
from streams.models.entry import Entry
from streams.models.ids import label
from streams.models.work import Proof, Step

Intervals = Mapping[str, Mapping[str, Any]]

SECTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Evidence", ("evidence", "end", "join", "clip", "share")),
    ("Charge", ("charge",)),
    ("Link", ("link",)),
    ("Contract", ("contract",)),
    ("Project", ("project",)),
    ("Script", ("script",)),
    ("Tiers", ("tier", "emergency")),
    ("Rounding", ("rounding",)),
    ("Balance", ("balance",)),
    ("Rate", ("rate",)),
    ("Promises", ("concurrency", "free_first", "fee", "floor", "limit")),
    ("Sum", ("amount",)),
    ("Cost", ("cost",)),
    ("At risk", ("risk",)),
)
KINDS = {"ticket_timer": "timer", "remote_session": "session", "script_run": "script run"}
ENDS = {"interval": "as one record", "derived": "end worked out from its length", "open": "no stop came"}
REPORTED = re.compile(r"~[^\s:]+:[^\s:]+:[^\s,;]+")  # the id of what a tool reported


def explanation(entry: Entry, intervals: Intervals | None = None) -> str:
    """Plain text. ``intervals`` are rows of the intervals the entry rests on, as far as they are known."""
    known = {op for _, ops in SECTIONS for op in ops}
    parts = [_head(entry)]
    for title, ops in SECTIONS:
        steps = [step for step in entry.trail if step.op in ops]
        body = _body(title, entry, steps, intervals or {})
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
        ("project", entry.project),
    ]  # fmt: skip
    lines = [
        f"Entry {entry.id}",
        _outcome(entry),
        f"{entry.charge.replace('_', ' ')} of {entry.local_date}" if entry.charge else f"{person}, {_when(entry)}",
        " · ".join(f"{name} {value}" for name, value in about if value),
    ]
    if who.row_class != "regular":
        lines.append(f"{who.row_class} of what was booked in {who.corrects_period}")
    if entry.flags:
        lines.append("look at: " + ", ".join(entry.flags))
    return "\n".join(lines)


def _outcome(entry: Entry) -> str:
    text = entry.disposition + (f" ({entry.reason})" if entry.reason else "")
    text += "" if entry.charge else f": {duration(entry.quantity_seconds)}"
    if entry.amount or entry.disposition == "billed":
        text += f", {amount_text(entry.amount, entry.exponent, entry.currency)}"
    if entry.risk_amount:
        text += f", at risk {amount_text(entry.risk_amount, entry.exponent, entry.risk_currency)}"
    return text + (", recovered: no timer covers it" if entry.recovered else "")


def _zone(entry: Entry) -> ZoneInfo:
    return ZoneInfo(entry.zone or "UTC")


def _when(entry: Entry) -> str:
    start, end = (datetime.fromtimestamp(at, _zone(entry)) for at in (entry.start, entry.end))
    return f"{_from_to(start, end)} ({entry.zone or 'UTC'})"


def _from_to(start: datetime, end: datetime) -> str:
    until = end.strftime("%H:%M:%S" if end.date() == start.date() else "%Y-%m-%d %H:%M:%S")
    return f"{start.strftime('%Y-%m-%d %H:%M:%S')} to {until}"


def _body(title: str, entry: Entry, steps: list[Step], intervals: Intervals) -> list[str]:
    """The lines of a section. What figures say already, no step says again."""
    if title == "Evidence":
        return _evidence(entry, steps, intervals)
    if title == "Rounding":
        return [] if entry.charge else _rounding(entry, steps)
    if title == "Sum":
        return _sum(entry, steps)
    if title == "Cost":
        return _cost(entry, steps)
    return [line for step in steps for line in _step(step)]


def _cost(entry: Entry, steps: list[Step]) -> list[str]:
    """What it cost us and what is left; why there is no margin, where cost is known at all."""
    lines = [line for step in steps for line in _step(step)]
    if entry.margin is not None:
        return [*lines, f"margin {amount_text(entry.margin, entry.exponent, entry.currency)}"]
    return [*lines, f"no margin: {entry.cost_reason}"] if lines else []


def _evidence(entry: Entry, steps: list[Step], intervals: Intervals) -> list[str]:
    own = {word for step in steps if step.op == "evidence" for word in step.before.split()}
    below = {proof.interval for proof in entry.proof if own and proof.interval not in own}
    lines: list[str] = []
    for proof in sorted(entry.proof, key=lambda proof: proof.interval in below):
        lines += _proof(proof, intervals.get(proof.interval), _zone(entry), proof.interval in below)
    seen = bool(entry.proof) and all(proof.interval in intervals for proof in entry.proof)
    told = [step for step in steps if not (seen and step.op == "evidence")]
    return lines + [line for step in told for line in _step(step, name=step.op != "evidence")]


def _proof(proof: Proof, seen: Mapping[str, Any] | None, zone: ZoneInfo, below: bool) -> list[str]:
    """One interval; one that is ``below`` lies under the others."""
    kind = KINDS.get(proof.kind, proof.kind)
    if not seen:
        return [f"{kind} from {proof.source}: {duration(proof.seconds)} (interval {proof.interval})"]
    start, end = (
        at and at.replace(tzinfo=at.tzinfo or UTC).astimezone(zone) for at in (seen["started_at"], seen["ended_at"])
    )
    when = _from_to(start, end) if end else f"from {start.strftime('%Y-%m-%d %H:%M:%S')}"
    whole = f" of {duration(seen['seconds'])}" if end and proof.seconds < seen["seconds"] else ""
    events = len(seen["evidence"])
    about = [f"  interval {proof.interval}", ENDS.get(seen["close"], f"ended by {seen['close']}")]
    about += [f"{events} event{'' if events == 1 else 's'}"] if events else []
    about += [f"look at: {', '.join(seen['flags'])}"] if seen["flags"] else []
    counted = ", covered: adds no time" if below else ""
    return [f"{kind} from {proof.source}, {when}: {duration(proof.seconds)}{whole}{counted}", ", ".join(about)]


def _rounding(entry: Entry, steps: list[Step]) -> list[str]:
    worked, added = entry.worked_seconds, entry.rounding_seconds
    sign = "+" if added >= 0 else "-"
    text = f"worked {duration(worked)} {sign} rounding {duration(abs(added))} = {duration(entry.quantity_seconds)}"
    if len(steps) == 1:
        return [text + _rule(steps[0])]
    return [text, *(line for step in steps for line in _step(step))]


def _sum(entry: Entry, steps: list[Step]) -> list[str]:
    """Each segment with its rule; the exact amount where it was rounded. Nothing where nothing was priced."""
    if not any(line.rate or line.fee for line in entry.segments):
        return [line for step in steps for line in _step(step)]
    matched = len(steps) == len(entry.segments) and not entry.mixed
    lines = []
    for place, one in enumerate(entry.segments):
        total = amount_text(one.amount, entry.exponent, entry.currency)
        text = f"{one.tier}  {duration(one.billed_seconds)}"
        if one.rate or one.fee:
            text += f" × {one.rate}/h" if one.rate else ""
            text += (f" + {one.fee}" if one.fee else "") + f" = {total}"
            text += _exactly(one.exact, money(one.amount, entry.exponent))
        text += f": {one.disposition}" if one.disposition else ""
        text += f", {one.reason}" if one.reason else ""
        lines.append(text + (_rule(steps[place]) if matched else ""))
    if len(lines) > 1:
        lines.append(
            f"total = {amount_text(sum(one.amount for one in entry.segments), entry.exponent, entry.currency)}"
        )
    return lines if matched else lines + [line for step in steps for line in _step(step)]


def _exactly(exact: str, rounded: Decimal) -> str:
    return f" (exactly {exact})" if exact and Decimal(exact) != rounded else ""


def _step(step: Step, name: bool = False) -> list[str]:
    """One step: what was and became, by which rule and why; then who lost."""
    before = step.before if step.op != "tier" else ""  # the tiers add up to it
    change = " → ".join(part for part in (before, step.after) if part) or "none"
    text = f"{step.op}: {change}" if name else change
    return [_readable(text) + _rule(step), *(f"  not: {_readable(other)}" for other in step.lost)]


def _rule(step: Step) -> str:
    return (f" [{step.rule}]" if step.rule else "") + (f": {_readable(step.why)}" if step.why else "")


def _readable(text: str) -> str:
    return REPORTED.sub(lambda found: label(found[0]), text)


def _section(title: str, lines: list[str]) -> str:
    return "\n".join([title, *(f"  {line}" for line in lines)])
