"""From the parameters of a URL to a question the ledger can answer, or to a page that helps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import Query, Request

from streams.settings import TENANT, Settings
from web.auth import User
from web.ledger import Reading
from web.question import ALL, Question, well_formed
from web.show import month

Text = Annotated[str | None, Query(max_length=300)]


class NotThere(Exception):  # noqa: N818
    """What was asked for does not exist. ``ways`` are (words, URL) that do."""

    def __init__(self, title: str, message: str, ways: list[tuple[str, str]] | None = None) -> None:
        super().__init__(message)
        self.title = title
        self.message = message
        self.ways = ways or []


@dataclass(frozen=True)
class Asked:
    """An open ledger and a question it can answer; without ``periods`` there is nothing in it yet."""

    settings: Settings
    reading: Reading
    question: Question
    tenants: list[str]
    periods: list[str]


@dataclass(frozen=True)
class Parameters:
    tenant: str | None
    period: str | None
    client: str | None
    technician: str | None
    disposition: str | None
    reason: str | None
    recovered: bool | None
    page: int


def parameters(
    tenant: Annotated[str | None, Query(description="Without it the one of the settings, else the first.")] = None,
    period: Annotated[str | None, Query(description="2026-03, or `all`; without it the latest month.")] = None,
    client: Annotated[str | None, Query(max_length=300, description="Empty: client not known.")] = None,
    technician: Annotated[str | None, Query(max_length=300, description="Empty: technician not known.")] = None,
    disposition: Text = None,
    reason: Text = None,
    recovered: bool | None = None,
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
) -> Parameters:
    return Parameters(tenant, period or None, client, technician, disposition, reason, recovered, page)


@contextmanager
def open_ledger(request: Request, tenant: str | None) -> Iterator[tuple[Reading, list[str]]]:
    """The ledger of the user's tenant, and which tenants they may see. A connection a request: 15 ms and no state."""
    settings: Settings = request.app.state.settings
    user: User = request.state.user
    with Reading(settings, user.tenant) as reading:
        tenants = reading.tenants() if user.single else [user.tenant]
        reading.tenant = _tenant(tenant or None, user.tenant, tenants)
        yield reading, tenants


def _tenant(wanted: str | None, usual: str, there: list[str]) -> str:
    if wanted is None:
        return usual if usual in there or not there else there[0]
    if wanted in there or wanted == usual:
        return wanted
    shown = wanted if re.match(TENANT, wanted) else "of that name"
    ways = [(f"Leakage of {name}", Question(name).url()) for name in there[:20]]
    raise NotThere("No such tenant", f"There is no tenant {shown} in this ledger.", ways)


def find_period(wanted: str | None, question: Question, periods: list[str]) -> str:
    """The month asked for, else the latest. Raises NotThere."""
    if wanted is None:
        return periods[0] if periods else ALL
    if wanted == ALL or wanted in periods:
        return wanted
    known = [(month(name), question.url(period=name)) for name in periods[:12]]
    if not well_formed(wanted):
        raise NotThere("No such month", "A month is written as 2026-03.", known)
    raise NotThere("Nothing in this month", f"The ledger of {question.tenant} has no entry in {wanted}.", known)
