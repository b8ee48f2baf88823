"""Emergency by facts: what a ticket said at the time of the work, and which tiers follow from it.

A fact that nobody knows never raises a price: it fulfils no condition, and leaves open whether a waiver applies.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from billing.aliases import seconds_of
from streams.models.catalog import Condition, EmergencyRule, Ticket
from streams.models.work import Urgency

_UNKNOWN = Urgency(0)
_EVER = -(1 << 62)


def urgency_of(ticket: Ticket | None, start: int, end: int) -> tuple[Urgency, ...]:
    """The ticket's facts over ``[start, end]``: what held at the start, and every change inside."""
    if ticket is None:
        return ()
    moments = {max(one.at, start): one for one in _history(ticket) if one.at <= start or one.at < end}
    found: list[Urgency] = []
    for at, one in sorted(moments.items()):
        if _at(one, 0) != (_at(found[-1], 0) if found else _UNKNOWN):
            found.append(_at(one, at))
    return tuple(found)


def stretches(facts: Sequence[Urgency], start: int, end: int) -> Iterator[tuple[int, int, Urgency]]:
    """``[start, end)`` cut where the facts change, each stretch with what held."""
    begin, held = start, _UNKNOWN
    for one in facts:
        if begin < one.at < end:
            yield begin, one.at, held
            begin = one.at
        if one.at <= begin:
            held = one
    yield begin, end, held


def waivers_at(facts: Sequence[Urgency], at: int) -> set[str]:
    """Why no emergency price, top-up or fee is asked for at an instant."""
    return set(facts_at(facts, at).waivers)


def emergencies(rules: Sequence[EmergencyRule], facts: Urgency, within: str) -> list[str]:
    """Tiers that hold beside the calendar's, in the order of the rules. ``within`` is the calendar's tier."""
    return [
        rule.tier
        for rule in rules
        if _holds(rule.when, facts, within) is True
        and (rule.waived_when is None or _holds(rule.waived_when, facts, within) is False)
    ]


def undecided(rules: Sequence[EmergencyRule], facts: Urgency, within: str) -> dict[str, tuple[str, ...]]:
    """Tiers that would hold if facts nobody knows were as their rules ask, and those facts."""
    found: dict[str, tuple[str, ...]] = {}
    for rule in rules:
        when = _holds(rule.when, facts, within)
        waived = False if rule.waived_when is None else _holds(rule.waived_when, facts, within)
        if when is False or waived is True or (when is True and waived is False):
            continue
        missing = [*_missing(rule.when, facts), *(_missing(rule.waived_when, facts) if rule.waived_when else ())]
        found[rule.tier] = tuple(dict.fromkeys((*found.get(rule.tier, ()), *missing)))
    return found


def _missing(condition: Condition, facts: Urgency) -> list[str]:
    """Facts that a condition asks for and nobody knows."""
    asked = (
        ("priority", bool(condition.priority), facts.priority),
        ("requested_by", bool(condition.requested_by), facts.requested_by),
        ("scheduled", condition.scheduled is not None, facts.scheduled),
        ("response_target_minutes", condition.response_target_below_minutes is not None, facts.response_target),
    )
    return [name for name, wanted, value in asked if wanted and value is None]


def facts_at(facts: Sequence[Urgency], at: int) -> Urgency:
    """What is known at an instant."""
    held = [one for one in facts if one.at <= at]
    return held[-1] if held else _UNKNOWN


def facts_text(facts: Urgency) -> str:
    """As an explanation says it: "priority P1, requested by customer"."""
    parts = [f"priority {facts.priority}"] if facts.priority is not None else []
    parts += [f"requested by {facts.requested_by}"] if facts.requested_by is not None else []
    parts += ["scheduled" if facts.scheduled else "not scheduled"] if facts.scheduled is not None else []
    parts += [f"response target {facts.response_target} min"] if facts.response_target is not None else []
    parts += [f"waivers {', '.join(facts.waivers)}"] if facts.waivers else []
    return ", ".join(parts)


def _holds(condition: Condition, facts: Urgency, within: str) -> bool | None:
    """True, False, or None where a fact that decides is unknown. A condition that names nothing never holds."""
    verdicts: list[bool | None] = []
    if condition.priority:
        verdicts.append(None if facts.priority is None else facts.priority in condition.priority)
    if condition.requested_by:
        verdicts.append(None if facts.requested_by is None else facts.requested_by in condition.requested_by)
    if condition.scheduled is not None:
        verdicts.append(None if facts.scheduled is None else facts.scheduled == condition.scheduled)
    if condition.response_target_below_minutes is not None:
        target = facts.response_target
        verdicts.append(None if target is None else target < condition.response_target_below_minutes)
    if condition.waivers:
        verdicts.append(any(one in facts.waivers for one in condition.waivers))
    if condition.within:
        verdicts.append(within in condition.within)
    if not verdicts or False in verdicts:
        return False
    return None if None in verdicts else True


def _history(ticket: Ticket) -> Iterator[Urgency]:
    """The ticket's facts by instant, from the beginning on; of two changes at one instant the later one listed."""
    now = Urgency(
        _EVER,
        ticket.priority,
        ticket.requested_by,
        ticket.scheduled,
        ticket.response_target_minutes,
        tuple(ticket.waivers or ()),
    )
    yield now
    for change in sorted(ticket.changes, key=lambda one: seconds_of(one.at, _EVER)):
        now = Urgency(
            seconds_of(change.at, _EVER),
            now.priority if change.priority is None else change.priority,
            now.requested_by if change.requested_by is None else change.requested_by,
            now.scheduled if change.scheduled is None else change.scheduled,
            now.response_target if change.response_target_minutes is None else change.response_target_minutes,
            now.waivers if change.waivers is None else tuple(change.waivers),
        )
        yield now


def _at(one: Urgency, at: int) -> Urgency:
    return Urgency(at, one.priority, one.requested_by, one.scheduled, one.response_target, one.waivers)
