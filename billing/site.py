"""At which site of a client work was done."""

from __future__ import annotations

from billing.directory import Directory
from streams.models.catalog import Ticket


def site_of(directory: Directory, ticket: Ticket | None, device: str | None, at: int) -> str:
    """The site that the ticket names, else that of the device at its owner then; "" where neither is told."""
    if ticket is not None and ticket.site:
        return ticket.site
    held = directory.device_holds(device)
    if held is None:
        return ""
    owner = directory.client_of_device(device, at)
    moved = [move.site for move in held.moves if directory.named_client(move.client) == owner]
    return (moved[-1] if moved else held.site) or ""
