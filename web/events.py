"""`POST /v1/events`: CloudEvents 1.0 over HTTP, structured, binary, or a batch. 2xx only after Kafka has them."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import unquote

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from streams.models.cloudevent import Problem as Misfit
from streams.models.cloudevent import decode_cloudevent
from streams.models.event import Event
from streams.models.parked import MEANING
from web.auth import User, require_token
from web.bodies import KIB, Pace, limited
from web.event_docs import BODY, RESPONSES
from web.problems import Problem, Refused

STRUCTURED, BATCH, BINARY = (
    "application/cloudevents+json", "application/cloudevents-batch+json", "application/json",
)  # fmt: skip
MOST_EVENT = 256 * KIB
MOST_BATCH = 16 * 1024 * KIB  # bytes; so 1,000 events of ordinary size
MOST_EVENTS = 1000
EVENTS_A_SECOND, EVENTS_AT_ONCE = 2000.0, 20_000.0  # of one token

router = APIRouter(tags=["events"])
pace = Pace(EVENTS_A_SECOND, EVENTS_AT_ONCE)
_array = msgspec.json.Decoder(list[msgspec.Raw])


class Accepted(BaseModel):
    """The event is stored. Sent again, it is the same event."""

    status: Literal["accepted"] = "accepted"
    id: str = Field(description="Id of the fact: derived from tenant, source and source_event_id.")
    activity_id: str


class RefusedEvent(BaseModel):
    """The event is not stored."""

    status: Literal["refused"] = "refused"
    problem: Problem


class Results(BaseModel):
    """One result an event, in the order of the batch."""

    accepted: int
    refused: int
    results: list[Accepted | RefusedEvent]


@router.post("/v1/events", status_code=202, response_model=None, responses=RESPONSES, openapi_extra=BODY)
async def events(request: Request, user: Annotated[User, Depends(require_token("events:write"))]) -> Response:
    """Store one event, or a batch. The tenant is the token's. 202: Kafka has it on all replicas."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    headers = _attributes(request)
    if kind == BATCH:
        return await _batch(request, user)
    if kind != STRUCTURED and not (kind == BINARY and headers):
        raise Refused(
            415, "This is no CloudEvent", f"Content-Type {kind or 'is missing'}.",
            f"Send {STRUCTURED}, {BATCH}, or {BINARY} with the attributes as ce- headers.",
        )  # fmt: skip
    body = await limited(request, MOST_EVENT, "An event")
    pace.check(_who(user))
    found = decode_cloudevent(user.tenant, body, headers if kind == BINARY else ())
    if isinstance(found, Misfit):
        problem = _problem(found)
        raise Refused(problem.status, problem.title, problem.detail, problem.remedy)
    await request.app.state.outbox.send_events([found])
    return JSONResponse(_accepted(found).model_dump(), 202)


async def _batch(request: Request, user: User) -> Response:
    body = await limited(request, MOST_BATCH, "A batch")
    items = _items(body)
    pace.check(_who(user), max(1, len(items)))
    found = [_one(user.tenant, bytes(item)) for item in items]
    await request.app.state.outbox.send_events([one for one in found if isinstance(one, Event)])
    results: list[Accepted | RefusedEvent] = [
        _accepted(one) if isinstance(one, Event) else RefusedEvent(problem=_problem(one)) for one in found
    ]
    refused = sum(isinstance(one, RefusedEvent) for one in results)
    answer = Results(accepted=len(results) - refused, refused=refused, results=results)
    return JSONResponse(answer.model_dump(), 207 if refused else 202)


def _items(body: bytes) -> list[msgspec.Raw]:
    try:
        found = _array.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(400, "The batch cannot be read", str(error), "Send a JSON array of CloudEvents.") from None
    if len(found) > MOST_EVENTS:
        raise Refused(
            413, "Too many events", f"{len(found)} events in one batch.", f"Send at most {MOST_EVENTS} at once."
        )
    return found


def _one(tenant: str, item: bytes) -> Event | Misfit:
    if len(item) > MOST_EVENT:
        return Misfit("too_large", f"an event of {len(item)} bytes", f"at most {MOST_EVENT} bytes")
    return decode_cloudevent(tenant, item)


def _attributes(request: Request) -> list[tuple[str, bytes]]:
    """Attributes of the binary mode; their values are percent-encoded."""
    return [(name, unquote(text).encode()) for name, text in request.headers.items() if name.startswith("ce-")]


def _accepted(event: Event) -> Accepted:
    return Accepted(id=event.id, activity_id=event.activity_id)


def _problem(found: Misfit) -> Problem:
    status = {"not_json": 400, "not_utf8": 400, "too_large": 413}.get(found.reason, 422)
    detail = f"Saw {found.saw}; expected {found.expected}."
    return Problem(title=MEANING[found.reason][0], status=status, detail=detail, remedy=found.remedy)


def _who(user: User) -> str:
    return f"{user.tenant}/{user.name}"
