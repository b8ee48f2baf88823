"""The senders: one event a request, at a fixed pace that does not wait for answers (an open loop).

A request's time counts from the moment it was due, so a stall is felt by every request it delays.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import orjson

CONNECTIONS = 64
SOURCE = "bench:main"
FIRST = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
EVERY, LASTS = timedelta(minutes=8), timedelta(minutes=6)
TENANTS, TECHNICIANS, CLIENTS = 20, 10, 4


@dataclass(frozen=True)
class Sending:
    """One request: ``name`` is the ticket by which the ledger shows it."""

    name: str
    body: bytes
    token: str


@dataclass
class Answers:
    """``late``: seconds from due to answered, by name of what was stored. ``failed``: what else came back."""

    due: dict[str, float] = field(default_factory=dict)  # time.time()
    late: dict[str, float] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)


def make(count: int, tokens: Sequence[str], start: int = 0) -> list[Sending]:
    """Timers of many tenants, technicians and clients, in the order in which they ended."""
    made = []
    for number in range(start, start + count):
        tenant, turn = number % TENANTS, number // TENANTS
        technician, when = turn % TECHNICIANS, turn // TECHNICIANS
        began = FIRST + when * EVERY
        ended = began + LASTS
        name = f"T{number}"
        data = {
            "source": SOURCE, "source_event_id": name, "activity_id": f"timer-{name}", "kind": "ticket_timer",
            "phase": "interval", "revision": 1, "started_at": began.isoformat(), "ended_at": ended.isoformat(),
            "technician": {"native_id": f"tech{technician}"}, "client": {"native_id": f"c{turn % CLIENTS}"},
            "ticket": {"native_id": name}, "service": "timer.ticket", "billable": True,
        }  # fmt: skip
        event = {
            "specversion": "1.0", "id": f"{SOURCE}/{name}", "source": "/connectors/bench/main",
            "type": "everyminute.ticket_timer.interval.v1", "data": data,
        }  # fmt: skip
        made.append(Sending(name, orjson.dumps(event), tokens[tenant]))
    return made


async def send(port: int, sendings: Sequence[Sending], rate: float) -> Answers:
    """All of them, ``rate`` a second, over connections that stay open."""
    answers, queue = Answers(), asyncio.Queue[tuple[Sending, float] | None]()
    senders = [asyncio.create_task(_sender(port, queue, answers)) for _ in range(CONNECTIONS)]
    start = time.monotonic()
    for number, sending in enumerate(sendings):
        due = start + number / rate
        if (wait := due - time.monotonic()) > 0:
            await asyncio.sleep(wait)
        answers.due[sending.name] = time.time() - (time.monotonic() - due)
        queue.put_nowait((sending, due))
    for _ in senders:
        queue.put_nowait(None)
    await asyncio.gather(*senders)
    return answers


async def _sender(port: int, queue: asyncio.Queue[tuple[Sending, float] | None], answers: Answers) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while (item := await queue.get()) is not None:
        sending, due = item
        head = (
            f"POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {sending.token}\r\n"
            f"Content-Type: application/cloudevents+json\r\nContent-Length: {len(sending.body)}\r\n\r\n"
        )
        writer.write(head.encode() + sending.body)
        status, body = await _answer(reader)
        if status == 202:
            answers.late[sending.name] = time.monotonic() - due
        else:
            answers.failed.append(f"{status} {body[:200].decode(errors='replace')}")
    writer.close()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    length = next(int(line[15:]) for line in head if line.lower().startswith("content-length:"))
    return int(head[0].split(" ")[1]), await reader.readexactly(length)
