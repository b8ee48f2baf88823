"""The Overview: where a reader begins. One question: how much of what was worked was billed, and what to do next."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, Field

from jobs.output import Cell, csv_text, hours, money
from web.api import ERRORS
from web.asking import Asked, Parameters, parameters
from web.auth import User, require
from web.navigation import READERS
from web.overview import PARTS, Action, Overview, Stretch, actions, overview
from web.pages import answer, ask, asking, start_page
from web.periods import statements, utc_now
from web.question import Question
from web.show import month
from web.tables import Amount, Row, row

router = APIRouter()


class Bar(BaseModel):
    """A month, or a day where there is only one month. Seconds after rounding by what became of them."""

    label: str = Field(examples=["2026-03"])
    on_a_timer_seconds: int = Field(description="Billed, on a timer.")
    recovered_seconds: int = Field(description="Billed; no timer covered them.")
    covered_seconds: int = Field(description="Paid for by a contract.")
    decided_seconds: int = Field(description="Meant not to be billed.")
    leaking_seconds: int
    billed: list[Amount]
    recovered_billed: list[Amount]
    at_risk: list[Amount]


class Todo(BaseModel):
    title: str
    about: str
    todo: str
    url: str
    at_risk: list[Amount]


class OverviewData(BaseModel):
    """The figures of the Overview. Currencies are never added up."""

    tenant: str
    period: str
    total: Row
    trend: list[Bar]
    actions: list[Todo]


@router.get("/", include_in_schema=False)
def page(
    request: Request, user: Annotated[User, Depends(require())], given: Annotated[Parameters, Depends(parameters)]
) -> Response:
    """Technicians begin at their timers."""
    if not user.may(*READERS):
        return RedirectResponse(start_page(user), 307)
    with asking(request, given) as asked:
        return _page(request, asked)


def _page(request: Request, asked: Asked) -> Response:
    reading, question = asked.reading, asked.question
    if not asked.periods:
        return answer(request, "empty.html", asked, {"parked": reading.parked_count()})
    found = overview(reading, question, asked.periods)
    context = {
        "found": found, "account": reading.account(question), "written": reading.written(),
        "actions": actions(found, question, others(asked)), "parts": PARTS,
    }  # fmt: skip
    return answer(request, "overview.html", asked, context)


def others(asked: Asked) -> list[Action]:
    """What waits for somebody and has no price of its own."""
    reading, found = asked.reading, []
    due = [one for one in statements(reading, utc_now()) if one.may_close]
    where = Question(reading.tenant)
    if due:
        months = sorted({one.period for one in due})
        url = f"/periods?{where.but(period=months[0]).query()}"
        about = f"{month(months[0])} is over and not closed." if len(months) == 1 else "Months are over and not closed."
        todo = "Look at what is unusual, then close them: what is closed never changes."
        found.append(Action("To close", about, todo, url, count=len(due), unit=("statement", "statements")))
    if parked := reading.parked_count():
        about = "They arrived and could not be read. Their bytes are kept."
        found.append(
            Action("Parked", about, "Each says what to do; then send it back.", f"/parked?{where.query()}",
                   count=parked, unit=("record", "records"))
        )  # fmt: skip
    return found


reader = Depends(require("analyst", "finance", scope="ledger:read"))


@router.get("/api/overview.json", tags=["ledger"], dependencies=[reader], responses=ERRORS)
def overview_json(asked: Annotated[Asked, Depends(ask)]) -> OverviewData:
    """The figures of the Overview: the month, the trend, and what to act on."""
    question = asked.question
    found = overview(asked.reading, question, asked.periods)
    todo = [
        Todo(title=one.title, about=one.about, todo=one.todo, url=one.url, at_risk=amounts(one.risk.figures))
        for one in actions(found, question, others(asked))
    ]
    bars = [_bar(one) for one in found.trend]
    return OverviewData(
        tenant=question.tenant, period=question.period, total=row({}, found.month), trend=bars, actions=todo
    )


@router.get(
    "/overview.csv", tags=["ledger"], dependencies=[reader], response_class=Response,
    responses={200: {"content": {"text/csv": {}}}, **ERRORS},
)  # fmt: skip
def overview_csv(asked: Annotated[Asked, Depends(ask)]) -> Response:
    """The trend: a line a month, or a day where there is only one month."""
    found = overview(asked.reading, asked.question, asked.periods)
    return as_csv(trend_csv(found), f"overview-{asked.question.tenant}")


def trend_csv(found: Overview) -> str:
    kinds = ("billed", "recovered", "risk")
    columns = ["day" if found.by_day else "month", "entries", "worked_seconds",
               *(f"{name}_seconds" for name in ("on_a_timer", "recovered", "covered", "decided", "leaking")),
               "worked_hours",
               *(f"{kind}_{currency}" for kind in kinds for currency, _ in found.currencies)]  # fmt: skip
    rows = [_cells(one, found.currencies) for one in found.trend]
    return csv_text([name.replace("risk_", "at_risk_") for name in columns], rows)


def _cells(one: Stretch, currencies: list[tuple[str, int]]) -> list[Cell]:
    total = one.sum
    figures = [money(kind.parts.get(key, 0), key[1]) for kind in (total.billed, total.recovered, total.risk)
               for key in currencies]  # fmt: skip
    return [one.label, total.entries, total.worked, *one.parts.values(), hours(total.worked), *figures]


def _bar(one: Stretch) -> Bar:
    parts = dict(zip(("on_a_timer", "recovered", "covered", "decided", "leaking"), one.parts.values(), strict=True))
    seconds: dict[str, Any] = {f"{name}_seconds": value for name, value in parts.items()}
    total = one.sum
    return Bar(
        label=one.label, **seconds, billed=amounts(total.billed.figures),
        recovered_billed=amounts(total.recovered.figures), at_risk=amounts(total.risk.figures),
    )  # fmt: skip


def amounts(figures: list[tuple[str, int, int]]) -> list[Amount]:
    return [Amount(currency=name, amount=str(money(amount, places))) for name, places, amount in figures]


def as_csv(text: str, name: str) -> Response:
    """A file to download."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)
