"""Flat fee and fixed price: what the contract takes is paid for already, hour by hour nothing is charged."""

from __future__ import annotations

from streams.models.catalog import Contract
from streams.models.entry import Disposition


def flat_fee(contract: Contract) -> Disposition:
    """What becomes of work under this contract, whether it has a price or not."""
    return "covered"
