"""How much a scope comes to: modes, minimums, first blocks, instants. Zero seconds bill nothing unless told to.

A mode is a function and a line in ``MODES``; ``billing.scopes`` says what is rounded together, ``billing.surplus`` who
gets what rounding adds.
"""

from __future__ import annotations

from collections.abc import Callable

from streams.models.catalog import Rounding


def up(seconds: int, increment: int, _slack: int) -> int:
    """901 s up to 900: 1800; an exact multiple stays."""
    return -(-seconds // increment) * increment


def down(seconds: int, increment: int, _slack: int) -> int:
    return seconds // increment * increment


def nearest(seconds: int, increment: int, _slack: int) -> int:
    """A half goes up."""
    return (2 * seconds + increment) // (2 * increment) * increment


def half_down(seconds: int, increment: int, _slack: int) -> int:
    """The nearest; a half goes down."""
    return -((increment - 2 * seconds) // (2 * increment)) * increment


def threshold(seconds: int, increment: int, slack: int) -> int:
    """Up from ``slack`` over a multiple, down below. 30 min with 5: 34 → 30, 38 → 60."""
    whole, rest = divmod(seconds, increment)
    return (whole + (rest >= slack and rest > 0)) * increment


def grace(seconds: int, increment: int, slack: int) -> int:
    """Up, but ``slack`` over a multiple is forgiven. 30 min with 3: 32 → 30, 34 → 60."""
    whole, rest = divmod(seconds, increment)
    return (whole + (rest > slack)) * increment


def exact(seconds: int, _increment: int, _slack: int) -> int:
    return seconds


MODES: dict[str, Callable[[int, int, int], int]] = {
    "up": up,
    "down": down,
    "nearest": nearest,
    "half_down": half_down,
    "threshold": threshold,
    "grace": grace,
    "exact": exact,
}


def quantity_of(policy: Rounding, seconds: int) -> int:
    """Seconds to bill for what was worked in one scope.

    ``max(minimum, rounded)``: min 20, up 15: 5 min → 20. With ``order: minimum_then_round`` 30. Increments count from
    zero; from the minimum with that ``anchor`` (25 min → 35), and always from the end of a first block.
    """
    if seconds <= 0:
        return policy.minimum if policy.min_applies_to_zero else 0
    if policy.order == "minimum_then_round":
        seconds = max(policy.minimum, seconds)
    base = policy.minimum if policy.anchor == "minimum" else policy.first_block
    rounded = base + rounding_of(policy, seconds - base) if seconds > base else base
    return max(policy.minimum, rounded)


def rounding_of(policy: Rounding, seconds: int) -> int:
    return MODES[policy.mode](seconds, policy.increment, policy.slack) if policy.increment else seconds


def instants(policy: Rounding, begin: int, end: int, seconds: int) -> int:
    """Seconds to bill for work from ``begin`` to ``end``, both in seconds after midnight by the local clock, whose
    grid starts there; ``seconds`` were worked, without pauses."""
    if seconds <= 0 or not policy.increment:
        return quantity_of(policy, seconds)
    first = MODES[policy.begin](begin, policy.increment, 0)
    last = MODES[policy.end](end, policy.increment, 0)
    return max(policy.minimum, seconds + (begin - first) + (last - end), 0)
