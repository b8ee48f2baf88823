"""Tickets by whom they concern: those assigned to a technician, and those a technician wrote on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

from billing.aliases import seconds_of
from billing.book import CatalogState
from billing.link_timeline import EVER
from streams.models.catalog import CatalogObject, Ticket


class Assignment(NamedTuple):
    """A ticket as it concerns linking. Instants in seconds."""

    id: str
    opened: int
    closed: int
    client: str | None
    device: str | None
    contact: str = ""  # who asked for it, case-folded
    mine: bool = True  # assigned to the technician, not only written on
    told: bool = False  # its source tells who wrote on it when
    acts: tuple[int, ...] = ()  # when the technician wrote on it; when it was closed, if assigned


class Names(Protocol):
    """What an index of tickets asks the directory."""

    def client_of_device(self, device: str | None, instant: int) -> str | None: ...

    def named_client(self, name: str | None) -> str | None: ...

    def named_device(self, name: str | None) -> str | None: ...

    def technicians(self, entries: Iterable[str]) -> list[str]: ...


class TicketIndex:
    def __init__(self, directory: Names, book: CatalogState) -> None:
        self._directory, self._book = directory, book
        self._of: dict[tuple[str, str], dict[str, Assignment]] = {}  # by (technician, "c/acme" or "d/ws1")
        self._stale = False  # who or what tickets name may have changed: they are assigned anew when next asked

    def change(self, kind: str, before: CatalogObject | None, after: CatalogObject | None) -> None:
        """One object's current form changed from ``before`` to ``after``."""
        if kind != "ticket":
            self._stale = self._stale or before != after
        elif not self._stale:
            self._withdraw(before)
            self._enter(after)

    def rebuild(self) -> None:
        self._of, self._stale = {}, False
        for ticket in self._book.all(Ticket).values():
            self._enter(ticket)

    def concerning(self, technician: str, client: str | None, device: str | None, instant: int) -> list[Assignment]:
        """Tickets of that device or client, assigned to that technician or written on by them, open at that instant,
        by id. A ticket's client is named, or that of its device."""
        found = [] if device is None else _open(self._at(technician, f"d/{device}"), instant)
        if client is not None:
            found += _open(self._at(technician, f"c/{client}"), instant)
            nameless = _open(self._at(technician, "c/"), instant)
            found += [item for item in nameless if self._directory.client_of_device(item.device, instant) == client]
        return sorted({item.id: item for item in found}.values())

    def seen(self, technician: str | None, id_: str) -> Assignment | None:
        """A ticket as it concerns that technician, open or not."""
        ticket = self._book.get(Ticket, id_)
        if ticket is None:
            return None
        known = {} if technician is None else dict(self._concerns(ticket))
        return known.get(technician or "") or self._assignment(ticket, "", mine=False)

    def _at(self, technician: str, place: str) -> dict[str, Assignment]:
        if self._stale:
            self.rebuild()
        return self._of.get((technician, place), {})

    def _enter(self, ticket: CatalogObject | None) -> None:
        for place, entry in self._places(ticket):
            self._of.setdefault(place, {})[entry.id] = entry

    def _withdraw(self, ticket: CatalogObject | None) -> None:
        for place, entry in self._places(ticket):
            self._of.get(place, {}).pop(entry.id, None)

    def _places(self, ticket: CatalogObject | None) -> Iterator[tuple[tuple[str, str], Assignment]]:
        if not isinstance(ticket, Ticket):
            return
        for technician, entry in self._concerns(ticket):
            yield (technician, f"c/{entry.client or ''}"), entry
            if entry.device:
                yield (technician, f"d/{entry.device}"), entry

    def _concerns(self, ticket: Ticket) -> Iterator[tuple[str, Assignment]]:
        """The ticket as it concerns each technician it is assigned to or who wrote on it."""
        mine = self._directory.technicians(ticket.technicians)
        wrote = self._directory.technicians(act.technician for act in ticket.activity or ())
        for technician in sorted({*mine, *wrote}):
            yield technician, self._assignment(ticket, technician, technician in mine)

    def _assignment(self, ticket: Ticket, technician: str, mine: bool) -> Assignment:
        opened, closed = seconds_of(ticket.opened, -EVER), seconds_of(ticket.closed, EVER)
        acts = {seconds_of(act.at, 0) for act in ticket.activity or () if self._is(act.technician, technician)}
        if mine and closed != EVER:
            acts.add(closed)
        client, device = self._directory.named_client(ticket.client), self._directory.named_device(ticket.device)
        contact, told = ticket.contact.casefold(), ticket.activity is not None
        return Assignment(ticket.id, opened, closed, client, device, contact, mine, told, tuple(sorted(acts)))

    def _is(self, name: str, technician: str) -> bool:
        return self._directory.technicians((name,)) == [technician]


def _open(tickets: dict[str, Assignment], instant: int) -> list[Assignment]:
    return sorted(item for item in tickets.values() if item.opened <= instant < item.closed)
