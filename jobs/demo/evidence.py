"""What the tools recorded of it: late starts, forgotten stops, sessions without tickets, lost and edited rows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from random import Random

from jobs.demo.profiles import KNOWN, Profile
from jobs.demo.truth import DAY, HOUR, MINUTE, Ticket, Truth, Visit
from jobs.demo.world import ALPHABET, Device, Technician, World, text


@dataclass(frozen=True)
class Timer:
    """One row of the ticket timers. ``stop`` None: nobody stopped it. ``first`` is how it read before an edit."""

    id: int
    ticket: Ticket
    technician: Technician
    start: int
    stop: int | None
    pause: int
    billable: bool
    updated: int
    first: Timer | None = None


@dataclass(frozen=True)
class DeskTimer:
    """A timer of our own page, as start, pause, resume and stop events."""

    id: str
    ticket: Ticket
    technician: Technician
    signals: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Session:
    """A remote session. ``start_lost``/``stop_lost``: the tool's record of it is gone."""

    id: str
    visit: Visit
    start_ms: int
    stop_ms: int
    protocol: int  # MeshCentral: 2 desktop, 1 terminal, 5 files
    start_lost: bool = False
    stop_lost: bool = False


@dataclass(frozen=True)
class Run:
    id: int
    technician: Technician | None  # None: the nightly job
    device: Device
    script: str
    at_ms: int
    seconds: str | None  # decimal text as the tool writes it; None: the device never answered


@dataclass
class Evidence:
    timers: list[Timer] = field(default_factory=list)
    desk: list[DeskTimer] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)


def degrade(random: Random, world: World, truth: Truth, profile: Profile = KNOWN) -> Evidence:
    """A quarter of the visits leave only a timer, a third only sessions, the rest both."""
    evidence = Evidence()
    for visit in truth.visits:
        kind = random.choices(("timer", "both", "session"), (22, 45, 33))[0]
        if visit.ticket is None:
            kind = "session"
        if kind != "session" and visit.ticket is not None:
            _timer(random, evidence, visit, visit.ticket, profile)
        if kind != "timer":
            _sessions(random, evidence, visit)
        if random.random() < 0.30:
            _run(random, evidence, visit)
    _nightly(random, world, truth, evidence)
    return evidence


def _timer(random: Random, evidence: Evidence, visit: Visit, ticket: Ticket, profile: Profile) -> None:
    start = visit.start + random.choice((0, 5, 20, 60, 180))
    stop = max(start + 30, visit.end + random.choice((-60, -10, 0, 15, 40)))
    if visit.technician.id == "sam":  # works with our own timer page
        evidence.desk.append(_desk_timer(random, visit, ticket, start, stop))
        return
    pause = random.choice((0, 0, 0, 0, 0, 0, 120, 300)) if stop - start > 15 * MINUTE else 0
    row = Timer(
        550000 + len(evidence.timers), ticket, visit.technician, start, stop, pause, random.random() > 0.03, stop
    )
    fate = random.random()
    if fate < profile.forgotten:
        row = replace(row, stop=None, pause=0, updated=start)  # forgotten
    elif fate < profile.forgotten + profile.edited:
        edited = replace(row, stop=stop + random.choice((5, 10, -4)) * MINUTE // 2, updated=stop + 2 * DAY)
        row = replace(edited, first=row)
    elif fate < profile.forgotten + profile.edited + 0.01:
        row = replace(row, billable=not row.billable, updated=stop + DAY, first=row)
    evidence.timers.append(row)


def _desk_timer(random: Random, visit: Visit, ticket: Ticket, start: int, stop: int) -> DeskTimer:
    signals = [("start", start)]
    if stop - start > 20 * MINUTE and random.random() < 0.4:
        middle = start + (stop - start) // 2
        signals += [("pause", middle), ("resume", middle + random.randint(60, 400))]
    if random.random() > 0.04:
        signals.append(("stop", stop))
    return DeskTimer(text(random, ALPHABET, 12), ticket, visit.technician, tuple(signals))


def _sessions(random: Random, evidence: Evidence, visit: Visit) -> None:
    """One session, or several with a reconnect between them."""
    at = visit.start + random.choice((0, 8, 30, 75))
    parts = random.choices((1, 2, 3), (75, 18, 7))[0] if visit.end - at > 10 * MINUTE else 1
    length = max(20, (visit.end - at) // parts)
    for _ in range(parts):
        stop = at + length - random.choice((3, 20, 60) if length > 120 else (3,))
        evidence.sessions.append(
            Session(
                id=text(random, ALPHABET, 11),
                visit=visit,
                start_ms=at * 1000 + random.randrange(1000),
                stop_ms=stop * 1000 + random.randrange(1000),
                protocol=random.choices((2, 1, 5), (80, 14, 6))[0],
                start_lost=random.random() < 0.006,
                stop_lost=random.random() < 0.010,
            )
        )
        at += length


def _run(random: Random, evidence: Evidence, visit: Visit) -> None:
    seconds = f"{random.randrange(8000, 900000) / 10000:.4f}" if random.random() > 0.05 else None
    at = visit.start * 1000 + random.randrange(max(1000, (visit.end - visit.start) * 1000))
    script = random.choice(("Reset print spooler", "Install PDF reader", "Clear temp files", "Collect logs"))
    evidence.runs.append(Run(90000 + len(evidence.runs), visit.technician, visit.device, script, at, seconds))


def _nightly(random: Random, world: World, truth: Truth, evidence: Evidence) -> None:
    """Every night at 02:00 UTC on the servers: machine time that nobody may bill by the clock."""
    first = truth.tickets[0].opened // DAY * DAY + 2 * HOUR
    servers = [device for client in world.clients for device in client.devices[:2]]
    for night in range(30):
        for number, server in enumerate(servers):
            at = (first + night * DAY + number * 20) * 1000 + random.randrange(1000)
            seconds = f"{random.randrange(20000, 400000) / 10000:.4f}"
            evidence.runs.append(Run(90000 + len(evidence.runs), None, server, "Nightly disk report", at, seconds))
