"""The pages: every filter is a link, and every link is an address that can be shared."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from streams.models.entry import Entry
from web import explain, navigation, picture, show, words
from web.asking import Asked, NotThere, Parameters, find_period, open_ledger, parameters
from web.auth import User, require
from web.leakage import figures
from web.ledger import PAGE_ROWS, Reading, demo_accuracy
from web.navigation import READERS
from web.question import ALL, Question

FILTERS = ("hours", "cash", "plain", "month", "clock", "machine_time", "readable")
ENTRY_ID = re.compile(r"^[0-9a-f-]{4,36}$")

router = APIRouter(include_in_schema=False)


def _environment() -> Environment:
    found = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {name: getattr(show, name) for name in FILTERS}
    found.globals |= {"words": words, "share": show.share, "ALL": ALL}
    return found


def _who(request: Request) -> dict[str, Any]:
    """Who is signed in and what they may open, for every template."""
    return {"user": getattr(request.state, "user", None), "places": navigation.links(request)}


templates = Jinja2Templates(env=_environment(), context_processors=[_who])
reads = Depends(require("analyst", "finance"))


def ask(request: Request, asked: Annotated[Parameters, Depends(parameters)]) -> Iterator[Asked]:
    """A dependency: the ledger, and the question with its defaults filled in."""
    with asking(request, asked) as found:
        yield found


@contextmanager
def asking(request: Request, asked: Parameters) -> Iterator[Asked]:
    with open_ledger(request, asked.tenant) as (reading, tenants):
        periods = reading.periods()
        question = Question(
            reading.tenant, ALL, asked.client, asked.technician, asked.disposition, asked.reason, asked.recovered,
            asked.page,
        )  # fmt: skip
        period = find_period(asked.period, question, periods)
        yield Asked(request.app.state.settings, reading, question.but(period=period, page=asked.page), tenants, periods)


@router.get("/healthz")
def health() -> dict[str, str]:
    """Whether this process serves; it asks nobody else."""
    return {"status": "ok"}


def start_page(user: User) -> str:
    return "/" if user.may(*READERS) else "/timers"


@router.get("/leakage", dependencies=[reads])
def leakage(request: Request, asked: Annotated[Asked, Depends(ask)]) -> Response:
    reading, question = asked.reading, asked.question
    if not asked.periods:
        return answer(request, "empty.html", asked, {"parked": reading.parked_count()})
    found = figures(reading.groups(question), question)
    pages = max(1, -(-found.matching.entries // PAGE_ROWS))
    if question.page > pages:
        raise NotThere("No such page", f"The list has {pages} pages.", [("First page", question.url())])
    context = {
        "figures": found,
        "account": reading.account(question),
        "rows": reading.page(question),
        "pages": pages,
        "first": (question.page - 1) * PAGE_ROWS + 1,
        "accuracy": demo_accuracy(asked.settings, reading),
        "written": reading.written(),
    }
    return answer(request, "leakage.html", asked, context)


def answer(request: Request, name: str, asked: Asked, context: dict[str, Any]) -> Response:
    """A page about a tenant and a month."""
    common = {"question": asked.question, "tenants": asked.tenants, "periods": asked.periods}
    return templates.TemplateResponse(request, name, common | context)


@router.get("/entry/{entry_id}", dependencies=[reads])
def entry(request: Request, entry_id: str, tenant: str | None = None) -> Response:
    with open_ledger(request, tenant) as (reading, _):
        found = one_entry(reading, entry_id)
        if found.id != entry_id:
            return RedirectResponse(f"/entry/{found.id}?tenant={reading.tenant}", status_code=307)
        intervals = reading.intervals([proof.interval for proof in found.proof])
        question = Question(reading.tenant, found.identity.period)
        context = {
            "entry": found, "sections": explain.sections(found, intervals), "question": question,
            "picture": picture.picture(found, picture.spans_of(reading, found)), "drawn": picture.drawn(found),
            "family": picture.family(reading, found),
        }  # fmt: skip
        return templates.TemplateResponse(request, "entry.html", context)


def one_entry(reading: Reading, wanted: str) -> Entry:
    """The entry with that id, or whose id begins so. Raises NotThere."""
    found = reading.find(wanted) if ENTRY_ID.match(wanted) else []
    if len(found) == 1:
        return found[0]
    ways = [("Leakage", Question(reading.tenant).url())]
    if found:
        some = [(one.id, f"/entry/{one.id}?tenant={reading.tenant}") for one in found]
        raise NotThere("Several entries begin so", "Choose one, or give more digits.", some)
    if ENTRY_ID.match(wanted) and reading.was_ever(wanted):
        message = "This entry no longer holds: later facts moved or replaced it. Look for its client and month."
        raise NotThere("The entry no longer holds", message, ways)
    message = f"The ledger of {reading.tenant} has no entry of that id. Ids stand on the Leakage page."
    raise NotThere("No such entry", message, ways)


def message(request: Request, status: int, title: str, text: str, ways: list[tuple[str, str]]) -> Response:
    context = {"status": status, "title": title, "text": text, "ways": ways}
    return templates.TemplateResponse(request, "message.html", context, status_code=status)
