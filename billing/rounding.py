"""Rounding: once per scope, then the added (or removed) seconds go to parts by a named rule.

A mode, a scope or a surplus rule is a function and a line in a literal registry. Zero seconds bill nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from streams.models.catalog import Rounding

Scope = tuple[str | int, ...]


def up(seconds: int, increment: int) -> int:
    """901 s up to 900: 1800; an exact multiple stays."""
    return -(-seconds // increment) * increment


def last_segment(seconds: Sequence[int], quantity: int) -> list[int]:
    """All of it to the last part that was worked; what a reduction cannot take there, to those before it."""
    billed = list(seconds)
    surplus = quantity - sum(billed)
    for i in reversed(range(len(billed))):
        if seconds[i] > 0 and surplus:
            taken = max(surplus, -billed[i])
            billed[i] += taken
            surplus -= taken
    return billed


def entry(policy: str, work: str, contract: str, ticket: str, day: int) -> Scope:
    """One piece of work, over midnight and month ends."""
    return "entry", policy, work


def ticket_day(policy: str, work: str, contract: str, ticket: str, day: int) -> Scope:
    """Contract, policy, ticket and local date, over all technicians; without a ticket the work alone."""
    return ("ticket_day", policy, contract, ticket, day) if ticket else entry(policy, work, contract, ticket, day)


MODES: dict[str, Callable[[int, int], int]] = {"up": up}
SURPLUS: dict[str, Callable[[Sequence[int], int], list[int]]] = {"last_segment": last_segment}
SCOPES: dict[str, Callable[[str, str, str, str, int], Scope]] = {"entry": entry, "ticket_day": ticket_day}
BY_DAY = frozenset({"ticket_day"})  # scopes that end at local midnight


def quantity(policy: Rounding, seconds: int) -> int:
    """Seconds to bill for what was worked in one scope: ``max(minimum, rounded)``. min 20, up 15: 5 min → 20."""
    if seconds <= 0:
        return 0
    increment = policy.increment_minutes * 60
    rounded = MODES[policy.mode](seconds, increment) if increment else seconds
    return max(policy.minimum_minutes * 60, rounded)


def distribute(policy: Rounding, seconds: Sequence[int]) -> list[int]:
    """Billed seconds of each part of a scope, in time order; they sum to the scope's quantity."""
    return SURPLUS["last_segment"](seconds, quantity(policy, sum(seconds)))
