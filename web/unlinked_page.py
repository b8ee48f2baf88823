"""Unlinked: work without a ticket, the money at risk, the tickets it could belong to, and one click to link it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from jobs.console import UserError
from jobs.decisions import check_lock, organisation_of
from jobs.output import csv_text
from jobs.unlinked import COLUMNS, Unlinked, rows, unlinked
from streams.models.catalog import Ticket
from streams.models.decision import Decision
from streams.models.entry import Entry
from web.api import ERRORS
from web.asking import NotThere, open_ledger
from web.auth import User, require
from web.decide import decision_id, seen, send_decision
from web.leakage import Money
from web.ledger import PAGE_ROWS, Reading
from web.overview_page import as_csv
from web.pages import one_entry, templates
from web.problems import Refused
from web.question import Question
from web.timer_service import TimerService

router = APIRouter()
Reader = Annotated[User, Depends(require("analyst", "finance"))]
Tenant = Annotated[str | None, Query(description="Without it the one of the settings, else the first.")]
Month = Annotated[str | None, Query(pattern=r"^(\d{4}-(0[1-9]|1[0-2])|all|)$", description="2026-03; all without it.")]
TITLES_SECONDS = 3.0  # the log may be away; the page does without titles
WORK = "SELECT seconds, client FROM work_live WHERE tenant = {tenant:String} AND id = {id:String}"
LINKED = """
SELECT id FROM entries_live WHERE tenant = {tenant:String} AND ticket = {ticket:String}
  AND (work = {work:String} OR hasAny(`proof.interval`, {evidence:Array(String)}))
ORDER BY row_class = 'reversal', period DESC, id LIMIT 1
"""


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
    number: Annotated[int, Query(alias="page", ge=1, le=1_000_000)] = 1, done: str = "", entry: str = "",
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
        "question": Question(found.tenant, _month(period) or "all"), "periods": found.periods, "done": done,
        "hinted": sum(1 for one in found.rows if one.suggestions), "entry": entry if entry.isascii() else "",
    }  # fmt: skip
    return templates.TemplateResponse(request, "unlinked.html", context)


@router.post("/unlinked/link", include_in_schema=False)
async def link(
    request: Request, user: Reader, entry: Annotated[str, Form(max_length=36)],
    ticket: Annotated[str, Form(max_length=300)], period: Annotated[str, Form(max_length=7)] = "all",
    tenant: Annotated[str | None, Form()] = None,
) -> Response:  # fmt: skip
    """Links the work to one of its suggestions, as a decision; waits until the ledger shows it."""
    place, one, work = await run_in_threadpool(_chosen, request, tenant, entry, ticket)
    await _check_lock(request, place, one)
    evidence = tuple(proof.interval for proof in one.proof) or (one.identity.work,)
    decision = Decision(
        kind="relink", by=user.name, at=int(time.time()), reason="a suggestion was taken", evidence=evidence,
        ticket=ticket, **work,
    )  # fmt: skip
    await send_decision(
        request, place, decision_id(place, "relink", one.identity.work, ticket, str(one.version)), decision
    )

    def shown() -> str | None:
        with open_ledger(request, place) as (reading, _):
            asked: dict[str, object] = {"ticket": ticket, "work": one.identity.work, "evidence": list(evidence)}
            return next((str(row["id"]) for row in reading.rows(LINKED, asked)), None)

    new = await seen(shown)
    back = {"tenant": place, "period": period, "done": "linked" if new else "waiting", "entry": new or one.id}
    return RedirectResponse(f"/unlinked?{urlencode(back)}", 303)


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


def _chosen(request: Request, tenant: str | None, id_: str, ticket: str) -> tuple[str, Entry, dict[str, Any]]:
    """The tenant, the entry, and what the decider sees of its work."""
    with open_ledger(request, tenant) as (reading, _):
        one = one_entry(reading, id_)
        known = {suggestion.ticket for step in one.trail for suggestion in step.suggestions}
        if ticket not in known:
            raise Refused(
                409, "No longer suggested", "What is known of this work changed since the page was made.",
                "Look again.", ways=[("Unlinked", f"/unlinked?{urlencode({'tenant': reading.tenant})}")],
            )  # fmt: skip
        return reading.tenant, one, _work(reading, one)


def _work(reading: Reading, one: Entry) -> dict[str, Any]:
    found = reading.rows(WORK, {"id": one.identity.work})
    return {"seconds": found[0]["seconds"], "seen_client": found[0]["client"]} if found else {}


async def _check_lock(request: Request, tenant: str, one: Entry) -> None:
    """Refuses where the month is locked for edits by hand."""
    organisation, _ = await organisation_of(request.app.state.settings, tenant)
    try:
        if one.local_date:
            check_lock(organisation, date.fromisoformat(one.local_date), one.zone or organisation.zone, time.time())
    except UserError as error:
        raise Refused(409, "The month is locked", str(error), ways=[("Unlinked", "/unlinked")]) from error


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
