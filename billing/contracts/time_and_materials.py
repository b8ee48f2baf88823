"""Time and materials: every hour is billed at its rate."""

from __future__ import annotations

from streams.models.catalog import Contract
from streams.models.entry import Disposition


def time_and_materials(contract: Contract) -> Disposition:
    """What becomes of priced work under this contract."""
    return "billed"
