"""Which open ticket a session belongs to: by device, contact and client, and by when its technician wrote on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.oracle.book import Book, OpenTicket

FIT_PATH = {0: "client_ticket", 1: "client_ticket", 2: "contact_ticket", 3: "device_ticket"}


@dataclass(frozen=True)
class Nearby:
    """Other evidence of the technician at that client; ``fits`` says how well a ticket fits it."""

    start: int
    end: int
    ticket: str
    fits: Callable[[OpenTicket], int]


def fit(ticket: OpenTicket, device: str | None, named: bool, contact: str, book: Book) -> int:
    if ticket.device is not None:
        return 3 if ticket.device == device else 0 if named else 1
    people = {contact.casefold(), str(book.objects["device"].get(device or "", {}).get("contact", "")).casefold()}
    return 2 if ticket.contact and ticket.contact in people else 1


def notes(
    ticket: OpenTicket, technician: str | None, how: int, sitting: tuple[int, int], near: Iterable[Nearby]
) -> int:
    """0, 1 or 2 kinds of notes around the beginning and the end that speak of nothing else."""
    kinds = set()
    written = {at for at, who in ticket.activity if who == technician}
    closing = {ticket.closed} if technician in ticket.technicians and ticket.closed < 1 << 60 else set()
    for at in written | closing:
        if how < 2 and at in closing:
            continue
        if -180 <= at - sitting[0] <= 300:
            kind = "began"
        elif -180 <= at - sitting[1] <= 420:
            kind = "ended"
        else:
            continue
        if how < 3:
            beside = [one for one in near if one.start - 180 <= at <= one.end + 300]
            if any(one.ticket == ticket.id for one in beside):
                continue
            if how < 2 and any(one.fits(ticket) >= how for one in beside if not one.ticket):
                continue
        kinds.add(kind)
    return len(kinds)


def choose(
    open_: list[OpenTicket],
    technician: str | None,
    fits: Callable[[OpenTicket], int],
    sitting: tuple[int, int],
    near: list[Nearby],
) -> tuple[str, str, list[str]]:
    """Path, ticket and, without a ticket, what it could be."""
    mine = [ticket for ticket in open_ if technician in ticket.technicians]
    if any(ticket.told is False for ticket in mine):
        for how in (3, 2, 1):
            found = [ticket.id for ticket in mine if fits(ticket) == how]
            if len(found) == 1:
                return FIT_PATH[how], found[0], []
            if found:
                return "alias", "", found
        return "alias", "", [ticket.id for ticket in mine]
    seen = [t for t in open_ if t in mine or any(who == technician for _, who in t.activity)]
    points = {}
    for ticket in seen:
        kinds = notes(ticket, technician, fits(ticket), sitting, near)
        points[ticket.id] = (fits(ticket) + (0, 2, 3)[kinds], kinds, ticket)
    best = max(points.values(), key=lambda one: one[0], default=None)
    if best and best[1] and best[0] >= 3 and sum(one[0] == best[0] for one in points.values()) == 1:
        return FIT_PATH[fits(best[2])], best[2].id, []
    if best and not any(kinds for _, kinds, _ in points.values()) and best[0] >= 2:
        top = [ticket for total, _, ticket in points.values() if total == best[0]]
        silent = not any(who == technician and at != top[0].closed for at, who in top[0].activity)
        if len(top) == 1 and top[0] in mine and silent and top[0].closed < 1 << 60:
            return FIT_PATH[best[0]], top[0].id, []
    return "alias", "", sorted(points)
