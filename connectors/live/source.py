"""What a live tool is: its target, the batches it reads, and what may stand in its way."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from io import BytesIO
from types import MappingProxyType
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit, urlunsplit

import msgspec

from connectors import CONNECTORS
from connectors.base import BadRow, Options, Outcome, Refused, source_name
from connectors.live.state import State

DAY = 86_400_000  # ms
FIRST_LOOK = 31 * DAY  # how far back a new target is read, unless it says since when
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
REMEDY = "Look at it with `everyminute parked show`. If the tool changed its format, report it."


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One installation of a tool. ``every``: seconds between two polls. ``since``: ms, how far back to begin."""

    connector: str
    instance: str
    tenant: str
    url: str
    user: str = ""
    domain: str = ""
    login_key: bool = False
    ca_file: str = ""
    every: int = 60
    since: int | None = None

    @property
    def source(self) -> str:
        return source_name(self.connector, self.instance)

    @property
    def shown_url(self) -> str:
        """Without its query, which may hold a key."""
        return urlunsplit(urlsplit(self.url)._replace(query=""))


class Batch(NamedTuple):
    """What was read. Once it is sent, everything before ``cursor`` has been read (ms, the tool's clock), and with
    ``complete`` everything there is. ``opened`` and ``ended``: runs without a result, and runs to forget."""

    outcomes: list[Outcome]
    cursor: int | None = None
    complete: bool = False
    opened: Mapping[str, int] = MappingProxyType({})
    ended: frozenset[str] = frozenset()
    gap: tuple[int, int] | None = None  # ms; what the tool no longer tells


class Tool(Protocol):
    """``read`` gives batches: one look with ``once``, or as long as there is something to wait for. Raises Trouble."""

    def read(self, state: State, once: bool) -> AsyncIterator[Batch]: ...


class Trouble(Exception):  # noqa: N818 - the world's, not ours
    """Cannot go on for now: what we saw and what to do. ``refused``: trying again soon does no good and may lock the
    account. ``after``: seconds the tool asked us to wait."""

    def __init__(self, saw: str, remedy: str, *, refused: bool = False, after: int | None = None) -> None:
        super().__init__(f"{saw} {remedy}".strip())
        self.refused, self.after = refused, after


class Pace(NamedTuple):
    """Patience, in seconds. None of it is part of a fact. ``jitter`` gives a number between 0 and 1."""

    first: float = 1.0
    longest: float = 60.0
    refused: float = 300.0
    most_asked: float = 3600.0
    healthy: float = 60.0  # after so long without trouble, earlier failures are forgotten
    answer: float = 60.0
    ping: float = 30.0
    jitter: Callable[[], float] = random.random

    def delay(self, trouble: Trouble, failures: int) -> float:
        """Until the next attempt, after so many failures in a row: doubled each time, and spread, so that many clients
        of a server that was away do not all come back at once."""
        if trouble.after is not None:
            return min(float(trouble.after), self.most_asked) + self.jitter()
        longest = self.refused if trouble.refused else self.longest
        first = self.refused if trouble.refused else self.first
        return min(first * 2.0 ** min(failures - 1, 30), longest) * (0.5 + self.jitter() / 2)


def mapped(target: Target, data: bytes, as_of: int | None = None) -> list[Outcome]:
    """The outcomes of an answer, by the mapper of file imports. What is no JSON at all is a bad row as a whole."""
    options = Options(tenant=target.tenant, as_of=as_of)
    try:
        return list(CONNECTORS[target.connector].read(BytesIO(data), target.instance, options))
    except Refused as refused:
        return [BadRow(1, data, "not_json", str(refused), "an answer in JSON", REMEDY)]


async def mapped_aside(target: Target, data: bytes, as_of: int | None = None) -> list[Outcome]:
    """The same for a large answer: pings and the watchdog are served meanwhile."""
    return await asyncio.to_thread(mapped, target, data, as_of)


def ssl_of(target: Target) -> ssl.SSLContext | None:
    """None where the connection is plain, which only this machine's own address may be. Raises Trouble."""
    if urlsplit(target.url).scheme in ("ws", "http"):
        return None
    try:
        return ssl.create_default_context(cafile=target.ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise Trouble(
            f"The certificates in {target.ca_file} cannot be read: {error}.", "Give a PEM file with --ca-file."
        ) from error


def tls_trouble(target: Target, error: ssl.SSLError) -> Trouble:
    why = getattr(error, "verify_message", "") or error.reason or str(error)
    return Trouble(
        f"{target.shown_url} shows a certificate we do not trust: {why}.",
        "Mend the certificate or the name in the address; for an authority of your own, name its file with --ca-file.",
        refused=True,
    )


def is_local(url: str) -> bool:
    return (urlsplit(url).hostname or "") in LOOPBACK


def start_of(state: State, target: Target, server_now: int, overlap: int) -> int:
    """From when to read, ms. A cursor from the future was written by a clock that went wrong: it is not believed."""
    if state.cursor is None:
        return target.since if target.since is not None else server_now - FIRST_LOOK
    if state.cursor > server_now + overlap:
        return server_now - FIRST_LOOK
    return state.cursor - overlap
