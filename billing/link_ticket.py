"""Which open ticket a session belongs to: what the ticket names, and when the technician wrote on it.

A ticket fits a session by its device, by the contact who asked for it, or only by its client. Where the ticket system
tells who wrote on a ticket when, the technician's own notes around a sitting decide; where it does not, the one open
ticket that fits best is taken. Confidence is per mille, from the literal tables below.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from billing.directory import Directory
from billing.directory_tickets import Assignment
from billing.link_resolve import Evidence
from streams.models.work import Path, Suggestion

BEFORE, INTO = 180, 300  # seconds around the beginning in which a note speaks of it
ENDING, AFTER = 180, 420  # and around the end
CLAIMS = 300  # after other evidence in which a note may speak of that instead
REACH = CLAIMS + BEFORE + AFTER  # seconds: evidence farther apart has no say about the same note

OTHER, CLIENT, CONTACT, DEVICE = 0, 1, 2, 3  # how well a ticket fits
TRACE = {0: 0, 1: 2, 2: 3}  # points for notes: none, of one kind, of two kinds
NEEDED = 3  # points a ticket needs, and more than any other

PATH_OF: dict[int, Path] = {
    OTHER: "client_ticket", CLIENT: "client_ticket", CONTACT: "contact_ticket", DEVICE: "device_ticket",
}  # fmt: skip
TRACED = {  # confidence by fit and kinds of notes
    (DEVICE, 2): 995, (DEVICE, 1): 990, (CONTACT, 2): 995, (CONTACT, 1): 985,
    (CLIENT, 2): 990, (CLIENT, 1): 970, (OTHER, 2): 950, (OTHER, 1): 400,
    (DEVICE, 0): 600, (CONTACT, 0): 400, (CLIENT, 0): 200, (OTHER, 0): 20,
}  # fmt: skip
UNTOLD = {DEVICE: 930, CONTACT: 900, CLIENT: 800, OTHER: 20}  # by fit, where nobody tells who wrote on tickets
UNWRITTEN = 930  # of the one that fits best, closed without a word of its technician
SPLIT = 500  # the most a suggestion can have that did not win
MOST = 5  # suggestions
WORDS = {DEVICE: "device", CONTACT: "contact", CLIENT: "client", OTHER: "other_device"}


class Sitting(NamedTuple):
    """Sessions of one person on one device without a longer gap, by their bounds."""

    start: int
    end: int


class Other(NamedTuple):
    """Other evidence of the same person at the same client. ``ticket`` None: not known."""

    start: int
    end: int
    ticket: str | None
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Candidate:
    ticket: Assignment
    fit: int
    notes: tuple[str, ...] = ()  # began, ended: when the technician wrote on it

    @property
    def trace(self) -> int:
        return TRACE[min(2, len(self.notes))]

    @property
    def points(self) -> int:
        return self.fit + self.trace

    @property
    def unwritten(self) -> bool:
        """Closed, and its technician never wrote on it: what was done for it left no other trace."""
        return self.ticket.mine and self.fit >= CONTACT and self.ticket.acts == (self.ticket.closed,)

    @property
    def told(self) -> int:
        return TRACED[self.fit, min(2, len(self.notes))]

    @property
    def why(self) -> tuple[str, ...]:
        return WORDS[self.fit], *self.notes


@dataclass(frozen=True, slots=True)
class Choice:
    """``won`` None: nothing is certain enough; ``suggestions`` then say what could be."""

    won: Candidate | None = None
    confidence: int = 0
    suggestions: tuple[Suggestion, ...] = ()


def choose(item: Evidence, client: str | None, sitting: Sitting, others: Sequence[Other], book: Directory) -> Choice:
    if item.technician is None:
        return Choice()
    open_ = [
        ticket
        for ticket in book.tickets.concerning(item.technician, client, item.device, item.start)
        if client is None or ticket.client in (None, client)
    ]
    if any(ticket.mine and not ticket.told for ticket in open_):
        return _untold([Candidate(ticket, fit(ticket, item, book)) for ticket in open_ if ticket.mine])
    return _traced([weigh(ticket, item, sitting, others, book) for ticket in open_])


def fit(ticket: Assignment, item: Evidence, book: Directory) -> int:
    """A session that names no device contradicts no ticket."""
    if ticket.device is not None:
        return DEVICE if ticket.device == item.device else OTHER if item.interval.device is not None else CLIENT
    return CONTACT if ticket.contact and ticket.contact in contacts(item, book) else CLIENT


def contacts(item: Evidence, book: Directory) -> set[str]:
    """Who sat at the other end: the session's contact, and the person who works on the device."""
    return {item.interval.contact.casefold(), book.contact_of(item.device)} - {""}


def weigh(ticket: Assignment, item: Evidence, sitting: Sitting, others: Sequence[Other], book: Directory) -> Candidate:
    how = fit(ticket, item, book)
    kinds = set()
    for at in ticket.acts:
        kind = _kind(at, sitting)
        if kind and (how >= CONTACT or at != ticket.closed) and not _claimed(at, ticket, how, others, book):
            kinds.add(kind)
    return Candidate(ticket, how, tuple(sorted(kinds)))


def _kind(at: int, sitting: Sitting) -> str:
    """In the middle of a sitting people write about something else."""
    if sitting.start - BEFORE <= at <= sitting.start + INTO:
        return "began"
    if sitting.end - ENDING <= at <= sitting.end + AFTER:
        return "ended"
    return ""


def _claimed(at: int, ticket: Assignment, how: int, others: Iterable[Other], book: Directory) -> bool:
    """Whether the note may as well speak of other evidence nearby: of that ticket, or of none and fitting as well."""
    if how == DEVICE:
        return False
    near = [other for other in others if other.start - BEFORE <= at <= other.end + CLAIMS]
    if any(other.ticket == ticket.id for other in near):
        return True
    vague = [other for other in near if other.ticket is None and how <= CLIENT]
    return any(fit(ticket, other.evidence, book) >= how for other in vague)


def _traced(found: Sequence[Candidate]) -> Choice:
    ranked = sorted(found, key=lambda one: (-one.points, one.ticket.id))
    best = ranked[0] if ranked and ranked[0].notes and ranked[0].points >= NEEDED else None
    if best is not None and all(one.points < best.points for one in ranked[1:]):
        return Choice(best, best.told)
    if best is None and not any(one.notes for one in found):
        fitting = [one for one in found if one.fit == ranked[0].fit] if ranked else []
        if len(fitting) == 1 and fitting[0].unwritten:
            return Choice(fitting[0], UNWRITTEN)
    return Choice(suggestions=_suggest([(one, min(SPLIT, one.told)) for one in found]))


def _untold(found: Sequence[Candidate]) -> Choice:
    for how in (DEVICE, CONTACT, CLIENT):
        fitting = [one for one in found if one.fit == how]
        if len(fitting) == 1:
            return Choice(fitting[0], UNTOLD[how])
        if fitting:
            share = UNTOLD[how] // len(fitting)
            return Choice(suggestions=_suggest([(one, share) for one in fitting]))
    return Choice(suggestions=_suggest([(one, UNTOLD[OTHER]) for one in found]))


def _suggest(found: Iterable[tuple[Candidate, int]]) -> tuple[Suggestion, ...]:
    ranked = sorted(found, key=lambda pair: (-pair[1], pair[0].ticket.id))
    return tuple(Suggestion(one.ticket.id, confidence, one.why) for one, confidence in ranked[:MOST])
