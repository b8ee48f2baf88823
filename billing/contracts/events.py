"""What happens to balances beside draw-downs: data for charges, alerts and explanations. Exact; nothing is rounded."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal, NamedTuple

from billing.contracts.lots import NONE, Unit

What = Literal["expired", "forfeited", "overage", "alert"]


class BalanceEvent(NamedTuple):
    """One thing that happened at an instant ``at`` (epoch seconds), in order of time.

    ``quantity`` in ``unit`` (seconds, major units of money, incidents); ``value`` in major units of money, None where
    nobody said what was paid.

    * ``expired``: so much of ``lot`` was left when it ended. 10 h for 1200.00, 3 h left: 360.00.
    * ``forfeited``: so much of ``lot`` may not roll into the cycle that begins.
    * ``overage``: so much was owed and is neither offset nor carried further; ``seconds`` of work at ``rate`` an hour
      of ``line``, in ``currency``; all pieces of one price together. ``reason``: why it has no price.
    * ``alert``: ``percent`` of what there was is used; ``work`` crossed the line, ``quantity`` of ``size``.
    """

    what: What
    contract: str
    at: int
    unit: Unit
    quantity: Fraction
    value: Fraction | None = None
    lot: str = ""
    size: Fraction = NONE  # of the lot, or of what there was
    price: Fraction | None = None  # of the whole lot
    granted: bool = False
    seconds: Fraction = NONE
    rate: str = ""
    line: str = ""
    currency: str = ""
    exponent: int = 2
    reason: str = ""
    percent: str = ""
    work: str = ""
    why: str = ""  # in words, for the explanation


class Debt(NamedTuple):
    """What is owed for one stretch of work: ``quantity`` of the balance's unit and ``seconds`` of work, and the price
    of each unit of it where a cycle cannot take it back."""

    quantity: Fraction
    seconds: Fraction
    each: Fraction | None  # major units of money
    rate: str
    line: str
    currency: str
    exponent: int
    reason: str
    work: str

    def part(self, quantity: Fraction) -> Debt:
        """So much of it."""
        return self._replace(quantity=quantity, seconds=self.seconds * quantity / self.quantity)


def overages(contract: str, at: int, unit: Unit, debts: list[Debt], why: str) -> list[BalanceEvent]:
    """What is owed, as lines: one for each price."""
    found: dict[tuple[str, ...], BalanceEvent] = {}
    for one in debts:
        value = None if one.each is None else one.quantity * one.each
        key = one.line, one.rate, one.currency, one.reason
        held = found.get(key)
        if held is None:
            found[key] = BalanceEvent(
                "overage", contract, at, unit, one.quantity, value, seconds=one.seconds, rate=one.rate,
                line=one.line, currency=one.currency, exponent=one.exponent, reason=one.reason, why=why,
            )  # fmt: skip
        else:
            total = None if held.value is None or value is None else held.value + value
            quantity, seconds = held.quantity + one.quantity, held.seconds + one.seconds
            found[key] = held._replace(quantity=quantity, seconds=seconds, value=total)
    return list(found.values())
