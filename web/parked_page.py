"""Parked: what arrived and could not go on, its exact bytes shown safely, what to do, and the way back."""

from __future__ import annotations

import re
from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from jobs import parked
from jobs.console import UserError
from jobs.output import Cell, csv_text
from streams.models.parked import MEANING, Parked
from streams.topics import TOPICS
from web.api import ERRORS
from web.asking import NotThere, open_ledger
from web.auth import require
from web.decide import seen
from web.overview_page import as_csv
from web.pages import templates
from web.problems import Refused
from web.question import Question

router = APIRouter()
ITEM = re.compile(r"^[0-9a-f-]{8,36}$")
MOST, MOST_BYTES = 1000, 20_000  # items in a list; bytes of one that are shown
Tenant = Annotated[str | None, Query(description="Without it the one of the settings, else the first.")]
Reader = Depends(require("analyst", "finance"))
COLUMNS = ("id", "reason", "saw", "expected", "remedy", "topic", "from", "connector", "replays")


@router.get("/parked", include_in_schema=False, dependencies=[Reader])
def page(request: Request, tenant: Tenant = None, reason: str = "", done: str = "") -> Response:
    with open_ledger(request, tenant) as (reading, tenants):
        items = reading.parked(most=MOST)
        counts = Counter(item.reason for item in items)
        shown = [item for item in items if reason in ("", item.reason)]
        context = {
            "items": shown, "counts": counts, "reason": reason, "meanings": MEANING, "done": done, "tenants": tenants,
            "question": Question(reading.tenant), "total": reading.parked_count(),
        }  # fmt: skip
        return templates.TemplateResponse(request, "parked.html", context)


@router.get("/parked/{id_}", include_in_schema=False, dependencies=[Reader])
def item_page(request: Request, id_: str, tenant: Tenant = None, done: str = "") -> Response:
    with open_ledger(request, tenant) as (reading, _):
        item = one_item(reading.tenant, reading.parked(prefix=id_, most=2) if ITEM.match(id_) else [], id_)
        context = {
            "item": item, "meaning": MEANING.get(item.reason, ("", ""))[0], "question": Question(reading.tenant),
            "key": shown_bytes(item.key), "value": shown_bytes(item.value), "done": done, "most": MOST_BYTES,
            "may_go_back": item.topic in {topic.name for topic in TOPICS},
        }  # fmt: skip
        return templates.TemplateResponse(request, "parked_item.html", context)


@router.post("/parked/{id_}/replay", include_in_schema=False, dependencies=[Reader])
async def replay(request: Request, id_: str, tenant: Annotated[str | None, Form()] = None) -> Response:
    """Sends the same bytes again and waits until the ledger says what became of them."""
    place, item = await run_in_threadpool(_item, request, tenant, id_)
    try:
        await run_in_threadpool(parked.replay, request.app.state.settings, [item])
    except UserError as error:
        ways = [("Back to the item", url(place, item.id))]
        raise Refused(409, "It cannot be sent back from here", str(error), ways=ways) from error

    def answer() -> str | None:
        with open_ledger(request, place) as (reading, _):
            now = next(iter(reading.parked(prefix=item.id, most=1)), None)
            return "sent" if now is None else "back" if now.version != item.version else None

    done = await seen(answer) or "waiting"
    where = f"/parked?{Question(place).query()}" if done == "sent" else url(place, item.id)
    return RedirectResponse(f"{where}&done={done}", 303)


def _item(request: Request, tenant: str | None, id_: str) -> tuple[str, Parked]:
    with open_ledger(request, tenant) as (reading, _):
        found = reading.parked(prefix=id_, most=2) if ITEM.match(id_) else []
        return reading.tenant, one_item(reading.tenant, found, id_)


def one_item(tenant: str, found: list[Parked], wanted: str) -> Parked:
    """Raises NotThere."""
    if len(found) == 1:
        return found[0]
    ways = [("All that is parked", f"/parked?{Question(tenant).query()}")]
    if found:
        ways = [(item.id, url(tenant, item.id)) for item in found] + ways
        raise NotThere("Several items begin so", "Choose one, or give more digits.", ways)
    known = wanted if ITEM.match(wanted) else "of that id"
    raise NotThere("No such item", f"Nothing parked {known}: it has gone on, or it never was here.", ways)


def url(tenant: str, id_: str) -> str:
    return f"/parked/{id_}?{Question(tenant).query()}"


def shown_bytes(data: bytes) -> str:
    """Bytes as text where they are text, with what is invisible or turns the direction of reading made visible; else
    as hex, sixteen a line."""
    data = data[:MOST_BYTES]
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return "\n".join(f"{at:06x}  {data[at : at + 16].hex(' ')}" for at in range(0, len(data), 16))
    return "".join(one if one.isprintable() or one in "\n\t" else f"\\u{{{ord(one):x}}}" for one in text)


@router.get(
    "/parked.csv", tags=["ledger"], responses={200: {"content": {"text/csv": {}}}, **ERRORS}, response_class=Response,
    dependencies=[Depends(require("analyst", "finance", scope="ledger:read"))],
)  # fmt: skip
def parked_csv(request: Request, tenant: Tenant = None, reason: str = "") -> Response:
    """A line an item, without its bytes."""
    with open_ledger(request, tenant) as (reading, _):
        rows: list[list[Cell]] = [
            [one.id, one.reason, one.saw, one.expected, one.remedy, one.topic, one.place, one.connector, one.attempt]
            for one in reading.parked(reason or None, most=100_000)
        ]
        return as_csv(csv_text(COLUMNS, rows), f"parked-{reading.tenant}")
