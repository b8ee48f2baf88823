"""What is rounded together: a scope is a function and a line in ``SCOPES``.

Every scope lies inside one client and one policy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from streams.models.catalog import Rounding

Scope = tuple[str | int, ...]


class Where(NamedTuple):
    """What decides the scope of a part. ``day`` and ``period`` are the client's; "" is unknown."""

    policy: str
    work: str
    contract: str
    ticket: str
    technician: str
    day: int
    period: str
    project: str = ""


def entry(at: Where) -> Scope:
    """One piece of work, over midnight and month ends."""
    return "entry", at.policy, at.work


def ticket(at: Where) -> Scope:
    """Contract, policy and ticket, over all technicians and days; without a ticket the work alone."""
    return ("ticket", at.policy, at.contract, at.ticket) if at.ticket else entry(at)


def ticket_day(at: Where) -> Scope:
    """Contract, policy, ticket and local date, over all technicians; without a ticket the work alone."""
    return ("ticket_day", at.policy, at.contract, at.ticket, at.day) if at.ticket else entry(at)


def client_day(at: Where) -> Scope:
    """Policy and local date: all that is done for the client on a day."""
    return "client_day", at.policy, at.day


def tech_day(at: Where) -> Scope:
    """Policy, technician and local date, for this client; of nobody known the work alone."""
    return ("tech_day", at.policy, at.technician, at.day) if at.technician else entry(at)


def project_day(at: Where) -> Scope:
    """Policy, project and local date, over all tickets and technicians; outside of projects the work alone."""
    return ("project_day", at.policy, at.project, at.day) if at.project else entry(at)


def period(at: Where) -> Scope:
    """Contract, policy and the client's local month."""
    return "period", at.policy, at.contract, at.period


SCOPES: dict[str, Callable[[Where], Scope]] = {
    "entry": entry,
    "ticket": ticket,
    "ticket_day": ticket_day,
    "client_day": client_day,
    "tech_day": tech_day,
    "project_day": project_day,
    "period": period,
}
BY_DAY = frozenset({"ticket_day", "client_day", "tech_day", "project_day"})  # scopes that end at local midnight


def scope_of(policy: Rounding, at: Where) -> Scope:
    """The key of what is rounded together. Instants are rounded for each piece of work."""
    return entry(at) if policy.basis == "instants" else SCOPES[policy.scope](at)
