"""What work brought under which contract: the rated lines that commitments, discounts and projects look at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from billing.calendar import Zone
from billing.charge import Charge
from billing.contracts.accounts import Accounts
from billing.rate_cut import Row


class Used(NamedTuple):
    """One rated line. ``day`` and ``period`` are the client's, of its first second; ``amount`` in minor units."""

    start: int
    work: str
    contract: str
    day: int
    date: str
    period: str
    currency: str
    amount: int


@dataclass(slots=True)
class Remembered:
    """What all work of a client leaves behind for its charges; empty where none of them depends on it."""

    usage: list[Used] = field(default_factory=list)
    accounts: Accounts = field(default_factory=Accounts)


def used(row: Row, money: Charge, zone: Zone) -> Iterator[Used]:
    """The lines of a row."""
    for run, segment in zip(money.runs, money.segments, strict=True):
        terms, day = run.parts[0].terms, zone.day(segment.start)
        yield Used(
            segment.start,
            row.work.id,
            terms.contract,
            day.ordinal,
            day.date,
            row.period,
            terms.currency,
            segment.amount,
        )
