"""One interval, and who and what it concerns according to the directory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from billing.aliases import seconds_of
from billing.directory import Directory
from billing.link_timeline import EVER, Region
from streams.models.catalog import Organisation, ScriptPolicy, Ticket
from streams.models.event import Ref
from streams.models.interval import Interval


@dataclass(frozen=True, slots=True)
class Terms:
    """What the organisation says about evidence. Seconds."""

    merge_gap: int = 300
    grace: int = 300
    cap: int = 28_800
    single: bool = True  # a timer that starts ends the other one
    overlap: str = "bill_each"  # at several clients


def terms_of(organisation: Organisation) -> Terms:
    forgotten = organisation.forgotten_timer
    return Terms(
        organisation.merge_gap_minutes * 60,
        forgotten.grace_minutes * 60,
        forgotten.cap_hours * 3600,
        organisation.timers == "single",
        organisation.overlap,
    )


@dataclass(frozen=True, slots=True)
class Evidence:
    """An interval as of its start. Catalogue ids, None where unknown.

    ``region`` is the person's time it can reach; ``limit`` is when it is given up if it stays open.
    """

    interval: Interval
    region: Region
    technician: str | None
    client: str | None
    device: str | None
    ticket: str | None
    service: str  # of the catalogue, "" where none fits
    conflict: bool  # the device's client is another than the ticket's
    stale: bool  # the number it carries is that of a ticket that was closed before
    limit: int
    policy: ScriptPolicy | None = None  # of a script run

    @property
    def attended(self) -> bool:
        """Whether a script run is evidence of somebody's time."""
        return self.policy is not None and self.policy.bill == "attended_runtime" and person_named(self.interval)

    @property
    def beside(self) -> bool:
        """Whether it is a script run that stands beside people's evidence, priced or not."""
        return self.interval.kind == "script_run" and not self.attended

    @property
    def id(self) -> str:
        return self.interval.id

    @property
    def start(self) -> int:
        return self.interval.start

    @property
    def place(self) -> tuple[int, str]:
        """Where it stands among others of its person."""
        return self.interval.start, self.interval.id

    @property
    def open(self) -> bool:
        return self.interval.end is None


def resolve(interval: Interval, directory: Directory, terms: Terms) -> Evidence:
    """The ticket's client before the device's, the device's before the one the event names."""
    source, at = interval.source, interval.start
    technician = directory.technician(source, interval.technician)
    device = directory.device(source, interval.device.native_id) if interval.device else None
    ticket = directory.ticket(source, interval.ticket.native_id) if interval.ticket else None
    stale = ticket is not None and is_stale(interval, directory.ticket_holds(ticket))
    ticket = None if stale else ticket
    item = directory.ticket_holds(ticket) if ticket else None
    by_ticket = directory.named_client(item.client) if item else None
    by_device = directory.client_of_device(device, at)
    client = by_ticket or by_device
    if client is None and interval.client:
        client = directory.client(source, interval.client.native_id)
    if client is None and item:
        client = directory.client_of_device(directory.named_device(item.device), at)
    place = place_of(interval)
    return Evidence(
        interval,
        region_of(place, interval.id, directory, terms),
        technician,
        client,
        device,
        ticket,
        directory.service(interval.service),
        bool(by_ticket and by_device and by_ticket != by_device),
        stale,
        limit_of(place, terms),
    )


def person_named(interval: Interval) -> bool:
    return interval.technician is not None and interval.technician.native_id != ""


def is_stale(interval: Interval, ticket: Ticket | None) -> bool:
    """A number in a property of the machine stays there after the ticket was closed: then it says nothing."""
    if ticket is None or interval.ticket is None or interval.ticket.evidence != "property":
        return False
    return seconds_of(ticket.closed, EVER) <= interval.start


def person_of(technician: str | None, source: str, ref: Ref | None, interval: str) -> str:
    """The technician; else the name the source uses; else the interval stands for somebody of its own."""
    if technician is not None:
        return technician
    if ref is not None and ref.native_id:
        return f"?{source}/{ref.native_id}"
    return f"?{source}\x1f{interval}"


class Place(NamedTuple):
    """Whose time one revision of an interval concerned, and which: all that is kept of revisions that lost."""

    source: str
    technician: Ref | None
    start: int
    last: int
    anchor: int | None  # while it is open: the last start or resume


def place_of(interval: Interval) -> Place:
    ended = interval.spans[-1][1] if interval.spans else interval.start
    last = max(interval.start, ended, ended if interval.end is None else interval.end)
    anchor = max(interval.start, interval.open_from or interval.start) if interval.end is None else None
    return Place(interval.source, interval.technician, interval.start, last, anchor)


def limit_of(place: Place, terms: Terms) -> int:
    """When an open interval is given up: the cap after its start, or after the last resume."""
    return (place.start if place.anchor is None else place.anchor) + terms.cap


def region_of(place: Place, id_: str, directory: Directory, terms: Terms) -> Region:
    """The person's time it can reach."""
    technician = directory.technician(place.source, place.technician)
    until = place.last if place.anchor is None else max(place.last, limit_of(place, terms))
    return Region(person_of(technician, place.source, place.technician, id_), place.start, until)
