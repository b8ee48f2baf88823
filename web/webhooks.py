"""`POST /v1/webhooks/{connector}/{instance}`: limits, then the signature, then the mapping."""

from __future__ import annotations

import hmac
import logging
import time
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from connectors.base import Bad, BadRow, DirectoryObject, Options, Outcome, Skipped
from connectors.connectwise_psa import key_url
from connectors.receive import HOOKS, receive
from connectors.signatures import NONE, SCHEMES, Forged, verify
from jobs.import_ import CATALOG, object_fact
from jobs.webhooks import Webhook, find, live, mark_used
from streams.doors import Placed, placed, placed_bytes, placed_fact, placed_parked
from streams.models.event import Event
from streams.models.parked import Parked, parked_id
from streams.topics import RAW
from web.bodies import KIB, Pace, limited
from web.event_docs import REFUSALS, failed
from web.hook_keys import Keys
from web.problems import Refused

MOST = 256 * KIB
router = APIRouter(tags=["webhooks"])
pace = Pace(rate=100.0, burst=2000.0)  # deliveries, by webhook
forgeries = Pace(rate=5.0, burst=200.0)  # that did not fit, by address
keys = Keys()
log = logging.getLogger(__name__)


class Delivered(BaseModel):
    """What became of a delivery. All of it is stored; its bytes are kept besides."""

    events: int = Field(description="Evidence of work.")
    directory: int = Field(description="Clients, tickets and the like.")
    skipped: int = Field(description="Understood, and left out on purpose.")
    parked: int = Field(description="Kept with its bytes, because it cannot be read.")
    validation_code: str | None = Field(default=None, description="For Toggl's ping.")


RESPONSES: dict[int | str, dict[str, Any]] = {
    **{status: found for status, found in REFUSALS.items() if status != 403},
    400: failed("The body is empty, or was cut off."),
    401: failed("The signature does not fit, is too old, or is missing."),
    404: failed("No such webhook was added."),
}
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {}, "example": {"type": "…", "timestamp": "…", "data": {}}}},
    },
    "security": [{"signature": []}],
}


@router.post("/v1/webhooks/{connector}/{instance}", response_model=Delivered, responses=RESPONSES, openapi_extra=BODY)
async def signed(request: Request, connector: str, instance: str) -> Response:
    """For tools that sign. What cannot be mapped is kept and counted as parked; it need not be sent again."""
    hook = _hook(request, connector, instance)
    if hook.scheme == NONE:
        raise _no_such()
    _limits(request, hook)
    body = await limited(request, MOST, "A delivery")
    if (forged := await _forged(request, hook, body)) is not None:
        raise _not_theirs(request, hook, forged)
    return await _store(request, hook, body, authenticated=True)


@router.post(
    "/v1/webhooks/{connector}/{instance}/{key}", response_model=Delivered, responses=RESPONSES,
    openapi_extra={"requestBody": BODY["requestBody"]},
)  # fmt: skip
async def unsigned(request: Request, connector: str, instance: str, key: str) -> Response:
    """For tools that do not sign: the address itself is secret. What comes this way prices nothing until confirmed."""
    hook = _hook(request, connector, instance)
    if hook.scheme != NONE:
        raise _no_such()
    _limits(request, hook)
    fits = [hmac.compare_digest(key.encode(), secret) for secret in live(request.app.state.access, hook)]
    if not any(fits):
        forgeries.take(_address(request))
        raise _no_such()
    body = await limited(request, MOST, "A delivery")
    return await _store(request, hook, body, authenticated=False)


def _hook(request: Request, connector: str, instance: str) -> Webhook:
    found = find(request.app.state.access, connector, instance)
    if found is None or connector not in HOOKS:
        raise _no_such()
    return found


def _no_such() -> Refused:
    return Refused(
        404, "No such webhook", "Nothing was added under this address.", "everyminute webhook add CONNECTOR INSTANCE"
    )


def _limits(request: Request, hook: Webhook) -> None:
    address = _address(request)
    if forgeries.empty(address):
        forgeries.check(address)
    pace.check(hook.path)


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


async def _forged(request: Request, hook: Webhook, body: bytes) -> Forged | None:
    scheme, headers, now = SCHEMES[hook.scheme], request.headers, time.time()
    secrets = live(request.app.state.access, hook)
    if not hook.key_urls:
        return verify(scheme, secrets, headers, body, now)
    try:
        url = key_url(body)
    except Bad as bad:
        return Forged(bad.saw, bad.expected)
    key = await keys.get(url, hook.key_urls)
    found = verify(scheme, [*secrets, *([key] if key else [])], headers, body, now)
    if found is not None and (other := await keys.get(url, hook.key_urls, anew=True)):
        found = verify(scheme, [other], headers, body, now)
    return found


def _not_theirs(request: Request, hook: Webhook, forged: Forged) -> Refused:
    forgeries.take(_address(request))
    log.warning("%s: refused a delivery: %s", hook.path, forged.saw)
    return Refused(
        401, "The signature does not fit", f"Saw {forged.saw}; expected {forged.expected}.",
        "Enter the same secret in the tool and in `everyminute webhook rotate`, and check the tool's clock.",
        headers={"WWW-Authenticate": "Signature"},
    )  # fmt: skip


async def _store(request: Request, hook: Webhook, body: bytes, *, authenticated: bool) -> Response:
    if not body:
        raise Refused(400, "The body is empty", "Nothing was sent.", "Send what happened, as JSON.")
    options = Options(tenant=hook.tenant, time_unit=hook.time_unit)
    tool = HOOKS[hook.connector]
    outcomes = receive(tool, hook.instance, body, options, authenticated)
    await request.app.state.outbox.append([*_records(hook, outcomes), _raw(hook, outcomes, body)])
    mark_used(request.app.state.access, hook, int(time.time()))
    counts = {
        name: sum(isinstance(one, kind) for one in outcomes)
        for name, kind in (
            ("events", Event), ("directory", DirectoryObject), ("skipped", Skipped), ("parked", BadRow),
        )
    }  # fmt: skip
    return JSONResponse(counts | (tool.answer(body) or {}))


def _records(hook: Webhook, outcomes: Sequence[Outcome]) -> list[Placed]:
    found: list[Placed] = []
    for one in outcomes:
        if isinstance(one, Event):
            found.append(placed(one))
        elif isinstance(one, DirectoryObject):
            found.append(placed_fact(CATALOG, object_fact(hook.tenant, one)))
        elif isinstance(one, BadRow):
            found.append(placed_parked(_parked(hook, one)))
    return found


def _parked(hook: Webhook, bad: BadRow) -> Parked:
    """The same bytes from the same webhook are the same item, however often the tool sends them."""
    return Parked(
        tenant=hook.tenant, id=parked_id(hook.tenant, f"webhook:{hook.source}", b"%d" % bad.line, bad.data),
        reason=bad.reason, saw=bad.saw, expected=bad.expected, remedy=bad.remedy,
        place=f"{hook.path}#{bad.line}", connector=hook.source, value=bad.data,
    )  # fmt: skip


def _raw(hook: Webhook, outcomes: Sequence[Outcome], body: bytes) -> Placed:
    """The bytes as they came, beside the first event they brought."""
    first = next((one.entity for one in outcomes if isinstance(one, Event)), f"{hook.tenant}/{hook.source}")
    return placed_bytes(RAW, first, body)
