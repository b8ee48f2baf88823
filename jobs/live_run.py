"""Runs one live tool: reads a batch, sends it, and keeps the cursor once Kafka has it. ``python -m jobs.live_run``."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, aclosing, suppress
from dataclasses import dataclass, field
from typing import Any

from aiokafka.errors import KafkaError

from connectors.base import BadRow, DirectoryObject, Outcome
from connectors.live import state as states
from connectors.live.meshcentral import gap_text
from connectors.live.source import Batch, Pace, Tool, Trouble
from connectors.live.state import instant
from jobs.console import UserError
from jobs.import_ import Batch as Sending
from jobs.import_ import Destination
from jobs.live import Place, find
from sinks.runfile import EVERY_SECONDS, RunFile
from streams.doors import Door
from streams.models.event import Event
from streams.settings import Settings

SAVE_EVERY = 5.0  # seconds between two writes of the cursor while batches come fast; a lost one is read again
KINDS: dict[type, str] = {Event: "events", DirectoryObject: "directory", BadRow: "parked"}
log = logging.getLogger("everyminute.live")


@dataclass
class Progress:
    """What `everyminute status` shows. Instants in seconds since 1970 by our own clock, for display alone;
    ``last_event`` in ms by the tool's."""

    state: str = "connecting"  # live, waiting, refused
    problem: str = ""
    last_event: int | None = None
    last_contact: float | None = None
    complete: float | None = None  # when everything was known to be read
    next_try: float | None = None
    sent: dict[str, int] = field(default_factory=lambda: {"events": 0, "directory": 0, "parked": 0})
    errors: int = 0
    gap: str = ""

    def batch(self, batch: Batch, fresh: Iterable[Outcome]) -> None:
        now = time.time()
        self.last_contact = now
        if batch.complete:
            self.state, self.problem, self.complete, self.next_try = "live", "", now, None
        for outcome in fresh:
            self.sent[KINDS[type(outcome)]] += 1
        known = [at for at in (self.last_event, *map(instant, batch.outcomes)) if at is not None]
        self.last_event = max(known, default=None)

    def data(self) -> dict[str, Any]:
        return dict(vars(self))


class Runner:
    """One tool. ``door`` opens the way to Kafka; ``wait`` sleeps."""

    def __init__(
        self,
        place: Place,
        tool: Tool,
        door: Callable[[AsyncExitStack], Awaitable[Destination]],
        pace: Pace | None = None,
        wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.progress = Progress()
        self.state = states.load(place.cursor)
        self._place, self._tool, self._pace, self._wait = place, tool, pace or Pace(), wait
        self._target = place.target()
        self._open, self._door = door, AsyncExitStack()
        self._destination: Destination | None = None
        self._saved = float("-inf")
        self._unsaved = False
        if self.state.gap:
            self.progress.gap = gap_text(self.state.gap)

    async def look(self, once: bool) -> None:
        """Until the tool has told everything it can tell now. Raises Trouble, and what the broker's client raises."""
        try:
            async with aclosing(self._tool.read(self.state, once)) as batches:  # type: ignore[type-var]
                async for batch in batches:
                    await self._take(batch)
        finally:
            self._save(force=True)

    def rewind(self, since: int) -> None:
        """Read again from ``since`` (ms), and send again what was sent: it is the same fact."""
        self.state.cursor, self.state.seen, self.state.things, self.state.gap = since, {}, {}, None
        self.progress.gap = ""

    async def serve(self) -> None:
        """For ever: look, wait, and after trouble wait longer."""
        failures = 0
        while True:
            began = time.monotonic()
            try:
                await self.look(once=False)
                failures, delay = 0, float(self._target.every)
            except* Trouble as group:
                failures = 1 if time.monotonic() - began > self._pace.healthy else failures + 1
                delay = self._troubled(_first(group), failures)
            except* (KafkaError, TimeoutError) as group:
                failures += 1
                await self.close()
                delay = self._troubled(kafka_trouble(_first(group)), failures)
            await self._wait(delay)

    async def close(self) -> None:
        self._destination = None
        with suppress(KafkaError, TimeoutError):
            await self._door.aclose()

    async def _take(self, batch: Batch) -> None:
        fresh = self.state.fresh(batch.outcomes)
        if fresh:
            if self._destination is None:
                self._destination = await self._open(self._door)
            await deliver(fresh, self._target.tenant, self._target.source, self._destination)
        self.state.sent(fresh)
        before = self.state.cursor, self.state.gap
        self.state.advance(batch.cursor, batch.opened, batch.ended)
        if batch.gap is not None:
            self.state.gap, self.progress.gap = batch.gap, gap_text(batch.gap)
        self._unsaved |= bool(fresh or batch.opened or batch.ended) or before != (self.state.cursor, self.state.gap)
        self._save(force=False)
        self.progress.batch(batch, fresh)

    def keep(self) -> None:
        """Write the cursor if it has waited long enough."""
        self._save(force=False)

    def _save(self, force: bool) -> None:
        """Only here, and only what was acknowledged: what is lost with the process is read again."""
        if self._unsaved and (force or time.monotonic() - self._saved > SAVE_EVERY):
            states.save(self._place.cursor, self.state)
            self._saved, self._unsaved = time.monotonic(), False

    def _troubled(self, trouble: Trouble, failures: int) -> float:
        delay = self._pace.delay(trouble, failures)
        self.progress.errors += 1
        self.progress.state = "refused" if trouble.refused else "waiting"
        self.progress.problem = str(trouble)
        self.progress.next_try = time.time() + delay
        log.warning("%s Next try in %.0f s.", trouble, delay)
        return delay


async def deliver(outcomes: Iterable[Outcome], tenant: str, source: str, destination: Destination) -> None:
    """Send, in batches that wait for the broker."""
    sending = Sending()
    for outcome in outcomes:
        sending.add(outcome, tenant, source, "live")
        if sending.full:
            await sending.send(destination)
            sending = Sending()
    await sending.send(destination)


def door_of(settings: Settings) -> Callable[[AsyncExitStack], Awaitable[Destination]]:
    async def opened(stack: AsyncExitStack) -> Destination:
        return await stack.enter_async_context(Door(settings))

    return opened


async def poll(settings: Settings, place: Place, since: int | None = None) -> Progress:
    """One look. With ``since`` (ms) from there, whatever was read before. Raises Trouble, KafkaError, TimeoutError."""
    runner = Runner(place, place.tool(), door_of(settings))
    if since is not None:
        runner.rewind(since)
    try:
        await runner.look(once=True)
    finally:
        await runner.close()
    return runner.progress


async def serve(settings: Settings, place: Place) -> None:
    """Until SIGTERM or SIGINT. A tool that is removed is left alone at once; added again, the process ends, and the
    supervisor starts it with its new settings."""
    runner = Runner(place, place.tool(), door_of(settings))
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    file = RunFile(settings.home, place.name)
    work: asyncio.Task[None] = asyncio.create_task(runner.serve())
    try:
        while not stop.is_set() and not (work.cancelled() and place.added):
            if not place.added:
                work.cancel()
                runner.progress.state = "removed"
            elif work.done() and not work.cancelled():
                work.result()  # ours to mend: the process ends, and is started again
            file.write(runner.progress.data())
            runner.keep()
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), EVERY_SECONDS)
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        await runner.close()
        file.write(runner.progress.data() | {"state": "stopped"})


def kafka_trouble(error: BaseException) -> Trouble:
    return Trouble(f"Kafka did not take everything: {str(error) or type(error).__name__}.", "It is sent again.")


def _first(group: BaseExceptionGroup[Any]) -> Any:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def main() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    settings = Settings()
    connector, instance = sys.argv[1:]
    try:
        place = find(settings, connector, instance)
        with place.owned():
            asyncio.run(serve(settings, place))
    except UserError as error:
        log.error("%s", error)
        sys.exit(int(error.code))


if __name__ == "__main__":
    main()
