"""Who gets what rounding adds or removes: a rule is a function and a line in ``SURPLUS``.

Each takes the shares of one scope in time order, the scope's quantity and the policy, and gives the seconds billed for
each share; they sum to the quantity (``each_segment`` makes its own).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import NamedTuple

from billing.money import Rate, allocate
from billing.rounding import quantity_of, up
from billing.stacking import worth
from streams.models.catalog import Rounding


class Share(NamedTuple):
    """One part of a scope: seconds worked, price (None: not priced), and the segment it belongs to."""

    seconds: int
    rate: Rate | None
    segment: object


def last_segment(shares: Sequence[Share], quantity: int, policy: Rounding) -> list[int]:
    """All of it to the last part that was worked; what a reduction cannot take there, to those before it."""
    return hand_out([one.seconds for one in shares], quantity, range(len(shares) - 1, -1, -1))


def pro_rata(shares: Sequence[Share], quantity: int, policy: Rounding) -> list[int]:
    """In proportion to what was worked, to the second: largest remainder first. 10 + 4 min to 15: 643 s + 257 s."""
    seconds = [one.seconds for one in shares]
    return allocate(quantity, seconds) if any(seconds) else last_segment(shares, quantity, policy)


def highest_rate(shares: Sequence[Share], quantity: int, policy: Rounding) -> list[int]:
    """To the dearest part, of equal ones the last; what cannot be taken there, from the next dearest."""
    order = sorted(range(len(shares)), key=lambda i: (worth(shares[i].rate), i), reverse=True)
    return hand_out([one.seconds for one in shares], quantity, order)


def each_segment(shares: Sequence[Share], quantity: int, policy: Rounding) -> list[int]:
    """Every segment is rounded alone, minimum included; the scope comes to their sum."""
    billed: list[int] = []
    for _, run in groupby(shares, key=lambda one: one.segment):
        part = list(run)
        billed += last_segment(part, quantity_of(policy, sum([one.seconds for one in part])), policy)
    return billed


def first_swallows(shares: Sequence[Share], quantity: int, policy: Rounding) -> list[int]:
    """The first part is stretched to whole increments (or the minimum) and takes that time from those behind it."""
    billed: list[int] = []
    ends = used = 0
    for one in shares:
        ends += one.seconds
        over = ends - used
        mine = 0
        if one.seconds and over > 0 and used < quantity:
            mine = up(over, policy.increment, 0) if policy.increment else over
            mine = min(mine if used else max(mine, policy.minimum), quantity - used)
        used += mine
        billed.append(mine)
    first = next((i for i, one in enumerate(shares) if one.seconds), len(shares) - 1)
    billed[first] += quantity - used
    return billed


SURPLUS: dict[str, Callable[[Sequence[Share], int, Rounding], list[int]]] = {
    "last_segment": last_segment,
    "pro_rata": pro_rata,
    "highest_rate": highest_rate,
    "each_segment": each_segment,
    "first_swallows": first_swallows,
}


def distribute(policy: Rounding, shares: Sequence[Share], quantity: int | None = None) -> list[int]:
    """Billed seconds of each part of a scope, in time order; they sum to the scope's quantity."""
    if quantity is None:
        return SURPLUS[policy.surplus](shares, quantity_of(policy, sum([one.seconds for one in shares])), policy)
    rule = "last_segment" if policy.surplus == "each_segment" else policy.surplus
    return SURPLUS[rule](shares, quantity, policy)


def hand_out(seconds: Sequence[int], quantity: int, order: Sequence[int]) -> list[int]:
    """Give (or take) the difference to the first part in ``order`` that was worked, and to the next where one has
    no more to give."""
    billed = list(seconds)
    surplus = quantity - sum(billed)
    worked = [i for i in order if seconds[i] > 0] or list(order)
    for i in worked:
        taken = max(surplus, -billed[i])
        billed[i] += taken
        surplus -= taken
        if not surplus:
            break
    return billed
