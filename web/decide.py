"""The way of a decision: into Kafka once, however often it is sent, and then the wait until the ledger shows it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from streams.models.decision import Decision, encode_decision
from streams.models.fact import Fact
from streams.models.ids import derived_id
from streams.topics import DECISIONS
from web.outbox import Outbox

WAIT_SECONDS = 20.0
POLL_SECONDS = 0.25
T = TypeVar("T")


def decision_id(tenant: str, *parts: str) -> str:
    """The same click on the same page is the same decision; ``parts`` say what was seen and what was chosen."""
    return derived_id("decision", tenant, *parts)


async def send_decision(request: Request, tenant: str, id_: str, decision: Decision) -> None:
    """Returns once Kafka has it. Raises KafkaAway."""
    outbox: Outbox = request.app.state.outbox
    fact = Fact(kind="decision", tenant=tenant, id=id_, body=encode_decision(decision))
    await outbox.send_facts(DECISIONS, [fact])


async def seen(look: Callable[[], T | None], seconds: float = WAIT_SECONDS) -> T | None:
    """What ``look`` finds, as soon as it finds something; None after so long. It runs in a thread."""
    until = time.monotonic() + seconds
    while True:
        found = await run_in_threadpool(look)
        if found is not None or time.monotonic() > until:
            return found
        await asyncio.sleep(POLL_SECONDS)
