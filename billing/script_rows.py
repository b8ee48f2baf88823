"""Rows of script runs: what their policy adds is rounding, fees are money only, and no human second is in them.

A flat policy of 5 minutes at 150.00/h: worked 0, rounding 5 min, 12.50; the half hour that the machine ran stands in
``machine_seconds``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from msgspec.structs import replace as replace_step

from billing.free_first import in_order
from billing.money import ZERO, Rate, plus, rate_of, rate_text, times
from billing.rate_cut import Part, Row, cut, dispose, settle
from billing.rate_terms import ClientTerms
from billing.rates import Price
from billing.rounding import quantity_of
from billing.trail import duration
from streams.models.catalog import ScriptPolicy
from streams.models.work import Script, Step, Work

BEYOND = "fan_out_cap"
COUNTED = "device_counted"


def rows_of(work: Work, terms: ClientTerms) -> list[Row]:
    """Rows of a piece of work; of a run that no policy prices (any more) none."""
    verdict = terms.verdict_of(work)
    if work.script is None:
        return cut(work, terms, verdict)
    layer = terms.layer(work.start)
    policy, rounding, lost = layer.script(work.script.names, work.start)
    if policy is None or not policy.beside_people:
        return []
    if policy.bill != "runtime" or not work.script.machine:
        rows = cut(work, terms, verdict, script=policy.id)
        _lay(rows[0].parts[0], work.script, policy, layer)
    else:
        rows = cut(work, terms, verdict, work.script.machine, policy.id)
        parts = [part for row in rows for part in row.parts]
        for part in parts:
            part.machine = part.flat = part.seconds
            part.seconds = 0
        ran = sum([part.flat for part in parts])
        rounded = quantity_of(rounding, ran) if rounding else ran
        _hand_out(parts, rounded - ran)
        parts[0].steps = (_step(policy, work.script, duration(rounded)),)
    first = rows[0].parts[0]
    first.steps = tuple(replace_step(one, lost=lost) for one in first.steps)
    for row in rows:
        row.script = policy
        dispose(row)
    return rows


def _lay(part: Part, script: Script, policy: ScriptPolicy, terms: ClientTerms) -> None:
    """What a run costs that does not depend on how long it took."""
    part.machine, part.flat = script.seconds, policy.flat
    result = duration(policy.flat)
    if policy.fee is not None:
        own = policy.currency or terms.organisation.currency
        part.price, part.fee_currency = _price(policy, rate_of(policy.fee)), own
        result = f"{rate_text(rate_of(policy.fee), 2)} {own}"
    part.steps = (_step(policy, script, result),)


def _price(policy: ScriptPolicy, fee: Rate) -> Price:
    return Price(ZERO, "", f"{policy.id} fee", f"{policy.id}/script", flat=fee)


def _hand_out(parts: list[Part], difference: int) -> None:
    """Rounding goes to the last part; what it cannot give up, to those before it."""
    for part in reversed(parts):
        taken = max(difference, -part.flat)
        part.flat += taken
        difference -= taken


def _step(policy: ScriptPolicy, script: Script, after: str) -> Step:
    name = script.names[0] if script.names else "script"
    why = f"{name}: {policy.bill}"
    if policy.bill != "runtime" and not policy.add_always:
        why += "; no timer or session of the technician covers the run"
    return Step("script", before=f"{duration(script.seconds)} of machine time", after=after, rule=policy.id, why=why)


def cap_fan_outs(rows: Iterable[Row]) -> None:
    """Each device once, no more than the cap, over all devices of one run at this client; ``rows`` hold them all."""
    runs: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row.script is not None and row.script.bill == "per_device" and row.work.script and row.work.script.run:
            runs.setdefault((row.script.id, row.work.script.run), []).append(row)
    for run in runs.values():
        _cap(in_order(run))


def _cap(rows: list[Row]) -> None:
    seen: set[str] = set()
    seconds, fees = 0, ZERO
    for row in rows:
        policy, part = row.script, row.parts[0]
        if policy is None or part.disposition not in ("billed", "covered"):
            continue
        device = row.work.device or row.work.id
        if device in seen:
            part.flat, part.price, part.fee_currency = 0, None, ""
            part.disposition, part.reason = "no_charge", COUNTED
            why = f"run {row.work.script.run if row.work.script else ''} had this device already"
            part.steps = (*part.steps, Step("limit", after="0 min", rule=policy.id, why=why))
        elif part.money_only:
            fees = plus(fees, _cap_fee(row, part, policy, fees))
        else:
            seconds += _cap_seconds(row, part, policy, seconds)
        seen.add(device)
        settle(row)


def _cap_seconds(row: Row, part: Part, policy: ScriptPolicy, used: int) -> int:
    """What the cap leaves of a device's minutes; the rest of them becomes a capped part."""
    left = part.flat if policy.cap_minutes is None else max(0, min(part.flat, policy.cap_minutes * 60 - used))
    if left < part.flat:
        step = _capped(policy, duration(part.flat - left), duration(60 * (policy.cap_minutes or 0)))
        _beyond(row, replace(part, flat=part.flat - left), step, keep=left > 0)
        part.flat = left
    return left


def _cap_fee(row: Row, part: Part, policy: ScriptPolicy, used: Rate) -> Rate:
    fee = rate_of(policy.fee or Decimal(0))
    if policy.cap_fee is None:
        return fee
    left = plus(rate_of(policy.cap_fee), times(used, Decimal(-1)))
    rest = plus(fee, times(left, Decimal(-1)))
    if rest.units <= 0:
        return fee
    left = left if left.units > 0 else ZERO
    lost = plus(fee, times(left, Decimal(-1)))
    step = _capped(policy, rate_text(lost, 2), str(policy.cap_fee))
    _beyond(row, replace(part, price=_price(policy, lost)), step, keep=left.units > 0)
    part.price = _price(policy, left)
    return left


def _capped(policy: ScriptPolicy, lost: str, most: str) -> Step:
    why = f"at most {most} for one run over many devices"
    return Step("limit", after=f"{lost} capped", rule=policy.id, why=why)


def _beyond(row: Row, rest: Part, step: Step, keep: bool) -> None:
    """Put what is beyond a cap behind the part, or in its place."""
    rest.disposition, rest.reason = "capped", BEYOND
    rest.steps = (step,) if keep else (*rest.steps, step)
    if keep:
        rest.machine = 0
        row.parts.insert(1, rest)
    else:
        row.parts[0] = rest
