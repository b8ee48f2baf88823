"""What one tenant's technicians see: their timers, the catalogue, and what the pipeline made of everybody's evidence.

Filled record by record from the logs; asked by the pages. No clock, no network.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from billing.book import CatalogState
from billing.directory import Directory
from streams.models.catalog import Client, Device, Technician, Ticket
from streams.models.event import Event
from streams.models.fact import Fact
from streams.models.ids import label
from streams.models.interval import Interval, decode_interval
from streams.models.work import Work, decode_work
from web.timer_actions import SOURCE
from web.timer_board import Rules, Timer

MOST_FOUND = 20


class Note(msgspec.Struct, frozen=True):
    """A record of the topic ``notes``: what a technician wrote beside a timer. ``at`` in ms."""

    schema: int
    tenant: str
    activity: str
    technician: str
    key: str
    at: int
    text: str


@dataclass(slots=True)
class _Latest:
    """The largest revision of a work or run, and when it was appended (ms)."""

    rank: tuple[int, str]
    item: Work | Interval
    appended: int


@dataclass
class Desk:
    tenant: str
    timers: dict[str, dict[str, Timer]] = field(default_factory=dict)  # by technician, by activity
    changes: int = 0  # grows whenever anything changed
    _facts: list[Fact] = field(default_factory=list)  # of the catalogue, not folded yet
    _book: CatalogState = field(default_factory=CatalogState)
    _works: dict[str, _Latest] = field(default_factory=dict)
    _runs: dict[str, _Latest] = field(default_factory=dict)
    _worked: dict[str, dict[str, Work]] = field(default_factory=dict)  # by technician, by id
    _mine: dict[str, tuple[int, list[Ticket]]] = field(default_factory=dict)  # by technician, with the book's stamp
    _haystack: tuple[int, list[tuple[str, str]]] = (-1, [])

    def __post_init__(self) -> None:
        self._directory = Directory(self._book)

    # What comes in

    def take_event(self, event: Event) -> None:
        if event.source != SOURCE or event.technician is None:
            return
        id_ = str(event.native.get("timer", event.activity_id))
        mine = self.timers.setdefault(event.technician.native_id, {})
        timer = mine.setdefault(event.activity_id, Timer(id_, event.activity_id))
        timer.id = id_
        self.changes += timer.add(event)

    def take_note(self, note: Note) -> None:
        timer = self.timer(note.technician, note.activity)
        if (note.at, note.key, note.text) > timer.note:
            timer.note = note.at, note.key, note.text
            self.changes += 1

    def take_fact(self, fact: Fact, appended: int) -> None:
        """Of the logs: work, and script runs. Of the catalogue: everything."""
        if fact.kind in ("object", "release"):
            self._facts.append(fact)
            self.changes += 1
        elif fact.kind == "work":
            self._keep(self._works, fact, decode_work(bytes(fact.body)), appended)
        elif fact.kind == "interval" and b'"script_run"' in bytes(fact.body):
            self._keep(self._runs, fact, decode_interval(bytes(fact.body)), appended)

    def forget(self, before: int) -> None:
        """What was appended before that instant (ms), and did not change since."""
        for held in (self._works, self._runs):
            for id_ in [id_ for id_, latest in held.items() if latest.appended < before]:
                self._index(held.pop(id_).item, None)

    def _keep(self, held: dict[str, _Latest], fact: Fact, item: Work | Interval, appended: int) -> None:
        rank, before = (fact.rev, fact.digest()), held.get(fact.id)
        if before is None or before.rank < rank:
            held[fact.id] = _Latest(rank, item, appended)
            if before is None or before.item != item:
                self.changes += 1
                self._index(before.item if before else None, item)

    def _index(self, before: Work | Interval | None, after: Work | Interval | None) -> None:
        if isinstance(before, Work):
            self._worked.get(before.technician or "", {}).pop(before.id, None)
        if isinstance(after, Work):
            self._worked.setdefault(after.technician or "", {})[after.id] = after

    # What is asked

    def timer(self, technician: str, activity: str) -> Timer:
        """The timer, made if nothing is known of it; ``id`` is its activity until an event tells its own."""
        mine = self.timers.setdefault(technician, {})
        return mine.setdefault(activity, Timer(activity, activity))

    @property
    def book(self) -> CatalogState:
        self._fold()
        return self._book

    @property
    def rules(self) -> Rules:
        organisation = self.book.organisation
        return Rules(organisation.timers == "single", organisation.forgotten_timer.cap_hours * 3600)

    def works(self, technician: str) -> dict[str, Work]:
        """What link made of the technician's evidence, by the id of what leads."""
        return self._worked.get(technician, {})

    def runs_of(self, technician: str) -> Iterator[Interval]:
        """Script runs that the technician started and that no work stands for."""
        self._fold()
        for id_, latest in self._runs.items():
            run, work = latest.item, self._works.get(id_)
            made = work is not None and isinstance(work.item, Work) and work.item.state in ("done", "running")
            if isinstance(run, Interval) and not run.void and not made:
                named = self._directory.technician(run.source, run.technician)
                if named == technician:
                    yield run

    def technicians(self) -> list[Technician]:
        return sorted(self.book.all(Technician).values(), key=lambda one: one.id)

    def client_of(self, ticket: Ticket | None) -> Client | None:
        self._fold()
        return self._book.get(Client, self._directory.named_client(ticket.client)) if ticket else None

    def device_of(self, run: Interval) -> Device | None:
        self._fold()
        return self._book.get(Device, self._directory.device(run.source, run.device.native_id)) if run.device else None

    def client_of_device(self, device: Device | None, instant: int) -> Client | None:
        """Whose device it is at that instant (seconds)."""
        self._fold()
        return self._book.get(Client, self._directory.client_of_device(device.id, instant)) if device else None

    def mine(self, technician: str, now: int) -> list[Ticket]:
        """Open tickets assigned to the technician, by id."""
        book = self.book
        held = self._mine.get(technician)
        if held is None or held[0] != book.stamp:
            tickets = sorted(book.all(Ticket).values(), key=lambda one: one.id)
            assigned = [one for one in tickets if technician in self._directory.technicians(one.technicians)]
            held = self._mine[technician] = book.stamp, assigned
        return [one for one in held[1] if is_open(one, now)]

    def find(self, words: str, now: int) -> list[Ticket | Client]:
        """Open tickets, then clients, in which every word occurs: in number, title, or the client's name."""
        wanted = words.casefold().split()
        hits = [key for text, key in self._texts() if all(word in text for word in wanted)] if wanted else []
        found: list[Ticket | Client] = []
        for key in hits:
            kind, id_ = key.split("/", 1)
            item = self._book.get(Ticket, id_) if kind == "ticket" else self._book.get(Client, id_)
            if isinstance(item, Client) or (isinstance(item, Ticket) and is_open(item, now)):
                found.append(item)
            if len(found) == MOST_FOUND:
                break
        return found

    def _texts(self) -> list[tuple[str, str]]:
        """What is searched: text and key of each ticket and client, tickets first."""
        book = self.book
        if self._haystack[0] != book.stamp:
            clients = book.all(Client)
            texts = []
            for id_, ticket in sorted(book.all(Ticket).items(), reverse=True):
                client = self.client_of(ticket)
                names = " ".join(name for names in ticket.aliases.values() for name in names)
                text = (
                    f"{label(id_)} {names} {ticket.title} {client.name if client else ''} {client.id if client else ''}"
                )
                texts.append((text.casefold(), f"ticket/{id_}"))
            texts += [(f"{one.name} {id_}".casefold(), f"client/{id_}") for id_, one in sorted(clients.items())]
            self._haystack = book.stamp, texts
        return self._haystack[1]

    def _fold(self) -> None:
        facts, self._facts = self._facts, []
        everything = False
        for fact in facts:
            change = self._book.fold(fact)
            everything |= change.everything
            if change.key and not everything:
                self._directory.change(change.key, change.before, change.after)
        if everything:
            self._directory.rebuild()


def is_open(ticket: Ticket, now: int) -> bool:
    """Whether the ticket is open at that instant (seconds)."""
    return ticket.closed is None or ticket.closed.timestamp() > now
