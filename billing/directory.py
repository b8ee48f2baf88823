"""Who and what a source means: aliases, moves and ticket assignments of the current catalogue.

An alias is looked up by the source's instance ("meshcentral:mesh1"), then by the connector ("meshcentral"), then
under "*"; a technician also by email; then an id equal to the catalogue's own. Objects that a connector reported are
asked last. Claimed twice, the smaller id wins.
"""

from __future__ import annotations

from collections.abc import Iterable

from billing.aliases import EMAIL, REPORTED, TYPES, Claim, claims
from billing.book import CatalogState
from billing.calendar import Zone, zone_of
from billing.directory_tickets import TicketIndex
from billing.link_timeline import EVER
from billing.services import service_of
from streams.models.catalog import CatalogObject, Client, Device, Service, Technician, Ticket
from streams.models.event import Ref


class Directory:
    """Indexes over ``book``; after each change of the book tell it with ``change`` or ``rebuild``."""

    def __init__(self, book: CatalogState) -> None:
        self._book = book
        self._claims: dict[Claim, set[str]] = {}
        self.tickets = TicketIndex(self, book)
        self._services: dict[str, str] = {}  # by an event's text
        self.rebuild()

    def rebuild(self) -> None:
        """Read the whole book again, as after a release."""
        self._claims, self._services = {}, {}
        for kind, cls in TYPES.items():
            for item in self._book.all(cls).values():
                for claim in claims(kind, item):
                    self._claims.setdefault(claim, set()).add(item.id)
        self.tickets.rebuild()

    def change(self, key: str, before: CatalogObject | None, after: CatalogObject | None) -> None:
        """One object's current form changed from ``before`` to ``after``."""
        kind, id_ = key.split("/", 1)
        for claim in claims(kind, before) if before else ():
            self._claims.get(claim, set()).discard(id_)
        for claim in claims(kind, after) if after else ():
            self._claims.setdefault(claim, set()).add(id_)
        self.tickets.change(kind, before, after)

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

    def known_ticket(self, source: str, name: str) -> str | None:
        """The ticket that a person names: by its catalogue id, else as the source calls it."""
        return self._own(Ticket, name) or self.ticket(source, name)

    def known_client(self, source: str, name: str) -> str | None:
        """The client that a person names, likewise."""
        return self._own(Client, name) or self.client(source, name)

    def client_of_ticket(self, ticket: Ticket | None, instant: int) -> str | None:
        """The client it names, else that of the device it names."""
        if ticket is None:
            return None
        return self.named_client(ticket.client) or self.client_of_device(self.named_device(ticket.device), instant)

    def service(self, text: str) -> str:
        """The catalogue's service of an event's text; "" where none fits. Changes with a release only."""
        found = self._services.get(text)
        if found is None:
            service = service_of(self._book.all(Service), text)
            found = self._services[text] = service.id if service else ""
        return found

    def client_of_device(self, device: str | None, instant: int) -> str | None:
        """Whose device it is at that instant: the last move begun, else the first owner."""
        item = self._book.get(Device, device)
        if item is None:
            return None
        owner, since = self.named_client(item.client), -EVER
        for move in item.moves:
            client = self.named_client(move.client)
            begins = self._midnight(client, move.from_.toordinal())
            if since <= begins <= instant:
                owner, since = client, begins
        return owner

    def named_client(self, name: str | None) -> str | None:
        """The client that an object names: a catalogue id, or "source=native id"."""
        source, referred, native = (name or "").partition("=")
        return self.client(source, native) if referred else name

    def named_device(self, name: str | None) -> str | None:
        """The device that an object names, likewise."""
        source, referred, native = (name or "").partition("=")
        return self.device(source, native) if referred else name

    def ticket_holds(self, ticket: str) -> Ticket | None:
        return self._book.get(Ticket, ticket)

    def device_holds(self, device: str | None) -> Device | None:
        return self._book.get(Device, device)

    def contact_of(self, device: str | None) -> str:
        """The person who works on that device, case-folded; "" where nobody is named."""
        item = self._book.get(Device, device)
        return item.contact.casefold() if item else ""

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
        """What people wrote into the catalogue goes before what a tool reported of itself, at any scope."""
        scopes = (source, source.split(":", 1)[0], "*")
        ids = [(rank, id_) for rank, at in enumerate(scopes) for id_ in self._claims.get((kind, at, native), ())]
        return min([(id_.startswith(REPORTED), rank, id_) for rank, id_ in ids], default=(True, 0, None))[2]

    def _claimed(self, claim: Claim) -> str | None:
        return min(self._claims.get(claim, ()), default=None)

    def _own(self, cls: type[CatalogObject], id_: str) -> str | None:
        return id_ if self._book.get(cls, id_) is not None else None

    def _midnight(self, client: str | None, ordinal: int) -> int:
        owner = self._book.get(Client, client)
        return self._zone(owner.zone if owner else None).midnight(ordinal)

    def _zone(self, name: str | None) -> Zone:
        """The zone of that name, else the organisation's, else UTC."""
        for candidate in (name, self._book.organisation.zone, "UTC"):
            zone = zone_of(candidate) if candidate else None
            if zone is not None:
                return zone
        raise AssertionError("tzdata has no UTC")
