"""Contracts: a file a kind, and the choice of one. A kind is a function and a line in ``CONTRACTS``."""

from __future__ import annotations

from collections.abc import Callable

from billing.contracts.flat_fee import flat_fee
from billing.contracts.prepaid import prepaid
from billing.contracts.time_and_materials import time_and_materials
from streams.models.catalog import Contract
from streams.models.entry import Disposition

PREPAID = frozenset({"block_hours", "retainer", "per_incident"})  # kinds with a balance
CONTRACTS: dict[str, Callable[[Contract], Disposition]] = {
    "time_and_materials": time_and_materials,
    "flat_fee": flat_fee,
    "fixed_price": flat_fee,
    "block_hours": prepaid,
    "retainer": prepaid,
    "per_incident": prepaid,
}
