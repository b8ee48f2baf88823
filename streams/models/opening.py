"""Where the balances of a contract stand when a statement begins: what the next one starts from.

Quantities are exact text: "36000", or a fraction such as "7/3". Seconds of hours, major units of money, incidents.
Days are ordinals of the client's calendar.
"""

from __future__ import annotations

import msgspec


class LotOpening(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One lot that has begun and not ended."""

    id: str
    unit: str
    start: int
    end: int
    size: str
    left: str
    priority: int = 0
    granted: bool = False
    cycle: int | None = None
    price: str | None = None
    rolled: str = "0"
    offset: str = "0"
    forfeited: str = "0"


class DebtOpening(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What is owed for one stretch of work, and the price of each unit of it."""

    quantity: str
    seconds: str
    each: str | None = None
    rate: str = ""
    line: str = ""
    currency: str = ""
    exponent: int = 2
    reason: str = ""
    work: str = ""


class Opening(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One contract. ``incidents``: what became of each, in order."""

    schema: int = 1
    contract: str
    lots: tuple[LotOpening, ...] = ()
    debts: tuple[DebtOpening, ...] = ()
    cycle: int | None = None
    ended: bool = False
    next: int = 0  # the next day on which anything begins or ends
    over: dict[str, str] = {}
    there: dict[str, str] = {}
    told: tuple[tuple[str, str], ...] = ()
    incidents: tuple[tuple[str, str], ...] = ()
