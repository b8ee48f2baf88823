"""What the ticket system kept of the month: who wrote on which ticket when, and whom and what a ticket names.

People write when they begin and when they are done, or hours later, or not at all, or on the wrong ticket; and they
answer other customers in between. Customers and the dispatcher write too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random

from jobs.demo.evidence import Session
from jobs.demo.profiles import Profile
from jobs.demo.truth import DAY, FIRST_DAY, HOUR, MINUTE, Ticket, Truth, Visit
from jobs.demo.world import Device, Technician, World


@dataclass(frozen=True)
class Note:
    """``technician`` None: a customer's reply."""

    at: int  # seconds since 1970
    technician: Technician | None


@dataclass(frozen=True)
class Recorded:
    """A ticket as the ticket system has it."""

    ticket: Ticket
    technician: Technician
    device: Device | None
    contact: str
    notes: tuple[Note, ...] = ()


@dataclass
class Traces:
    """``numbers``: the ticket number that a ScreenConnect session carries, by session; ``logins``: who it names."""

    tickets: list[Recorded] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)
    logins: dict[str, str] = field(default_factory=dict)


def trace(seed: int, profile: Profile, world: World, truth: Truth, sessions: Sequence[Session]) -> Traces:
    random = Random(f"traces of {seed}")
    notes: dict[int, list[Note]] = defaultdict(list)
    mine: dict[str, list[Ticket]] = defaultdict(list)
    for ticket in truth.tickets:
        mine[ticket.technician.id].append(ticket)
        _others(random, world, ticket, notes[ticket.number])
    for visit in truth.visits:
        if visit.ticket is not None:
            _visit(random, profile, visit, visit.ticket, mine[visit.technician.id], notes)
    for session in sorted(sessions, key=lambda s: (s.start_ms, s.id)):
        _launch(random, profile, session, mine[session.visit.technician.id], notes)
    found = Traces([_recorded(random, profile, ticket, notes[ticket.number]) for ticket in truth.tickets])
    renamed = world.technicians[profile.renamed]
    since = FIRST_DAY.replace(day=profile.renamed_from)
    last: dict[str, Ticket] = {}  # by device
    for session in sorted(sessions, key=lambda s: (s.start_ms, s.id)):
        visit = session.visit
        if visit.technician is renamed and datetime.fromtimestamp(visit.start, UTC).date() >= since:
            found.logins[session.id] = renamed.login + ".hd"
        if visit.ticket is not None and session.start_ms % 5 == 0:  # one in five carries its ticket
            found.numbers[session.id] = visit.ticket.number
        elif visit.device.id in last and random.random() < profile.stale_number:
            found.numbers[session.id] = last[visit.device.id].number
        if visit.ticket is not None:
            last[visit.device.id] = visit.ticket
    return found


def _others(random: Random, world: World, ticket: Ticket, notes: list[Note]) -> None:
    """The request itself, a reply of the customer, a word of a colleague."""
    notes.append(Note(ticket.opened, None))
    until = ticket.closed or ticket.opened + 2 * DAY
    if random.random() < 0.4:
        notes.append(Note(random.randint(ticket.opened, until), None))
    if random.random() < 0.15:
        notes.append(Note(random.randint(ticket.opened, until), random.choice(world.technicians)))


def _visit(
    random: Random,
    profile: Profile,
    visit: Visit,
    ticket: Ticket,
    mine: Sequence[Ticket],
    notes: dict[int, list[Note]],
) -> None:
    open_ = [t for t in mine if t is not ticket and t.opened <= visit.start < (t.closed or visit.start + 1)]

    def write(at: int, misfiled: float) -> None:
        wrong = open_ and random.random() < misfiled
        notes[random.choice(open_).number if wrong else ticket.number].append(Note(at, visit.technician))

    if random.random() >= profile.silent:
        if random.random() < profile.began:
            write(visit.start + random.randint(-150, 180), profile.misfiled)
        if random.random() < profile.ended:
            late = random.random() < profile.late
            write(visit.end + (random.randint(HOUR, 6 * HOUR) if late else _soon(random)), profile.misfiled)
    if open_ and random.random() < profile.stray:
        notes[random.choice(open_).number].append(Note(random.randint(visit.start, visit.end), visit.technician))


def _launch(
    random: Random, profile: Profile, session: Session, mine: Sequence[Ticket], notes: dict[int, list[Note]]
) -> None:
    visit, ticket = session.visit, session.visit.ticket
    rate = profile.launched if ticket is not None else profile.launched_elsewhere
    if random.random() >= rate:
        return
    here = [t for t in mine if t.client is visit.client and t.opened <= visit.start < (t.closed or visit.start + 1)]
    if ticket is None or random.random() < profile.misfiled:
        ticket = random.choice(here) if here else None
    if ticket is not None:
        notes[ticket.number].append(Note(session.start_ms // 1000 - random.randint(0, 3), visit.technician))


def _soon(random: Random) -> int:
    """Most write while the case is fresh, a few after the next phone call."""
    return random.randint(-60, 4 * MINUTE) if random.random() < 0.9 else random.randint(4 * MINUTE, 12 * MINUTE)


def _recorded(random: Random, profile: Profile, ticket: Ticket, notes: list[Note]) -> Recorded:
    technician, device = ticket.technician, ticket.device
    colleagues = [one for one in ticket.client.team if one is not technician]
    if colleagues and random.random() < profile.other_assignee:
        technician = random.choice(colleagues)
    if device is not None and random.random() < profile.other_device:
        device = random.choice(ticket.client.devices)
    contact = ticket.contact if random.random() >= profile.no_contact else ""
    if contact and random.random() < profile.other_contact:
        contact = random.choice(ticket.client.devices).user
    return Recorded(ticket, technician, device, contact, tuple(sorted(notes, key=lambda note: note.at)))
