"""From many requests at once into Kafka: what waits while an append is under way goes out together as the next one.

    await request.app.state.outbox.send_events(events)

returns once the broker has acknowledged all of them with acks=all, and refuses with 503 otherwise. Then some may
stand, and sending all of them again does no harm.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from aiokafka.errors import KafkaError

from streams.doors import Door, Placed, placed, placed_fact, placed_parked
from streams.models.event import Event
from streams.models.fact import Fact
from streams.models.parked import Parked
from streams.settings import Settings
from web.problems import Refused

APPEND_SECONDS = 10.0  # until an append is given up
STOP_SECONDS = 3.0
MOST_RECORDS = 5000  # of one append
MOST_BYTES = 8 * 1024 * 1024  # of one append
MOST_WAITING = 64 * 1024 * 1024  # bytes of all requests together; more are refused
RETRY_SECONDS = 5

log = logging.getLogger(__name__)


class KafkaAway(Refused):
    """The broker did not acknowledge."""

    def __init__(self, detail: str) -> None:
        super().__init__(
            503, "Kafka did not acknowledge", detail,
            "Send the same again later: what was stored already is not counted twice.",
            headers={"Retry-After": str(RETRY_SECONDS)},
        )  # fmt: skip


@dataclass
class _Parcel:
    records: Sequence[Placed]
    size: int
    done: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Outbox:
    """Connects when it is first needed, and anew after whatever went wrong."""

    def __init__(self, settings: Settings, append_seconds: float = APPEND_SECONDS) -> None:
        self._settings, self._seconds = settings, append_seconds
        self._waiting: list[_Parcel] = []
        self._size = 0
        self._door: Door | None = None
        self._running: asyncio.Task[None] | None = None
        self._stopping: set[asyncio.Task[None]] = set()

    async def send_events(self, events: Iterable[Event]) -> None:
        await self.append([placed(event) for event in events])

    async def send_facts(self, topic: str, facts: Sequence[Fact]) -> None:
        await self.append([placed_fact(topic, fact) for fact in facts])

    async def park(self, items: Sequence[Parked]) -> None:
        await self.append([placed_parked(item) for item in items])

    async def append(self, records: Sequence[Placed]) -> None:
        """Raises KafkaAway."""
        if not records:
            return
        size = sum(len(record.value or b"") for _, _, record in records)
        if self._size + size > MOST_WAITING and self._waiting:
            raise KafkaAway("More waits for the broker than this process keeps.")
        parcel = _Parcel(records, size)
        self._waiting.append(parcel)
        self._size += size
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        await asyncio.shield(parcel.done)

    async def stop(self) -> None:
        """After the last request."""
        if self._running is not None:
            await self._running
        await self._drop()
        if self._stopping:
            await asyncio.wait(self._stopping)

    async def _run(self) -> None:
        while self._waiting:
            parcels = self._take()
            try:
                await self._send([record for parcel in parcels for record in parcel.records])
            except Exception as error:  # every request that waits must be told, whatever it was
                _tell(parcels, error)
                await self._drop()
            else:
                for parcel in parcels:
                    parcel.done.set_result(None)
            self._size -= sum(parcel.size for parcel in parcels)
        self._running = None

    def _take(self) -> list[_Parcel]:
        """The parcels of the next append: at least one."""
        count = records = size = 0
        for parcel in self._waiting:
            records, size = records + len(parcel.records), size + parcel.size
            if count and (records > MOST_RECORDS or size > MOST_BYTES):
                break
            count += 1
        taken, self._waiting = self._waiting[:count], self._waiting[count:]
        return taken

    async def _send(self, records: Sequence[Placed]) -> None:
        if self._door is None:
            door = Door(self._settings, self._seconds)
            async with asyncio.timeout(self._seconds):
                await door.start()
            self._door = door
        await self._door.append(records)

    async def _drop(self) -> None:
        """A producer that failed is not used again; it ends aside, because with a broker away that takes its time."""
        door, self._door = self._door, None
        if door is not None:
            task = asyncio.create_task(_ended(door))
            self._stopping.add(task)
            task.add_done_callback(self._stopping.discard)


async def _ended(door: Door) -> None:
    with contextlib.suppress(KafkaError, TimeoutError, OSError):
        async with asyncio.timeout(STOP_SECONDS):
            await door.stop()


def _tell(parcels: Sequence[_Parcel], error: Exception) -> None:
    """503 for what the broker did; what is our own defect comes up as it is."""
    causes = error.exceptions if isinstance(error, ExceptionGroup) else (error,)
    away = all(isinstance(one, KafkaError | TimeoutError | OSError) for one in causes)
    log.error("Kafka did not acknowledge %d requests: %r", len(parcels), causes[0])
    for parcel in parcels:
        refusal = KafkaAway(f"The broker did not acknowledge ({type(causes[0]).__name__}).")
        parcel.done.set_exception(refusal if away else error)
        parcel.done.exception()  # whoever asked may have gone away
