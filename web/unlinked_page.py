"""Unlinked: work without a ticket, the money at risk, the tickets it could belong to."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from jobs.output import csv_text
from jobs.unlinked import COLUMNS, Unlinked, rows, unlinked
from streams.models.catalog import Ticket
from web.api import ERRORS
from web.asking import NotThere, open_ledger
from web.auth import User, require
from web.leakage import Money
from web.ledger import PAGE_ROWS
from web.overview_page import as_csv
from web.pages import templates
from web.problems import Refused
from web.question import Question
from web.timer_service import TimerService

router = APIRouter()
Reader = Annotated[User, Depends(require("analyst", "finance"))]
Tenant = Annotated[str | None, Query(description="Without it the one of the settings, else the first.")]
Month = Annotated[str | None, Query(pattern=r"^(\d{4}-(0[1-9]|1[0-2])|all|)$", description="2026-03; all without it.")]
TITLES_SECONDS = 3.0  # the log may be away; the page does without titles


@dataclass(frozen=True)
class Listed:
    tenant: str
    tenants: list[str]
    periods: list[str]
    rows: list[Unlinked]

    @property
    def risk(self) -> Money:
        total = Money()
        for one in self.rows:
            total.add(one.risk_currency, one.exponent, one.risk)
        return total


@router.get("/unlinked", include_in_schema=False)
async def page(
    request: Request, _user: Reader, tenant: Tenant = None, period: Month = None,
    number: Annotated[int, Query(alias="page", ge=1, le=1_000_000)] = 1,
) -> Response:  # fmt: skip
    found = await run_in_threadpool(_listed, request, tenant, _month(period))
    first = (number - 1) * PAGE_ROWS
    shown = found.rows[first : first + PAGE_ROWS]
    if first and not shown:
        raise NotThere("No such page", "The list is shorter.", [("First page", f"/unlinked?tenant={found.tenant}")])
    titles = await _titles(request, found.tenant, {s.ticket for one in shown for s in one.suggestions})
    context = {
        "rows": shown, "count": len(found.rows), "risk": found.risk.figures, "titles": titles, "first": first + 1,
        "pages": max(1, -(-len(found.rows) // PAGE_ROWS)), "page": number, "tenants": found.tenants,
        "question": Question(found.tenant, _month(period) or "all"), "periods": found.periods,
        "hinted": sum(1 for one in found.rows if one.suggestions),
    }  # fmt: skip
    return templates.TemplateResponse(request, "unlinked.html", context)


@router.get(
    "/unlinked.csv", tags=["ledger"], responses={200: {"content": {"text/csv": {}}}, **ERRORS}, response_class=Response,
    dependencies=[Depends(require("analyst", "finance", scope="ledger:read"))],
)  # fmt: skip
def unlinked_csv(request: Request, tenant: Tenant = None, period: Month = None) -> Response:
    """A line a piece of work without a ticket, with what it could be."""
    found = _listed(request, tenant, _month(period))
    return as_csv(csv_text(COLUMNS, rows(found.rows)), f"unlinked-{found.tenant}")


def _month(period: str | None) -> str | None:
    return None if period in (None, "", "all") else period


def _listed(request: Request, tenant: str | None, period: str | None) -> Listed:
    with open_ledger(request, tenant) as (reading, tenants):
        found = sorted(unlinked(reading, period), key=lambda one: (not one.risk, not one.suggestions))
        return Listed(reading.tenant, tenants, reading.periods(), found)


async def _titles(request: Request, tenant: str, tickets: Iterable[str]) -> dict[str, str]:
    """What the tickets are called, as far as the catalogue can be read in time."""
    wanted = sorted(tickets)
    if not wanted:
        return {}
    service: TimerService = request.app.state.timers
    asked = asyncio.create_task(service.desk(tenant))
    asked.add_done_callback(lambda task: task.cancelled() or task.exception())  # whoever waited may be gone
    with contextlib.suppress(Refused, TimeoutError):
        async with asyncio.timeout(TITLES_SECONDS):
            book = (await asyncio.shield(asked)).book
            found = {id_: book.get(Ticket, id_) for id_ in wanted}
            return {id_: one.title for id_, one in found.items() if one is not None}
    return {}
