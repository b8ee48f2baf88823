"""The evidence of one tenant as it holds, and what each new fact about it concerns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from billing.aliases import TYPES
from billing.book import CatalogState
from billing.directory import Directory
from billing.link_decided import LinkDecisions
from billing.link_reach import Reach, Reaches
from billing.link_resolve import Evidence, Place, Terms, place_of, region_of, resolve, terms_of
from billing.link_ticket import REACH
from billing.link_timeline import EVER, Region, Timelines
from billing.scripts import Policies
from streams.models.catalog import CatalogObject, parse_object
from streams.models.fact import Fact
from streams.models.interval import Interval, decode_interval


@dataclass(slots=True)
class Held:
    """One interval: the revision that holds, and where any revision stood."""

    rank: tuple[int, str]
    interval: Interval
    places: set[Place] = field(default_factory=set)
    evidence: Evidence | None = None  # None while void


@dataclass(slots=True)
class Touched:
    """What a batch concerns: these intervals, and the islands near these stretches."""

    ids: set[str] = field(default_factory=set)
    regions: set[Region] = field(default_factory=set)
    everything: bool = False


class Store:
    """Intervals by id, by person in time, and by what they name."""

    def __init__(self, book: CatalogState) -> None:
        self._book = book
        self.directory = Directory(book)
        self.terms = Terms()
        self.policies = Policies(book)
        self.decided = LinkDecisions()
        self.held: dict[str, Held] = {}
        self.open: set[str] = set()
        self._lines = Timelines()
        self._scripts = Timelines()  # runs of service accounts follow each other for years: no part of islands
        self._reaches = Reaches()

    def take_back(self, fact: Fact) -> None:
        """A kept fact; call ``rebuild`` after the last."""
        if fact.kind == "interval":
            self._hold(fact)
        elif fact.kind == "object":
            self._reaches.learn(fact.id, parse_object(fact.id, bytes(fact.body))[1])

    def rebuild(self) -> None:
        """Everything derived, from facts alone."""
        self.directory.rebuild()
        self.terms = terms_of(self._book.organisation)
        self.policies = Policies(self._book)
        self._lines, self._scripts = Timelines(), Timelines()
        self._reaches.forget_intervals()
        self.open.clear()
        for held in self.held.values():
            self._add(held)

    def fold_interval(self, fact: Fact, new: bool, touched: Touched) -> None:
        """A revision, known already or not, concerns the places of all revisions."""
        if new:
            before = self.held.get(fact.id)
            if before is None or before.rank < (fact.rev, fact.digest()):
                self._remove(before)
                self._hold(fact)
                self._add(self.held[fact.id])
            else:
                self._hold(fact)
        self.touch((fact.id,), touched)

    def fold_catalogue(self, fact: Fact, touched: Touched) -> None:
        """An object that holds at once concerns what could resolve through any revision of it; a release all."""
        if fact.kind == "object":
            origin, item = parse_object(fact.id, bytes(fact.body))
            self._reaches.learn(fact.id, item)
            if origin == "directory" and fact.id.split("/", 1)[0] in TYPES:
                self._fold_directory(fact, item, touched)
                return
        change = self._book.fold(fact)
        if change.everything or change.key:
            self.rebuild()
            touched.everything = True

    def touch(self, ids: Iterable[str], touched: Touched) -> None:
        for id_ in ids:
            held = self.held.get(id_)
            if held is not None:
                touched.ids.add(id_)
                touched.regions.update(region_of(place, id_, self.directory, self.terms) for place in held.places)

    def islands(self, touched: Touched) -> Iterator[list[Evidence]]:
        """The islands a batch concerns, as they are now."""
        regions: Iterable[Region] = touched.regions
        if touched.everything:
            people = {held.evidence.region.person for held in self.held.values() if held.evidence}
            regions = [Region(person, -EVER, EVER) for person in people]
        for island in self._lines.islands(regions, max(self.terms.merge_gap, REACH)):
            yield [item for id_ in island if (item := self.held[id_].evidence) is not None]

    def runs(self, island: Sequence[Evidence]) -> list[Evidence]:
        """Script runs of the person that may tell when something open in the island ended."""
        if not any(item.open for item in island):
            return []
        start, until = island[0].start, max(item.region.until for item in island)
        near = self._scripts.meeting(island[0].region.person, start, until)
        return [item for id_ in near if (item := self.held[id_].evidence) is not None]

    def meeting(self, region: Region) -> list[str]:
        """Ids of script runs beside people that meet a stretch of somebody's time."""
        return self._scripts.meeting(*region)

    def _fold_directory(self, fact: Fact, item: CatalogObject, touched: Touched) -> None:
        concerned = self._concerned(fact.id)
        self.touch(concerned, touched)
        change = self._book.fold(fact)
        self.directory.change(change.key, change.before, change.after)
        for id_ in concerned:
            self._remove(self.held[id_])
            self._add(self.held[id_])
        self.touch(concerned, touched)

    def _concerned(self, key: str) -> list[str]:
        found: set[str] = set()
        for reach in self._reaches.concerned(key):
            found.update(self._reaches.intervals(reach))
            found.update(self._candidates(reach, own=key.startswith("ticket/")))
            found.update(id_ for id_ in self.decided.naming(reach.names) if id_ in self.held)
        return sorted(found)

    def _candidates(self, reach: Reach, own: bool) -> Iterator[str]:
        """Sessions that could belong to a ticket because it was open: of its technicians, at its device or client.

        ``own``: the ticket itself is told about, so what it names means what it means now. Else somebody changed
        whom it may name by a source's id, and that could be anybody.
        """
        named = reach.clients.union(*(self._reaches.clients_of(device) for device in reach.devices))
        devices = {device for name in reach.devices if (device := self.directory.named_device(name))}
        named.update(*(self._reaches.clients_of(device) for device in devices))
        clients = {client for name in named if (client := self.directory.named_client(name))}
        anybody = not own and any("=" in name for name in (*named, *reach.devices))
        for person in self.directory.technicians(sorted(reach.technicians)):
            lines = (self._lines, self._scripts) if self.policies.any else (self._lines,)
            for id_ in (id_ for line in lines for id_ in line.between(person, reach.opened, reach.closed)):
                item = self.held[id_].evidence
                if item is not None and (anybody or item.device in devices or item.client in clients):
                    yield id_

    def _hold(self, fact: Fact) -> None:
        """Keep the largest revision, and the place of every one."""
        interval = decode_interval(bytes(fact.body))
        rank = (fact.rev, fact.digest())
        held = self.held.get(fact.id)
        if held is None:
            held = self.held[fact.id] = Held(rank, interval)
        elif held.rank < rank:
            held.rank, held.interval = rank, interval
        if not interval.void:
            held.places.add(place_of(interval))

    def _add(self, held: Held) -> None:
        """Resolve and index; a void interval has no evidence."""
        interval = held.interval
        held.evidence = None
        if interval.void:
            return
        found = resolve(interval, self.directory, self.terms)
        held.evidence = item = replace(found, policy=self.policies.of(interval, found.client))
        self._lines_of(item).add(item.region, interval.id)
        self._reaches.add(interval)
        if item.open and (not item.beside or (item.policy and item.policy.beside_people)):
            self.open.add(interval.id)

    def _remove(self, held: Held | None) -> None:
        if held is None or held.evidence is None:
            return
        self._lines_of(held.evidence).remove(held.evidence.region, held.interval.id)
        self._reaches.remove(held.interval)
        self.open.discard(held.interval.id)

    def _lines_of(self, item: Evidence) -> Timelines:
        return self._scripts if item.beside else self._lines
