"""What may be rounded together with a piece of work, by where it stands: tickets, technicians and stretches of time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from billing.calendar import Day, Zone
from billing.rate_policies import Memory
from streams.models.work import Work


class Place(NamedTuple):
    """Where one revision of a piece of work stood. ``client``, ``ticket`` and ``technician`` are "" where unknown;
    ``run`` is the run over many devices that a script belongs to."""

    client: str
    ticket: str
    technician: str
    start: int
    end: int
    run: str = ""


def place_of(work: Work) -> Place:
    spans = (work.script.machine if work.script else ()) or work.spans
    end = spans[-1][1] if spans else work.start
    run = work.script.run if work.script else ""
    return Place(work.client or "", work.ticket or "", work.technician or "", work.start, end, run)


class Reach(NamedTuple):
    """What shares a scope with a place: all of a ticket, of a technician or of the client (both ""), from ``since`` to
    ``until``; at any time where ``since`` is later."""

    ticket: str
    technician: str
    since: int
    until: int


def reaches(place: Place, memory: Memory, zone: Zone) -> Iterator[Reach]:
    scopes, window = memory.scopes | memory.charged, memory.window
    first, last = zone.day(place.start), zone.day(max(place.start, place.end - 1))
    since, until = first.start, last.end - 1
    if place.ticket and "ticket" in scopes:
        yield Reach(place.ticket, "", 1, 0)
    if place.ticket and "ticket_day" in scopes:
        yield Reach(place.ticket, "", since, until)
    if place.technician and "tech_day" in scopes:
        yield Reach("", place.technician, since, until)
    if window:  # the incident it may belong to began before; what comes later is computed again anyhow
        yield Reach("", "", place.start - window, place.start)
    if memory.concurrent:
        yield Reach("", "", place.start, place.end)
    if "client_day" in scopes or "project_day" in scopes:
        yield Reach("", "", since, until)
    if "period" in scopes:
        yield Reach("", "", *_months(first, last, zone))


def _months(first: Day, last: Day, zone: Zone) -> tuple[int, int]:
    """First and last instant of the local months that two days lie in."""
    begins, ends = date.fromordinal(first.ordinal), date.fromordinal(last.ordinal)
    after = date(ends.year + ends.month // 12, ends.month % 12 + 1, 1)
    return zone.midnight(begins.replace(day=1).toordinal()), zone.midnight(after.toordinal()) - 1
