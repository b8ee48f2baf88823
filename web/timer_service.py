"""Timers as a service: clicks become events, what they amount to is read back from the log.

Every answer is given after Kafka has acknowledged the click and this process has read it again, and every question
first reads what anybody acknowledged: so several processes, tabs and restarts cannot disagree.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

import msgspec
from aiokafka.errors import KafkaError
from aiokafka.structs import ConsumerRecord

from streams.doors import Placed, placed, placed_bytes
from streams.models.cloudevent import decode_cloudevent
from streams.models.event import Event
from streams.models.fact import decode_fact
from streams.settings import Settings
from streams.topics import CATALOG, DAY_MS, LINK_LOG, NOTES, RATE_LOG
from web.outbox import KafkaAway, Outbox
from web.timer_actions import SOURCE, Owner
from web.timer_desk import Desk, Note
from web.timer_follow import Follower

TIMER_DAYS, WORK_DAYS = 35, 8
FORGET_SECONDS = 3600.0
_notes = msgspec.json.Decoder(Note)
_encode = msgspec.json.Encoder().encode
Clock = Callable[[], int]


def wall_clock() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class TimerService:
    """Connects when it is first asked, and anew after whatever went wrong. ``clock`` gives ms."""

    def __init__(self, settings: Settings, outbox: Outbox, clock: Clock = wall_clock) -> None:
        self._settings, self._outbox = settings, outbox
        self.clock = clock
        self._desks: dict[str, Desk] = {}
        self._followers: list[Follower] = []
        self._starting = asyncio.Lock()
        self._locks: dict[Owner, asyncio.Lock] = {}
        self._waiters: set[asyncio.Event] = set()
        self._forgot = time.monotonic()

    async def stop(self) -> None:
        followers, self._followers = self._followers, []
        for follower in followers:
            await follower.stop()

    async def desk(self, tenant: str) -> Desk:
        """The tenant's desk, with everything that is acknowledged by now. Raises KafkaAway."""
        try:
            await self._ready()
            await self._followers[0].caught_up()
        except (KafkaError, TimeoutError, OSError) as error:
            raise KafkaAway(f"The broker does not answer ({type(error).__name__}).") from error
        return self._desk(tenant)

    @asynccontextmanager
    async def acting(self, owner: Owner) -> AsyncIterator[Desk]:
        """One click of a technician after the other."""
        async with self._locks.setdefault(owner, asyncio.Lock()):
            yield await self.desk(owner.tenant)

    async def record(self, events: Iterable[Event], notes: Iterable[Note] = ()) -> None:
        """Returns when Kafka has them and this process has read them."""
        records: list[Placed] = [placed(event) for event in events]
        for note in notes:
            records.append(placed_bytes(NOTES, f"{note.tenant}/{note.activity}", _encode(note)))
        await self._outbox.append(records)
        try:
            await self._followers[0].caught_up()
        except (KafkaError, TimeoutError, OSError) as error:
            raise KafkaAway("The click is stored; what became of it cannot be read yet.") from error

    async def moved(self, seconds: float) -> bool:
        """Until something was read, at most so long; whether it was."""
        waiter = asyncio.Event()
        self._waiters.add(waiter)
        try:
            async with asyncio.timeout(seconds):
                await waiter.wait()
        except TimeoutError:
            return False
        finally:
            self._waiters.discard(waiter)
        return True

    async def _ready(self) -> None:
        async with self._starting:
            if self._followers and all(one.alive for one in self._followers):
                return
            await self.stop()
            self._desks.clear()
            now = wall_clock()  # of the records, whatever clock the timers go by
            followers = [
                Follower(self._settings, ("events.timer", NOTES), self._take, now - TIMER_DAYS * DAY_MS, self._wake),
                Follower(self._settings, (LINK_LOG, RATE_LOG), self._take, now - WORK_DAYS * DAY_MS, self._wake),
                Follower(self._settings, (CATALOG,), self._take, None, self._wake),
            ]
            self._followers = []
            for follower in followers:
                await follower.start()
                self._followers.append(follower)
            for follower in followers:
                await follower.caught_up()

    def _desk(self, tenant: str) -> Desk:
        return self._desks.setdefault(tenant, Desk(tenant))

    def _take(self, topic: str, record: ConsumerRecord) -> None:
        if topic == "events.timer":
            tenant = _tenant_of(record)
            if tenant and SOURCE.encode() in record.value:
                event = decode_cloudevent(tenant, record.value, record.headers)
                if isinstance(event, Event):
                    self._desk(tenant).take_event(event)
        elif topic == NOTES:
            self._take_note(record)
        else:
            fact = decode_fact(record.value)
            if fact.counts:
                self._desk(fact.tenant).take_fact(fact, record.timestamp)

    def _take_note(self, record: ConsumerRecord) -> None:
        try:
            note = _notes.decode(record.value)
        except msgspec.MsgspecError:
            return  # another record of free text: none of a timer
        if note.tenant == _tenant_of(record):
            self._desk(note.tenant).take_note(note)

    def _wake(self) -> None:
        if time.monotonic() - self._forgot > FORGET_SECONDS:
            self._forgot = time.monotonic()
            for desk in self._desks.values():
                desk.forget(wall_clock() - WORK_DAYS * DAY_MS)
        for waiter in self._waiters:
            waiter.set()


def _tenant_of(record: ConsumerRecord) -> str:
    tenant, _, activity = (record.key or b"").decode(errors="replace").partition("/")
    return tenant if activity else ""
