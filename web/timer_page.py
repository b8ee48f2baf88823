"""My timers as a page, and its live feed: the day again whenever anything in it changed (server-sent events)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response, StreamingResponse

from streams.models.catalog import Technician
from web import timer_views as views
from web.auth import User, require
from web.outbox import KafkaAway
from web.pages import templates
from web.timer_actions import Owner
from web.timer_service import TimerService
from web.timers import ERRORS, Service, TenantName, Whose, WhoseName, ZoneName, tenant_of

LIVE_SECONDS = 600.0  # then the browser comes again, and is asked again who it is
BEAT_SECONDS = 15.0
CALM_SECONDS = 0.1  # what changes together is told together
REASONS = (
    ("forgot_to_stop", "I forgot to stop it"),
    ("forgot_to_start", "I forgot to start it"),
    ("estimate_confirmed", "The inferred end is right"),
    ("wrong_time", "The time was wrong for another reason"),
    ("wrong_ticket", "It was another ticket"),
    ("ticket_added", "It had no ticket yet"),
    ("other", "Something else"),
)

router = APIRouter()


@router.get("/timers", include_in_schema=False)
async def page(
    request: Request, user: Annotated[User, Depends(require())], service: Service, technician: WhoseName = None,
    tenant: TenantName = None,
) -> Response:  # fmt: skip
    place = tenant_of(user, tenant)
    mine, people, trouble = user.technician, [], ""
    if user.may("admin") and not mine:
        try:
            people = (await service.desk(place)).technicians()
        except KafkaAway as away:
            trouble = away.detail
        mine = _chosen(technician, people)
    query = {"technician": mine} | ({"tenant": place} if user.single and place != user.tenant else {})
    context: dict[str, Any] = {
        "technician": mine, "people": people, "tenant": place, "trouble": trouble, "reasons": REASONS,
        "query": urlencode(query), "name": f"{place}.{mine}",
    }  # fmt: skip
    return templates.TemplateResponse(request, "timers.html", context)


@router.get("/v1/timers/live", tags=["timers"], responses=ERRORS, response_class=StreamingResponse)
async def live(owner: Whose, service: Service, zone: ZoneName = None) -> StreamingResponse:
    """Server-sent events: `day`, as at /v1/timers/day, at once and whenever it changed. Ends after ten minutes."""
    await service.desk(owner.tenant)  # trouble is told before the stream begins
    return StreamingResponse(_days(owner, service, zone), media_type="text/event-stream")


async def _days(owner: Owner, service: TimerService, zone: str | None) -> AsyncIterator[str]:
    until = time.monotonic() + LIVE_SECONDS
    told = ""
    seen = -1
    yield "retry: 2000\n\n"
    while time.monotonic() < until:
        try:
            desk = await service.desk(owner.tenant)
        except KafkaAway:
            return  # the browser tries again
        if desk.changes != seen:
            seen = desk.changes
            day = views.day_named(desk, owner.technician, zone, None, service.clock())
            content = day.model_dump_json(exclude={"now"})
            if content != told:
                told = content
                yield f"event: day\ndata: {day.model_dump_json()}\n\n"
        if await service.moved(BEAT_SECONDS):
            await asyncio.sleep(CALM_SECONDS)
        else:
            seen = -1  # the clock alone may end a day, or give up a timer
            yield ": still here\n\n"


def _chosen(wanted: str | None, people: list[Technician]) -> str:
    ids = [one.id for one in people]
    return wanted if wanted in ids else ids[0] if len(ids) == 1 else ""
