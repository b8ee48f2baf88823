"""Bodies read with limits: nothing is trusted about their length, and a slow sender does not hold us."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict

from fastapi import Request
from starlette.requests import ClientDisconnect

from web.problems import Refused

READ_SECONDS = 20.0  # for a whole body
KIB = 1024


async def limited(request: Request, most: int, what: str) -> bytes:
    """The whole body, at most ``most`` bytes: 413 before more is read, 408 when it does not come, 415 when packed."""
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Refused(415, "Packed bodies are not read", "Content-Encoding is set.", "Send the body as it is.")
    said = request.headers.get("content-length", "")
    if said.isdecimal() and (len(said) > 12 or int(said) > most):
        raise _large(most, what)
    parts, size = [], 0
    try:
        async with asyncio.timeout(READ_SECONDS):
            async for part in request.stream():
                size += len(part)
                if size > most:
                    raise _large(most, what)
                parts.append(part)
    except TimeoutError:
        raise Refused(408, "The body did not come", f"It was not whole after {READ_SECONDS:.0f} s.", "Send it again.",
                      headers={"Connection": "close"}) from None  # fmt: skip
    except ClientDisconnect:
        raise Refused(400, "The body is cut off", "The connection ended before its end.", "Send it again.") from None
    return b"".join(parts)


def _large(most: int, what: str) -> Refused:
    return Refused(
        413, "Too large", f"{what} has at most {most // KIB} KiB.", "Send less at once; leave out free text.",
        headers={"Connection": "close"},
    )  # fmt: skip


class Pace:
    """How much somebody may do: ``burst`` at once, ``rate`` a second after that. In memory, of this process."""

    def __init__(self, rate: float, burst: float, most: int = 10_000) -> None:
        self._rate, self._burst, self._most = rate, burst, most
        self._held: OrderedDict[str, tuple[float, float]] = OrderedDict()  # what is left, and when that was

    def take(self, who: str, amount: float = 1.0) -> float:
        """Seconds to wait; 0 when it may be done. Somebody may overdraw once and then waits for it."""
        now = time.monotonic()
        left, at = self._held.pop(who, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._rate)
        wait = 0.0 if left > 0 else (1.0 - left) / self._rate
        self._held[who] = (left - amount if not wait else left, now)
        if len(self._held) > self._most:
            self._held.popitem(last=False)
        return wait

    def check(self, who: str, amount: float = 1.0) -> None:
        """Refuses with 429."""
        if wait := self.take(who, amount):
            raise Refused(
                429, "Too much at once", f"More than {self._rate:.0f} a second for a while.", "Send again later.",
                headers={"Retry-After": str(max(1, round(wait)))},
            )  # fmt: skip

    def empty(self, who: str) -> bool:
        """Whether nothing is left, without taking anything."""
        left, at = self._held.get(who, (self._burst, 0.0))
        return left + (time.monotonic() - at) * self._rate <= 0
