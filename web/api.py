"""The tables of the pages as CSV and JSON; described at /openapi.json."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from jobs.explain import as_json
from web.asking import Asked, open_ledger
from web.auth import require
from web.leakage import figures
from web.pages import ask, one_entry
from web.problems import Problem
from web.tables import Leakage, Table, entries_csv, entry_row, labelled, row, sums_csv

router = APIRouter(tags=["ledger"], dependencies=[Depends(require("analyst", "finance", scope="ledger:read"))])
ERRORS: dict[int | str, dict[str, Any]] = {
    401: {"model": Problem, "description": "Nobody is signed in, and there is no token."},
    403: {"model": Problem, "description": "Signed in, but not for this."},
    404: {"model": Problem, "description": "No such tenant, month or entry."},
    503: {"model": Problem, "description": "The ledger does not answer; the message says what to do."},
}


@router.get("/api/leakage.json", response_model_exclude_none=True, responses=ERRORS)
def leakage_json(
    asked: Annotated[Asked, Depends(ask)],
    table: Annotated[Table | None, Query(description="One table only; without it all.")] = None,
) -> Leakage:
    """The figures of the Leakage page, by the same filters. Seconds are exact; money is text in major units."""
    reading, question = asked.reading, asked.question
    found = figures(reading.groups(question), question)
    wanted = [table] if table else list(Table)
    made: dict[str, Any] = {
        one.value: [row(label, total) for label, total in labelled(one, found)]
        for one in wanted
        if one is not Table.entries
    }
    if Table.entries in wanted:
        made["entries"] = [entry_row(one) for one in reading.page(question)]
    filters = {name: value for name, value in question.fields().items() if name not in ("tenant", "period", "page")}
    return Leakage(
        tenant=question.tenant, period=question.period, filters=filters, total=row({}, found.total),
        accounted_for=reading.account(question).ties, **made,
    )  # fmt: skip


@router.get("/leakage.csv", response_class=Response, responses={200: {"content": {"text/csv": {}}}, **ERRORS})
def leakage_csv(asked: Annotated[Asked, Depends(ask)], table: Table) -> Response:
    """One table, all its rows, safe to open in a spreadsheet."""
    reading, question = asked.reading, asked.question
    if table is Table.entries:
        text = entries_csv(reading.every(question))
    else:
        text = sums_csv(table, figures(reading.groups(question), question))
    name = f"leakage-{table.value}-{question.tenant}-{question.period}.csv"
    return Response(
        text, media_type="text/csv; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


@router.get("/api/entry/{entry_id}.json", responses=ERRORS)
def entry_json(request: Request, entry_id: str, tenant: str | None = None) -> dict[str, Any]:
    """Everything about one entry: its segments, its trail, and the intervals it rests on."""
    with open_ledger(request, tenant) as (reading, _):
        found = one_entry(reading, entry_id)
        return as_json(found, reading.intervals([proof.interval for proof in found.proof]))
