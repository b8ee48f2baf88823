"""The path of a session: its number, a timer over it, an open ticket, its client."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.oracle.book import Book, OpenTicket
from tests.oracle.pairing import Interval
from tests.oracle.tickets import Nearby, choose, fit, notes


@dataclass
class Evidence:
    """An interval and whom it concerns."""

    interval: Interval
    technician: str | None
    device: str | None
    ticket: str | None  # of the catalogue
    client: str | None
    state: str = "done"  # or "running"
    seconds: set[int] = field(default_factory=set)
    cover: set[int] = field(default_factory=set)
    path: str = "none"
    reason: str = ""
    absorbed: bool = False  # wholly under a timer
    linked: str = ""  # the ticket of its row
    candidates: list[str] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)  # timers nobody stopped that it speaks against

    @property
    def key(self) -> tuple[int, str]:
        return self.interval.start, self.interval.id


def thing(e: Evidence) -> str | None:
    """The device, known or only named."""
    ref = e.interval.device
    return e.device or (f"{e.interval.source}={ref.native_id}" if ref else None)


class Paths:
    """Of one person; who uses it fills these."""

    book: Book
    timers: list[Evidence]
    sessions: list[Evidence]

    def _session_path(self, e: Evidence) -> None:
        fits = self._fits(e)
        for timer in sorted(self._over(e), key=lambda timer: self._rank(e, timer)):
            guessed = self._guessed(timer)
            if (guessed or self._rank(e, timer)[0]) and self._against(e, timer.linked):
                e.refused |= {timer.interval.id} if guessed else set()
                continue
            e.path, e.linked = "timer", timer.linked
            return
        open_ = [t for t in self._open(e) if t.client in (None, e.client)]
        sitting, near = self._sitting(e)
        e.path, e.linked, e.candidates = choose(open_, e.technician, fits, sitting, near)

    def _guessed(self, timer: Evidence) -> bool:
        return not timer.interval.ended and timer.state != "running"

    def _over(self, e: Evidence) -> list[Evidence]:
        return [t for t in self.timers if t.client == e.client is not None and t.linked and t.cover & e.seconds]

    def _rank(self, e: Evidence, timer: Evidence) -> tuple[Any, ...]:
        """Over half of it first, then the ticket's points, then seconds."""
        shared = len(timer.cover & e.seconds)
        ticket = self._ticket(timer.linked)
        how = self._fits(e)(ticket) if ticket else 1
        points = how + (0, 2, 3)[notes(ticket, e.technician, how, self._bounds(e), [])] if ticket else 1
        return 2 * shared < len(e.seconds), -points, -shared, timer.key

    def _against(self, e: Evidence, linked: str) -> bool:
        ticket, fits = self._ticket(linked), self._fits(e)
        how = fits(ticket) if ticket else 1
        wrote = notes(ticket, e.technician, how, self._bounds(e), []) if ticket else 0
        if how != 1 or wrote:
            return how == 0
        others = [t for t in self._open(e) if t.id != linked]
        return any(notes(t, e.technician, fits(t), self._bounds(e), []) for t in others)

    def _ticket(self, id_: str) -> OpenTicket | None:
        return next((t for t in self.book.tickets() if t.id == id_), None)

    def _open(self, e: Evidence) -> list[OpenTicket]:
        """Open tickets of its client or device that concern its technician."""
        at = e.interval.start
        found = [t for t in self.book.tickets() if t.opened <= at < t.closed]
        found = [t for t in found if e.technician in t.technicians or any(w == e.technician for _, w in t.activity)]
        here = [t for t in found if (t.client or self.book.device_client(t.device, at)) == e.client]
        return here + [t for t in found if t not in here and e.device is not None and t.device == e.device]

    def _fits(self, e: Evidence) -> Callable[[OpenTicket], int]:
        named = e.interval.device is not None
        return lambda ticket: fit(ticket, e.device, named, e.interval.contact, self.book)

    def _bounds(self, e: Evidence) -> tuple[int, int]:
        i = e.interval
        return i.start, max(i.start, i.last_seen if e.state == "running" else i.end)

    def _sitting(self, e: Evidence) -> tuple[tuple[int, int], list[Nearby]]:
        """The sessions on its device around it, and everything else at its client."""
        if e not in self.sessions:
            return self._bounds(e), []  # a stop without a start stands alone
        alike = [s for s in self.sessions if s is e or (thing(s) == thing(e) is not None and s.client == e.client)]
        alike = [s for s in alike if s.interval.authenticated == e.interval.authenticated]
        chain: list[Evidence] = []
        reach = -(1 << 60)
        for s in sorted(alike, key=lambda s: s.key):
            if self._bounds(s)[0] - reach > self.book.merge_gap:
                if e in chain:
                    break
                chain = []
            chain.append(s)
            reach = max(reach, self._bounds(s)[1]) if len(chain) > 1 else self._bounds(s)[1]
        bounds = min(self._bounds(s)[0] for s in chain), max(self._bounds(s)[1] for s in chain)
        others = [o for o in [*self.timers, *self.sessions] if o not in chain and o.client == e.client]
        others = [o for o in others if o.interval.authenticated or not e.interval.authenticated]
        return bounds, [Nearby(*self._bounds(o), self._told(o), self._fits(o)) for o in others]

    def _told(self, o: Evidence) -> str:
        """The ticket that a number or a timer gives it."""
        if o.technician is None:
            return ""
        if o.interval.kind == "ticket_timer" or o.ticket is not None:
            return o.linked or o.ticket or ""
        for timer in sorted(self._over(o), key=lambda timer: self._rank(o, timer)):
            guessed = self._guessed(timer)
            if not ((guessed or self._rank(o, timer)[0]) and self._against(o, timer.linked)):
                return timer.linked
        return ""
