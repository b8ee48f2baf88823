"""What really happened in the month: tickets, and visits (a technician works on something, from, until)."""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from jobs.demo.world import Client, Device, Technician, World

MONTH = (2026, 3)
FIRST_DAY, AFTER_LAST_DAY = date(2026, 3, 1), date(2026, 4, 1)
MINUTE, HOUR, DAY = 60, 3600, 86400


@dataclass(frozen=True)
class Ticket:
    number: int
    client: Client
    device: Device | None
    technician: Technician
    opened: int  # seconds since 1970
    closed: int | None
    contact: str = ""  # who asked for it


@dataclass(frozen=True)
class Visit:
    """One stretch of real work. ``ticket`` None: quick help nobody opened a ticket for."""

    technician: Technician
    client: Client
    device: Device
    ticket: Ticket | None
    start: int
    end: int


@dataclass(frozen=True)
class Truth:
    tickets: tuple[Ticket, ...]
    visits: tuple[Visit, ...]


class Diary:
    """The free time of one technician."""

    def __init__(self, technician: Technician) -> None:
        self.zone = technician.zone
        self._busy: list[tuple[int, int]] = []

    def book(self, earliest: int, seconds: int) -> tuple[int, int]:
        """The first stretch of this length inside working hours from ``earliest`` on."""
        start = self._working(earliest, seconds)
        for busy_start, busy_end in self._busy:
            if busy_end <= start:
                continue
            if busy_start >= start + seconds:
                break
            start = self._working(busy_end + 2 * MINUTE, seconds)
        insort(self._busy, (start, start + seconds))
        return start, start + seconds

    def _working(self, at: int, seconds: int) -> int:
        local = datetime.fromtimestamp(at, self.zone)
        while True:
            opens, closes = _day(local.date(), self.zone)
            if local.weekday() < 5 and at + seconds <= closes:
                return max(at, opens)
            local = (local + timedelta(days=1)).replace(hour=8, minute=0, second=0)
            at = int(local.timestamp())


def draw_truth(random: Random, world: World, tickets: int = 3000) -> Truth:
    """About ``tickets`` tickets with one to three visits each, quick help between them, and some evenings."""
    diaries = {technician.id: Diary(technician) for technician in world.technicians}
    found: list[Ticket] = []
    visits: list[Visit] = []
    for number, opened in enumerate(sorted(_opening(random) for _ in range(tickets)), 48000):
        client = random.choices(world.clients, [c.weight for c in world.clients])[0]
        technician = random.choices(client.team, [6, 3, 1][: len(client.team)])[0]
        home = random.choice(client.devices)  # of who asked
        device = home if random.random() < 0.75 else None
        done = _visits(random, diaries, technician, client, device, opened)
        closed = done[-1][1] + random.choice((2 * MINUTE, 2 * MINUTE, 20 * MINUTE, HOUR, DAY))
        ticket = Ticket(number, client, device, technician, opened, closed if closed < _end() else None, home.user)
        found.append(ticket)
        for start, end in done:
            at = home if device or random.random() < 0.8 else random.choice(client.devices)
            visits.append(Visit(technician, client, at, ticket, start, end))
        if random.random() < 0.10:
            visits.append(_quick_help(random, diaries, world, opened))
    inside = [visit for visit in visits if visit.end < _end()]
    return Truth(tuple(found), tuple(sorted(inside, key=lambda v: (v.start, v.technician.id))))


def _visits(
    random: Random, diaries: dict[str, Diary], technician: Technician, client: Client, device: Device | None, at: int
) -> list[tuple[int, int]]:
    done = []
    if random.random() < 0.04:  # an emergency in the evening, outside any diary
        evening = datetime.fromtimestamp(at, ZoneInfo(client.zone)).replace(hour=19, minute=random.randint(0, 59))
        start = int(evening.timestamp())
        done.append((start, start + random.randint(10, 90) * MINUTE))
        at = done[0][1]
    for _ in range(random.choices((1, 2, 3), (70, 22, 8))[0]):
        at += random.choice((5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR))
        seconds = max(90, min(3 * HOUR, int(random.lognormvariate(6.7, 0.8))))
        done.append(diaries[technician.id].book(at, seconds))
        at = done[-1][1]
    return done


def _quick_help(random: Random, diaries: dict[str, Diary], world: World, at: int) -> Visit:
    client = random.choice(world.clients)
    technician = client.team[0]
    device = random.choice(world.strangers) if random.random() < 0.04 else random.choice(client.devices)
    start, end = diaries[technician.id].book(at, random.randint(3, 20) * MINUTE)
    return Visit(technician, client, device, None, start, end)


def _opening(random: Random) -> int:
    """An instant on a working day of the month, mostly in the morning, New York time."""
    while True:
        day = FIRST_DAY + timedelta(days=random.randrange((AFTER_LAST_DAY - FIRST_DAY).days))
        if day.weekday() < 5 or random.random() < 0.06:
            opens, _ = _day(day, ZoneInfo("America/New_York"))
            return opens + int(random.triangular(0, 9 * HOUR, 2 * HOUR))


def _day(day: date, zone: ZoneInfo) -> tuple[int, int]:
    """08:00 and 18:00 of a local day."""
    opens = datetime(day.year, day.month, day.day, 8, tzinfo=zone)
    return int(opens.timestamp()), int(opens.replace(hour=18).timestamp())


def _end() -> int:
    return int(datetime(2026, 4, 1, tzinfo=ZoneInfo("America/New_York")).timestamp())
