"""Planted faults for tests, only with --test-faults: a statement that matches meets a broken server.

before: the connection is reset, nothing was done. after: it was done, the acknowledgement is lost.
status: an answer with that HTTP status, nothing done. delay: it is done some seconds later.
"""

import asyncio
import re
from dataclasses import asdict, dataclass
from typing import Any, Literal

from aiohttp import web

Action = Literal["reset_before", "reset_after", "status", "delay"]


@dataclass
class Fault:
    """A fault for the next `times` statements that match; status is an HTTP status, seconds a delay."""

    action: Action
    match: str
    times: int = 1
    status: int = 503
    seconds: float = 0.0
    hits: int = 0


class FaultResponseError(Exception):
    """Carries the planted answer out of the handler."""

    def __init__(self, response: web.Response) -> None:
        super().__init__("planted fault")
        self.response = response


class Faults:
    """The faults planted now."""

    def __init__(self) -> None:
        self._planted: list[Fault] = []

    def plant(self, body: dict[str, Any]) -> None:
        """Plant a fault from its JSON form; raises TypeError or re.error when it is none."""
        fault = Fault(**body)
        re.compile(fault.match)
        self._planted.append(fault)

    def clear(self) -> None:
        """Remove all."""
        self._planted.clear()

    def report(self) -> list[dict[str, Any]]:
        """All planted faults with the number of times each was met."""
        return [asdict(fault) for fault in self._planted]

    def take(self, statement: str) -> Fault | None:
        """The first fault with hits left that matches the statement; counts the hit."""
        for fault in self._planted:
            if fault.hits < fault.times and re.search(fault.match, statement, re.IGNORECASE):
                fault.hits += 1
                return fault
        return None

    async def meet(self, request: web.Request, fault: Fault | None) -> None:
        """Do what the fault does before the statement runs."""
        if fault is None:
            return
        if fault.action == "delay":
            await asyncio.sleep(fault.seconds)
        elif fault.action == "status":
            raise FaultResponseError(web.Response(status=fault.status, text="planted fault"))
        elif fault.action == "reset_before":
            reset(request)

    def meet_after(self, request: web.Request, fault: Fault | None) -> None:
        """Do what the fault does once the statement is done."""
        if fault is not None and fault.action == "reset_after":
            reset(request)


def reset(request: web.Request) -> None:
    """Cut the connection at once, as a dying server or network does."""
    if request.transport is not None:
        request.transport.abort()
    raise ConnectionResetError("cut")
