"""Hours, retainers, incidents: the balance takes the work first; ``billing.draw`` says how much of it."""

from __future__ import annotations

from streams.models.catalog import Contract
from streams.models.entry import Disposition


def prepaid(contract: Contract) -> Disposition:
    """What becomes of work under this contract as long as the balance lasts."""
    return "covered"
