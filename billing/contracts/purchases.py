"""Lots that were bought by decision."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal, InvalidOperation

from streams.models.catalog import Lot
from streams.models.decision import Decision


def purchases_of(decisions: Iterable[tuple[str, Decision]]) -> dict[str, tuple[Lot, ...]]:
    """Lots by contract, from decisions by id; what is no purchase, or says no quantity or day, is left out."""
    found: dict[str, list[Lot]] = {}
    for id_, decision in sorted(decisions, key=lambda pair: pair[0]):
        lot = lot_of(id_, decision)
        if lot is not None:
            found.setdefault(decision.contract, []).append(lot)
    return {contract: tuple(lots) for contract, lots in found.items()}


def lot_of(id_: str, decision: Decision) -> Lot | None:
    """The lot of a purchase, named by the decision's id; None where it says none that can be drawn."""
    given = [decision.hours, decision.money, str(decision.incidents or "")]
    if decision.kind != "purchase" or not decision.contract or sum(map(bool, given)) != 1:
        return None
    try:
        hours, money, price = (
            Decimal(text) if text else None for text in (decision.hours, decision.money, decision.price)
        )
        begins = date.fromisoformat(decision.on)
        until = date.fromisoformat(decision.until) if decision.until else None
    except (InvalidOperation, ValueError):
        return None
    sizes = [one for one in (hours, money, price) if one is not None]
    if any(not one.is_finite() or one < 0 for one in sizes) or 0 in (hours, money):
        return None
    if decision.incidents < 0 or (until is not None and until <= begins):
        return None
    incidents = decision.incidents or None
    return Lot.model_construct(  # an id from a door need not be one of the catalogue
        id=id_, from_=begins, until=until, hours=hours, money=money, incidents=incidents, price=price
    )
