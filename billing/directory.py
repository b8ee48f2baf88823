"""Who and what a source means: aliases, moves and ticket assignments of the current catalogue.

An alias is looked up by the source's instance ("meshcentral:mesh1"), then by the connector ("meshcentral"), then
under "*"; a technician also by email; then an id equal to the catalogue's own. Claimed twice, the smaller id wins.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from billing.book import CatalogState
from billing.calendar import Zone, zone_of
from billing.link_timeline import EVER
from streams.models.catalog import CatalogObject, Client, Device, Technician, Ticket
from streams.models.event import Ref

Claim = tuple[str, str, str]  # (object type, scope, native id)
EMAIL = "@"  # the scope of email addresses; no source is called so


class Assignment(NamedTuple):
    """A ticket as it concerns linking. Instants in seconds."""

    id: str
    opened: int
    closed: int
    client: str | None
    device: str | None


class Directory:
    """Indexes over ``book``; after each change of the book tell it with ``change`` or ``rebuild``."""

    def __init__(self, book: CatalogState) -> None:
        self._book = book
        self._claims: dict[Claim, set[str]] = {}
        self._tickets: dict[tuple[str, str], dict[str, Assignment]] = {}  # by (technician, "c/acme" or "d/ws1")
        self.rebuild()

    def rebuild(self) -> None:
        """Read the whole book again, as after a release."""
        self._claims = {}
        for kind, cls in TYPES.items():
            for item in self._book.all(cls).values():
                for claim in claims(kind, item):
                    self._claims.setdefault(claim, set()).add(item.id)
        self._assign()

    def change(self, key: str, before: CatalogObject | None, after: CatalogObject | None) -> None:
        """One object's current form changed from ``before`` to ``after``."""
        kind, id_ = key.split("/", 1)
        for claim in claims(kind, before) if before else ():
            self._claims.get(claim, set()).discard(id_)
        for claim in claims(kind, after) if after else ():
            self._claims.setdefault(claim, set()).add(id_)
        if kind == "ticket":
            self._withdraw(before)
            self._enter(after)
        elif kind == "technician" and before != after:
            self._assign()

    def technician(self, source: str, ref: Ref | None) -> str | None:
        """The catalogue id, None if the source names nobody known."""
        if ref is None:
            return None
        found = self._alias("technician", source, ref.native_id)
        if found is None and ref.email:
            found = self._claimed(("technician", EMAIL, ref.email.casefold()))
        return found if found is not None else self._own(Technician, ref.native_id)

    def device(self, source: str, native: str) -> str | None:
        found = self._alias("device", source, native)
        return found if found is not None else self._own(Device, native)

    def client(self, source: str, native: str) -> str | None:
        found = self._alias("client", source, native)
        return found if found is not None else self._own(Client, native)

    def ticket(self, source: str, native: str) -> str | None:
        found = self._alias("ticket", source, native)
        return found if found is not None else self._own(Ticket, native)

    def client_of_device(self, device: str | None, instant: int) -> str | None:
        """Whose device it is at that instant: the last move begun, else the first owner."""
        item = self._book.get(Device, device)
        if item is None:
            return None
        begun = [(self._midnight(move.client, move.from_.toordinal()), move.client) for move in item.moves]
        return max((move for move in begun if move[0] <= instant), default=(0, item.client))[1]

    def ticket_holds(self, ticket: str) -> Ticket | None:
        return self._book.get(Ticket, ticket)

    def assigned(self, technician: str, device: str, instant: int) -> list[Assignment]:
        """Tickets of that device, assigned to that technician, open at that instant, by id."""
        return _open(self._tickets.get((technician, f"d/{device}"), {}), instant)

    def assigned_at(self, technician: str, client: str, instant: int) -> list[Assignment]:
        """Tickets of that client, named or through their device, assigned and open at that instant, by id."""
        named = _open(self._tickets.get((technician, f"c/{client}"), {}), instant)
        nameless = _open(self._tickets.get((technician, "c/"), {}), instant)
        through = [item for item in nameless if self.client_of_device(item.device, instant) == client]
        return sorted([*named, *through])

    def technicians(self, entries: Iterable[str]) -> list[str]:
        """The known ones among a ticket's technicians, each once: catalogue ids or "source=native id"."""
        found = set()
        for entry in entries:
            source, named, native = entry.partition("=")
            id_ = self.technician(source, Ref(native)) if named else self._own(Technician, entry)
            if id_ is not None:
                found.add(id_)
        return sorted(found)

    def _alias(self, kind: str, source: str, native: str) -> str | None:
        for scope in (source, source.split(":", 1)[0], "*"):
            found = self._claimed((kind, scope, native))
            if found is not None:
                return found
        return None

    def _claimed(self, claim: Claim) -> str | None:
        return min(self._claims.get(claim, ()), default=None)

    def _own(self, cls: type[CatalogObject], id_: str) -> str | None:
        return id_ if self._book.get(cls, id_) is not None else None

    def _midnight(self, client: str, ordinal: int) -> int:
        owner = self._book.get(Client, client)
        return self._zone(owner.zone if owner else None).midnight(ordinal)

    def _zone(self, name: str | None) -> Zone:
        """The zone of that name, else the organisation's, else UTC."""
        for candidate in (name, self._book.organisation.zone, "UTC"):
            zone = zone_of(candidate) if candidate else None
            if zone is not None:
                return zone
        raise AssertionError("tzdata has no UTC")

    def _assign(self) -> None:
        self._tickets = {}
        for ticket in self._book.all(Ticket).values():
            self._enter(ticket)

    def _enter(self, ticket: CatalogObject | None) -> None:
        for place, entry in self._places(ticket):
            self._tickets.setdefault(place, {})[entry.id] = entry

    def _withdraw(self, ticket: CatalogObject | None) -> None:
        for place, entry in self._places(ticket):
            self._tickets.get(place, {}).pop(entry.id, None)

    def _places(self, ticket: CatalogObject | None) -> Iterator[tuple[tuple[str, str], Assignment]]:
        if not isinstance(ticket, Ticket):
            return
        entry = Assignment(
            ticket.id, seconds_of(ticket.opened, -EVER), seconds_of(ticket.closed, EVER), ticket.client, ticket.device
        )
        for technician in self.technicians(ticket.technicians):
            yield (technician, f"c/{ticket.client or ''}"), entry
            if ticket.device:
                yield (technician, f"d/{ticket.device}"), entry


TYPES: dict[str, type[CatalogObject]] = {"client": Client, "technician": Technician, "device": Device, "ticket": Ticket}


def claims(kind: str, item: CatalogObject) -> Iterator[Claim]:
    """What an object answers to, its own id apart."""
    aliases: dict[str, list[str]] = getattr(item, "aliases", {})
    for scope, natives in aliases.items():
        for native in natives:
            yield kind, scope, native
    if isinstance(item, Technician) and item.email:
        yield kind, EMAIL, item.email.casefold()


def seconds_of(at: datetime | None, absent: int) -> int:
    """Whole seconds since 1970, floored; a time without zone is UTC."""
    if at is None:
        return absent
    since = (at if at.tzinfo else at.replace(tzinfo=UTC)) - datetime(1970, 1, 1, tzinfo=UTC)
    return since.days * 86_400 + since.seconds


def _open(tickets: dict[str, Assignment], instant: int) -> list[Assignment]:
    return sorted(item for item in tickets.values() if item.opened <= instant < item.closed)
