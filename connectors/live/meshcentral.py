"""MeshCentral's control socket: what happens as it happens, and its history after each (re)connection.

The stream has no replay, so the cursor moves only once a history answer has reached back behind it. The history knows
no "since", only a number of newest events: more are asked for until they reach.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from connectors.base import Bad
from connectors.fields import Fields
from connectors.instants import iso
from connectors.live.mesh_login import connect, refusal
from connectors.live.source import Batch, Pace, Target, Trouble, mapped, mapped_aside, start_of
from connectors.live.state import State

OVERLAP = 3_600_000  # ms read again behind the cursor: events are stored a moment after they are dated
LIMITS = (2_000, 10_000, 60_000)  # newest events asked for, until they reach back; the most every version answers
RELIST = 300.0  # seconds between two lists of devices that were asked for because something changed
LIST_AGAIN = 3_600.0  # and in any case
CHANGES = frozenset({"createmesh", "meshchange", "addnode", "changenode", "nodemeshchange"})


class Frame(msgspec.Struct):
    """What tells frames apart; most kinds do not concern us."""

    action: Any = ""
    event: msgspec.Raw = msgspec.Raw(b"{}")
    events: msgspec.Raw = msgspec.Raw(b"[]")
    serverinfo: msgspec.Raw = msgspec.Raw(b"{}")
    cause: Any = ""
    msg: Any = ""


_decoder = msgspec.json.Decoder(Frame)


class MeshCentral:
    """``secret`` is asked at each connection, so that an exchanged one is taken up."""

    def __init__(self, target: Target, secret: Callable[[], str], pace: Pace | None = None) -> None:
        self._target, self._secret, self._pace = target, secret, pace or Pace()

    async def read(self, state: State, once: bool) -> AsyncIterator[Batch]:
        """One connection. With ``once`` it ends when history and lists are read, else only by Trouble."""
        socket = await connect(self._target, self._secret(), self._pace.answer)
        reading = _Reading(self._target, state, self._pace, socket)
        try:
            while not (once and reading.done):
                for batch in await reading.next():
                    yield batch
        except ConnectionClosed as closed:
            raise Trouble(f"{self._target.shown_url} ended the connection ({closed}).", "") from closed
        finally:
            await socket.close()


class _Reading:
    """One connection: what was asked for, and what has come of it."""

    def __init__(self, target: Target, state: State, pace: Pace, socket: ClientConnection) -> None:
        self._target, self._state, self._pace, self._socket = target, state, pace, socket
        self._began = self._heard = self._asked = time.monotonic()
        self._server_began: int | None = None  # ms, the server's clock at `_began`
        self._covered = False
        self._lists = {"meshes": False, "nodes": False}
        self._listed, self._stale = 0.0, False
        self._limit = 0
        self._waiting: set[str] = {"userinfo"}  # answers

    @property
    def done(self) -> bool:
        return self._covered and all(self._lists.values())

    async def next(self) -> list[Batch]:
        """What the next frame brings. Asks for a sign of life when there is none."""
        try:
            async with asyncio.timeout(self._pace.ping):
                data = await self._socket.recv(decode=False)
        except TimeoutError:
            await self._silent()
            return []
        self._heard = time.monotonic()
        batches = await self._taken(data)
        self._in_time()
        await self._list_again()
        return batches

    async def _silent(self) -> None:
        self._in_time()
        await self._send(action="ping")
        await self._list_again()

    def _in_time(self) -> None:
        now = time.monotonic()
        if now - self._heard > 3 * self._pace.ping or (self._waiting and now - self._asked > self._pace.answer):
            missing = ", ".join(sorted(self._waiting)) or "ping"
            raise Trouble(f"{self._target.shown_url} is connected and does not answer ({missing}).", "")

    async def _taken(self, data: bytes) -> list[Batch]:
        try:
            frame = _decoder.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            # the pong of older versions is no JSON; anything else is kept as a bad row
            return [Batch(mapped(self._target, data), complete=self._covered)]
        match frame.action:
            case "close":
                raise refusal(self._target, str(frame.cause), str(frame.msg))
            case "serverinfo":
                told = _plain(frame.serverinfo).get("serverTime")
                self._server_began, self._began = (told if isinstance(told, int) else None), time.monotonic()
            case "userinfo":
                self._waiting.discard("userinfo")
                await self._ask_lists()
                await self._ask_history()
            case "event":
                return [self._pushed(frame, data)]
            case "events":
                return await self._history(frame)
            case "meshes" | "nodes":
                return await self._list(frame.action, data)
        return [Batch([], complete=self._covered)]

    def _now(self, *known: int | None) -> int:
        """The server's clock, ms; without one, the newest instant it told us."""
        if self._server_began is not None:
            return self._server_began + int((time.monotonic() - self._began) * 1000)
        return max((at for at in (*known, self._state.cursor) if at is not None), default=0)

    def _pushed(self, frame: Frame, data: bytes) -> Batch:
        event = _plain(frame.event)
        at = _time_of(event)
        self._stale |= event.get("action") in CHANGES
        moved = None if at is None else min(at, self._now(at))
        cursor = max(moved, self._state.cursor or 0) if self._covered and moved is not None else None
        return Batch(mapped(self._target, data), cursor, complete=self._covered)

    async def _history(self, frame: Frame) -> list[Batch]:
        """The rows since the cursor; if the answer does not reach back so far, more are asked for."""
        times = [(_time_of(_plain(raw)), raw) for raw in _rows(frame.events)]
        known = [at for at, _ in times if at is not None]
        now = self._now(*known)
        start = start_of(self._state, self._target, now, OVERLAP)
        rows = [bytes(raw) for at, raw in times if at is None or at >= start]
        outcomes = await mapped_aside(self._target, b"[" + b",".join(rows) + b"]")
        oldest = min(known, default=start)
        reached = len(times) < self._limit or oldest <= start
        if not reached and self._limit < LIMITS[-1]:
            await self._ask_history()
            return [Batch(outcomes)]
        self._waiting.discard("events")
        self._covered = True
        gap = None if reached else (start, oldest)
        return [Batch(outcomes, now, complete=True, gap=gap)]

    async def _list(self, name: str, data: bytes) -> list[Batch]:
        """Devices or device groups, true as of now by the server's clock."""
        self._waiting.discard(name)
        self._lists[name] = True
        as_of = self._now()
        outcomes = await mapped_aside(self._target, data, as_of) if as_of else []
        return [Batch(outcomes, complete=self._covered)]

    async def _ask_history(self) -> None:
        self._limit = next(limit for limit in LIMITS if limit > self._limit)
        self._waiting.add("events")
        self._asked = time.monotonic()
        await self._send(action="events", limit=self._limit)

    async def _ask_lists(self) -> None:
        self._listed = self._asked = time.monotonic()
        self._stale = False
        for name in self._lists:
            self._waiting.add(name)
            await self._send(action=name)

    async def _list_again(self) -> None:
        age = time.monotonic() - self._listed
        if "userinfo" not in self._waiting and (age > LIST_AGAIN or (self._stale and age > RELIST)):
            await self._ask_lists()

    async def _send(self, **message: str | int) -> None:
        tag = {"tag": "everyminute", "responseid": "everyminute"}
        await self._socket.send(msgspec.json.encode(message | tag).decode())


def _plain(raw: msgspec.Raw) -> dict[str, Any]:
    value = msgspec.json.decode(raw)
    return value if isinstance(value, dict) else {}


def _rows(raw: msgspec.Raw) -> list[msgspec.Raw]:
    try:
        return msgspec.json.decode(raw, type=list[msgspec.Raw])
    except msgspec.DecodeError:
        return []


def _time_of(event: dict[str, Any]) -> int | None:
    """ms; None where it cannot be read: the mapper says why."""
    try:
        return Fields({"time": event.get("time")}).maybe_instant("time")
    except Bad:
        return None


def gap_text(gap: tuple[int, int]) -> str:
    begin, end = (iso(at - at % 1000) for at in gap)
    return (
        f"What happened between {begin} and {end} is more than the tool tells at once: some of it may be "
        "missing. Export that time from its database and import it."
    )
