"""From a click to events: who clicked what on which timer, and when. Pure; what becomes of them is decided by pair.

A timer's activity is derived from technician and timer id, an event's id from the timer and the key that the click
brought: the same click, however often it arrives, is one event.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

import msgspec

from billing.signals import SKEW_MS
from streams.models.event import Event, Phase, Plain, Ref, TicketRef, TimeBasis, activity_id
from streams.models.instant import to_ms

SOURCE = "everyminute:timers"
SERVICE = "timer.ticket"
OLDEST_MS = 7 * 86_400_000  # a click that waited longer for a network is a correction, with a reason

Reason = Literal[
    "forgot_to_start", "forgot_to_stop", "estimate_confirmed", "wrong_time", "wrong_ticket", "ticket_added", "other"
]


class Moment(NamedTuple):
    """When a click was: ms since 1970, whose clock says so, and what is kept of a clock that was not believed."""

    ms: int
    basis: TimeBasis
    native: dict[str, Plain]


def moment(at: datetime | None, sent_at: datetime | None, now: int) -> Moment | None:
    """The instant of a click that arrives at ``now`` (ms); None if it is too old.

    ``sent_at`` is the same clock when the request left. A clock up to two minutes off is believed, so that a retry is
    the same event. Else the age of the click is taken from our own clock, and what the other one said is kept.
    """
    if at is None:
        return Moment(now, "server", {})
    clicked = to_ms(at)
    sent = clicked if sent_at is None else max(clicked, to_ms(sent_at))
    if abs(sent - now) <= SKEW_MS:
        found = Moment(clicked, "observed", {})
    else:
        kept: dict[str, Plain] = {"client_at": at.isoformat(), "client_skew_s": (sent - now) // 1000}
        found = Moment(now - (sent - clicked), "server", kept)
    return found if now - found.ms <= OLDEST_MS else None


@dataclass(frozen=True)
class Subject:
    """What a timer is for, in ids of the catalogue; a ticket may be one that nobody knows yet."""

    ticket: str | None = None
    client: str | None = None
    service: str = SERVICE


@dataclass(frozen=True)
class Owner:
    tenant: str
    technician: str

    def activity(self, timer: str) -> str:
        return activity_id(SOURCE, f"{self.technician}/{timer}")

    def signal(self, timer: str, key: str, phase: Phase, when: Moment, subject: Subject | None = None) -> Event:
        """One event of one timer; ``subject`` goes with a start."""
        about: dict[str, Any] = {}
        native: dict[str, Plain] = {"timer": timer, **when.native}
        if subject is not None:
            about["ticket"] = None if subject.ticket is None else TicketRef(subject.ticket)
            about["client"] = None if subject.client is None else Ref(subject.client)
        activity = self.activity(timer)
        return Event(
            tenant=self.tenant,
            source=SOURCE,
            source_event_id=f"{activity}:{key}:{phase}",
            activity_id=activity,
            kind="ticket_timer",
            phase=phase,
            at=when.ms,
            time_basis=when.basis,
            technician=Ref(self.technician),
            service=SERVICE if subject is None else subject.service,
            native=native,
            **about,
        )


@dataclass(frozen=True)
class Change:
    """What a correction says: ms since 1970, None for what stays."""

    started: int | None = None
    ended: int | None = None
    ticket: str | None = None
    client: str | None = None


def corrections(
    signals: Sequence[Event], worked_until: int | None, change: Change, why: tuple[Reason, str, int], stop: Event
) -> list[Event]:
    """The events that make a timer what ``change`` says: revisions of its own signals, pauses in their place.

    ``signals`` are the current ones of the timer in order, with a start; ``worked_until`` is when its last stretch was
    closed, None while it runs. ``why`` is (reason, key of the click, revision). ``stop`` is the event that ends it if
    none did so yet. What lies outside the new bounds
    becomes a mere sign of life.
    """
    first = next(event for event in signals if event.phase == "start")
    closing = [event for event in signals if worked_until is not None and _closes(event, worked_until)]
    last = next((event for event in reversed(closing) if event.phase == "stop"), stop)
    found = [_begun(first, change)]
    for event in signals:
        if event is first or event.at is None:
            continue
        if change.ended is not None and event is last:
            found.append(_moved(event, "stop", change.ended))
        elif change.started is not None and event.at < change.started:
            found.append(_moved(event, "heartbeat", change.started))
        elif change.ended is not None and (event.at >= change.ended or event in closing):
            found.append(_moved(event, "heartbeat", change.ended))
        else:
            found.append(event)
    if change.ended is not None and last is stop:
        found.append(_moved(stop, "stop", change.ended))
    return [_marked(event, why) for event in found if event not in signals]


def _marked(event: Event, why: tuple[Reason, str, int]) -> Event:
    reason, key, revision = why
    native = event.native | {"correction_key": key}
    return msgspec.structs.replace(event, correction=reason, revision=revision, time_basis="entered", native=native)


def _begun(first: Event, change: Change) -> Event:
    fields: dict[str, Any] = {}
    if change.started is not None:
        fields["at"] = change.started
    if change.ticket is not None:
        fields |= {"ticket": TicketRef(change.ticket), "client": None}
    if change.client is not None:
        fields["client"] = Ref(change.client)
    return msgspec.structs.replace(first, **fields)


def _closes(event: Event, worked_until: int) -> bool:
    return event.phase in ("pause", "stop") and event.at is not None and event.at >= worked_until


def _moved(event: Event, phase: Phase, at: int) -> Event:
    return msgspec.structs.replace(event, phase=phase, at=at)
