"""What rate remembers: the work that holds, where work ever stood, and the identities ever used.

Facts only grow. Of a superseded revision nothing stays but its place: client, ticket, start and end. Places
answer which rows a record may change, in whatever revision and order it came.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from billing.calendar import DAY, Zone
from streams.models.entry import Identity, RowClass
from streams.models.work import Work

EVERYTHING = -1  # before every instant: a start that means "all of the client"
_CLASSES: dict[str, RowClass] = {"regular": "regular", "reversal": "reversal", "replacement": "replacement"}


class Place(NamedTuple):
    """Where one revision of a piece of work stood. ``client`` "" where it is unknown, ``ticket`` "" without one."""

    client: str
    ticket: str
    start: int
    end: int


@dataclass(slots=True)
class Held:
    """One piece of work: the revision that holds, and the places of all that ever came."""

    rank: tuple[int, str]
    work: Work
    places: set[Place] = field(default_factory=set)


@dataclass(slots=True)
class Shelf:
    """One client: latest start ever seen of each piece of work here, in order; who shares a ticket and a UTC day."""

    latest: dict[str, int] = field(default_factory=dict)
    order: list[tuple[int, str]] = field(default_factory=list)
    tickets: dict[tuple[str, int], set[str]] = field(default_factory=dict)
    identities: dict[str, set[Identity]] = field(default_factory=dict)

    def add(self, work: str, place: Place) -> None:
        known = self.latest.get(work)
        if known is None or known < place.start:
            if known is not None:
                del self.order[bisect_left(self.order, (known, work))]
            self.latest[work] = place.start
            insort(self.order, (place.start, work))
        if place.ticket:
            for day in range(place.start // DAY, place.end // DAY + 1):
                self.tickets.setdefault((place.ticket, day), set()).add(work)

    def since(self, start: int) -> set[str]:
        """Work with a start at or after ``start`` in any revision; everything ever named here for ``EVERYTHING``."""
        if start == EVERYTHING:
            return set(self.latest) | set(self.identities)
        return {work for _, work in self.order[bisect_left(self.order, (start, "")) :]}

    def sharing(self, places: Iterable[Place], zone: Zone) -> set[str]:
        """Work that ever had the ticket of a place on a local day of it: the scopes ``ticket_day``."""
        found: set[str] = set()
        for ticket, since, until in {_days(place, zone) for place in places if place.ticket}:
            for day in range(since // DAY, until // DAY + 1):
                found |= self.tickets.get((ticket, day), set())
        return found


@dataclass(slots=True)
class Index:
    """All of one tenant."""

    works: dict[str, Held] = field(default_factory=dict)
    shelves: dict[str, Shelf] = field(default_factory=dict)
    running: int = 0  # pieces of work whose holding revision still runs

    def fold(self, work: Work, rank: tuple[int, str]) -> Held:
        """Take in a revision, new or not; returns the piece of work with every place it has by now."""
        held = self.works.get(work.id)
        if held is None:
            held = self.works[work.id] = Held(rank, work)
            self.running += work.state == "running"
        elif held.rank < rank:
            self.running += (work.state == "running") - (held.work.state == "running")
            held.rank, held.work = rank, work
        if work.state == "done":
            place = place_of(work)
            if place not in held.places:
                held.places.add(place)
                self.shelf(place.client).add(work.id, place)
        return held

    def name(self, identity: Identity) -> bool:
        """Take in an identity; True if it was not known."""
        known = self.shelf(identity.client).identities.setdefault(identity.work, set())
        if identity in known:
            return False
        known.add(identity)
        return True

    def shelf(self, client: str) -> Shelf:
        found = self.shelves.get(client)
        if found is None:
            found = self.shelves[client] = Shelf()
        return found

    def current(self, client: str, ids: Iterable[str]) -> Iterator[Work]:
        """Of these pieces of work, those that now have rows at this client."""
        for id_ in ids:
            held = self.works.get(id_)
            if held is not None and held.work.state == "done" and (held.work.client or "") == client:
                yield held.work


def place_of(work: Work) -> Place:
    return Place(work.client or "", work.ticket or "", work.start, work.spans[-1][1] if work.spans else work.start)


def identity_text(identity: Identity) -> str:
    """Id of an ``identity`` fact: the five fields, joined by "/", which only the work may contain."""
    return "/".join((identity.client, identity.period, identity.work, identity.row_class, identity.corrects_period))


def parse_identity(text: str) -> Identity:
    client, period, rest = text.split("/", 2)
    work, row_class, corrects_period = rest.rsplit("/", 2)  # an activity may bring an id with "/" from its source
    return Identity(client, period, work, _CLASSES[row_class], corrects_period)


def _days(place: Place, zone: Zone) -> tuple[str, int, int]:
    """Ticket, and first and last instant of the local days that a place touches."""
    last = max(place.start, place.end - 1)
    return place.ticket, zone.day(place.start).start, zone.day(last).end - 1
