"""What rate remembers: the work that holds, where work ever stood, and the identities ever used.

Facts only grow. Of a superseded revision nothing stays but its place: client, ticket, start and end. Places
answer which rows a record may change, in whatever revision and order it came.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from billing.calendar import DAY, Zone
from billing.rate_policies import Memory
from billing.rate_reach import Place, place_of, reaches
from streams.models.entry import Identity, RowClass
from streams.models.work import Work

CHARGE = "charge:"  # how the id of what is no work begins
EVERYTHING = -1  # before every instant: a start that means "all of the client"
_CLASSES: dict[str, RowClass] = {"regular": "regular", "reversal": "reversal", "replacement": "replacement"}


@dataclass(slots=True)
class Held:
    """One piece of work: the revision that holds, and the places of all that ever came."""

    rank: tuple[int, str]
    work: Work
    places: set[Place] = field(default_factory=set)


@dataclass(slots=True)
class Shelf:
    """One client: latest start ever seen of each piece of work here, in order; what ever had a ticket, a technician,
    a UTC day."""

    latest: dict[str, int] = field(default_factory=dict)
    order: list[tuple[int, str]] = field(default_factory=list)
    tickets: dict[str, set[str]] = field(default_factory=dict)
    technicians: dict[str, set[str]] = field(default_factory=dict)
    days: dict[int, set[str]] = field(default_factory=dict)
    runs: dict[str, set[str]] = field(default_factory=dict)
    identities: dict[str, set[Identity]] = field(default_factory=dict)
    charges: set[str] = field(default_factory=set)  # of the identities, those that are no work

    def add(self, work: str, place: Place) -> None:
        known = self.latest.get(work)
        if known is None or known < place.start:
            if known is not None:
                del self.order[bisect_left(self.order, (known, work))]
            self.latest[work] = place.start
            insort(self.order, (place.start, work))
        if place.ticket:
            self.tickets.setdefault(place.ticket, set()).add(work)
        if place.technician:
            self.technicians.setdefault(place.technician, set()).add(work)
        if place.run:
            self.runs.setdefault(place.run, set()).add(work)
        for day in range(place.start // DAY, place.end // DAY + 1):
            self.days.setdefault(day, set()).add(work)

    def since(self, start: int) -> set[str]:
        """Work with a start at or after ``start`` in any revision; everything ever named here for ``EVERYTHING``."""
        if start == EVERYTHING:
            return set(self.latest) | set(self.identities)
        return {work for _, work in self.order[bisect_left(self.order, (start, "")) :]}

    def sharing(self, places: Iterable[Place], memory: Memory, zone: Zone) -> set[str]:
        """All work that may be rounded together with what stands at a place; some more than that."""
        known = list(places)
        found = {id_ for place in known if memory.runs for id_ in self.runs.get(place.run, ())}
        for one in {reach for place in known for reach in reaches(place, memory, zone)}:
            among = self.tickets if one.ticket else self.technicians if one.technician else None
            holders = among.get(one.ticket or one.technician, set()) if among is not None else None
            if one.since > one.until:
                found |= holders or set()
                continue
            for day in range(one.since // DAY, one.until // DAY + 1):
                present = self.days.get(day, set())
                found |= present if holders is None else present & holders
        return found


@dataclass(slots=True)
class Index:
    """All of one tenant."""

    works: dict[str, Held] = field(default_factory=dict)
    shelves: dict[str, Shelf] = field(default_factory=dict)
    evidence: dict[str, set[str]] = field(default_factory=dict)  # work that ever rested on an interval it does not lead
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
        for proof in work.proof:
            if proof.interval != work.id:
                self.evidence.setdefault(proof.interval, set()).add(work.id)
        if work.state == "done":
            place = place_of(work)
            if place not in held.places:
                held.places.add(place)
                self.shelf(place.client).add(work.id, place)
        return held

    def resting_on(self, evidence: Iterable[str]) -> Iterator[Held]:
        """Pieces of work that rest on any of these intervals, or ever did."""
        ids = {id_ for one in evidence for id_ in (one, *self.evidence.get(one, ()))}
        return (self.works[id_] for id_ in sorted(ids) if id_ in self.works)

    def name(self, identity: Identity) -> bool:
        """Take in an identity; True if it was not known."""
        shelf = self.shelf(identity.client)
        known = shelf.identities.setdefault(identity.work, set())
        if identity in known:
            return False
        if identity.work.startswith(CHARGE):
            shelf.charges.add(identity.work)
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

    def chain(self, client: str, works: Iterable[Work], window: int) -> set[str]:
        """Work that now decides where incidents of these pieces begin: back to the last pause of a window, and one
        window on."""
        found, seen = set[str](), set[int]()
        for work in works:
            found |= self._starting(client, work.start, work.start + window).keys()
            since = work.start
            while since not in seen:
                seen.add(since)
                among = self._starting(client, since - window, since)
                found |= among.keys()
                since = min([since, *among.values()])
        return found

    def _starting(self, client: str, since: int, until: int) -> dict[str, int]:
        days = self.shelf(client).days
        near = {id_ for day in range(since // DAY, until // DAY + 1) for id_ in days.get(day, ())}
        return {one.id: one.start for one in self.current(client, near) if since <= one.start <= until}


def identity_text(identity: Identity) -> str:
    """Id of an ``identity`` fact: the five fields, joined by "/", which only the work may contain."""
    return "/".join((identity.client, identity.period, identity.work, identity.row_class, identity.corrects_period))


def parse_identity(text: str) -> Identity:
    client, period, rest = text.split("/", 2)
    work, row_class, corrects_period = rest.rsplit("/", 2)  # an activity may bring an id with "/" from its source
    return Identity(client, period, work, _CLASSES[row_class], corrects_period)
