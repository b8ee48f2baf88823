"""Periods: every statement with its state, and the close of one against the hash that was looked at."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from jobs.output import Cell, csv_text, hours, money
from streams.models.decision import Decision
from web import periods
from web.api import ERRORS
from web.asking import NotThere, open_ledger
from web.auth import User, require
from web.decide import decision_id, seen, send_decision
from web.leakage import slices
from web.overview_page import as_csv
from web.pages import templates
from web.periods import Looked, Outcome, Statement
from web.problems import Refused
from web.question import Question

router = APIRouter()
reads = Depends(require("analyst", "finance"))
Tenant = Annotated[str | None, Query(description="Without it the one of the settings, else the first.")]
STATES = {"open": "Open", "soft": "Over, not closed", "closed": "Closed"}
REFUSALS = {
    "different": "The statement changed after you looked at it. Nothing was closed; below is what changed.",
    "stale": "Another month of this client was closed after you looked. Look again.",
    "out_of_turn": "An earlier month of this client is open and has rows. Close that one first.",
    "already_closed": "It was closed before.",
    "unknown_client": "The catalogue has no such client, so there is nobody to bill.",
}


@router.get("/periods", include_in_schema=False, dependencies=[reads])
def page(request: Request, tenant: Tenant = None, period: str | None = None) -> Response:
    with open_ledger(request, tenant) as (reading, tenants):
        found = periods.statements(reading, periods.utc_now())
        months = sorted({one.period for one in found}, reverse=True)
        shown = [one for one in found if period in (None, "all", one.period)]
        question = Question(reading.tenant, period or "all")
        context = {
            "statements": shown, "periods": months, "tenants": tenants, "question": question, "states": STATES,
            "totals": periods.totals(shown), "waiting": [one for one in shown if one.may_close],
        }  # fmt: skip
        return templates.TemplateResponse(request, "periods.html", context)


@router.get("/period", include_in_schema=False, dependencies=[reads])
def statement_page(request: Request, client: str, period: str, tenant: Tenant = None, done: str = "") -> Response:
    with open_ledger(request, tenant) as (reading, _):
        found = one_statement(reading, client, period)
        return _statement_page(request, reading, found, 200, done=done)


@router.post("/period/close", include_in_schema=False)
async def close(
    request: Request, user: Annotated[User, Depends(require("finance"))], client: Annotated[str, Form(max_length=300)],
    period: Annotated[str, Form(max_length=7)], hash_: Annotated[str, Form(alias="hash", max_length=64)],
    number: Annotated[int, Form(ge=0)], made: Annotated[str, Form(max_length=40)] = "",
    looked: Annotated[str, Form(max_length=5000)] = "{}",
    tenant: Annotated[str | None, Form()] = None,
) -> Response:  # fmt: skip
    """Closes the statement if it still is the one with this hash; waits for the answer."""
    place = await run_in_threadpool(_asked, request, tenant, client, period)
    id_ = decision_id(place, "close", client, period, hash_, str(number), made)  # a form sent twice is one decision
    now = int(periods.utc_now().timestamp())
    decision = Decision(kind="close", by=user.name, at=now, client=client, period=period, hash=hash_, before=number)
    await send_decision(request, place, id_, decision)

    def outcome() -> Outcome | None:
        with open_ledger(request, place) as (reading, _):
            return next(iter(periods.outcomes(reading, client, period, id_)), None)

    answer = await seen(outcome)
    if answer is None or answer.outcome == "closed":
        done = "closed" if answer else "waiting"
        return RedirectResponse(f"{url(place, client, period)}&done={done}", 303)
    return await run_in_threadpool(_refusal, request, place, answer, client, period, looked)


def _asked(request: Request, tenant: str | None, client: str, period: str) -> str:
    """The tenant. Refuses what no statement could answer."""
    with open_ledger(request, tenant) as (reading, _):
        found = one_statement(reading, client, period)
        if found.state == "open":
            raise Refused(
                409, "The month is not over", f"{period} of {client} still runs.", "Close it when it is over.",
                ways=[("Back to the statement", url(reading.tenant, client, period))],
            )  # fmt: skip
        return reading.tenant


def _refusal(request: Request, tenant: str, answer: Outcome, client: str, period: str, looked: str) -> Response:
    with open_ledger(request, tenant) as (reading, _):
        found = one_statement(reading, client, period)
        return _statement_page(request, reading, found, 409, refused=answer, looked=_looked(looked))


def _looked(text: str) -> Looked:
    """What the form brought back; it is shown, never computed with."""
    try:
        given = orjson.loads(text)
        amounts = {str(name)[:10]: int(amount) for name, amount in dict(given["amounts"]).items()}
        return Looked(int(given["rows"]), int(given["worked"]), int(given["quantity"]), amounts)
    except (ValueError, TypeError, KeyError):
        return Looked()


def _statement_page(
    request: Request, reading: Any, found: Statement, status: int, done: str = "", refused: Outcome | None = None,
    looked: Looked | None = None,
) -> Response:  # fmt: skip
    question = Question(reading.tenant, found.period, client=found.client)
    changes = differences(found, refused, looked) if refused and looked else []
    context = {
        "one": found, "question": question, "states": STATES, "refusals": REFUSALS, "done": done, "refused": refused,
        "changes": changes, "parts": slices(reading.groups(question)),
        "history": periods.outcomes(reading, found.client, found.period),
        "corrections": periods.corrections(reading, found.client, found.period),
        "flagged": periods.flagged(reading, found.client, found.period) if found.flagged else [],
        "made": periods.utc_now().isoformat(timespec="milliseconds"),
        "looked": orjson.dumps(
            {"rows": found.rows, "worked": found.worked, "quantity": found.quantity,
             "amounts": {currency: amount for currency, _, amount in found.money}}
        ).decode(),
    }  # fmt: skip
    return templates.TemplateResponse(request, "period.html", context, status_code=status)


def differences(found: Statement, now: Outcome, looked: Looked) -> list[tuple[str, str, int, int, int]]:
    """(words, currency or "h", decimals, when it was looked at, when it was to be closed) of what is not the same."""
    places = {currency: exponent for currency, exponent, _ in found.money}
    rows = [("Rows", "", 0, looked.rows, now.rows), ("Worked", "h", 0, looked.worked, now.worked),
            ("After rounding", "h", 0, looked.quantity, now.quantity)]  # fmt: skip
    for currency in sorted(looked.amounts.keys() | now.amounts.keys()):
        before, after = looked.amounts.get(currency, 0), now.amounts.get(currency, 0)
        rows.append(("Total", currency, places.get(currency, 2), before, after))
    return [row for row in rows if row[3] != row[4]]


def one_statement(reading: Any, client: str, period: str) -> Statement:
    """Raises NotThere."""
    for one in periods.statements(reading, periods.utc_now()):
        if (one.client, one.period) == (client, period):
            return one
    ways = [("All periods", f"/periods?{Question(reading.tenant).query()}")]
    raise NotThere("No such statement", f"The ledger of {reading.tenant} has no row of this client and month.", ways)


def url(tenant: str, client: str, period: str) -> str:
    return f"/period?{Question(tenant, period, client=client).query()}"


COLUMNS = ("client", "period", "state", "rows", "corrections", "worked_seconds", "quantity_seconds", "quantity_hours",
           "currency", "amount", "unusual", "hash")  # fmt: skip


@router.get(
    "/periods.csv", tags=["ledger"], responses={200: {"content": {"text/csv": {}}}, **ERRORS}, response_class=Response,
    dependencies=[Depends(require("analyst", "finance", scope="ledger:read"))],
)  # fmt: skip
def periods_csv(request: Request, tenant: Tenant = None, period: str | None = None) -> Response:
    """A line a statement and currency."""
    with open_ledger(request, tenant) as (reading, _):
        found = periods.statements(reading, periods.utc_now())
        rows = [cells for one in found if period in (None, "all", one.period) for cells in _cells(one)]
        return as_csv(csv_text(COLUMNS, rows), f"periods-{reading.tenant}")


def _cells(one: Statement) -> list[list[Cell]]:
    before: list[Cell] = [one.client, one.period, one.state, one.rows, one.corrections, one.worked, one.quantity,
                          hours(one.quantity)]  # fmt: skip
    after: list[Cell] = ["; ".join(one.notes), one.hash]
    figures: list[list[Cell]] = [[currency, money(amount, places)] for currency, places, amount in one.money]
    return [[*before, *some, *after] for some in figures or [["", ""]]]
