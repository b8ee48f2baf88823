"""What a click means to the timers there are: which events it makes, and why it cannot be. Refusals help."""

from __future__ import annotations

from collections.abc import Sequence

from streams.models.event import Event, Phase
from streams.models.instant import to_ms
from web.problems import Refused
from web.timer_actions import Change, Moment, Owner, Subject, corrections, moment
from web.timer_board import Timer, show
from web.timer_desk import Desk, Note
from web.timer_models import Click, Correct, Start

AHEAD_MS = 120_000  # clocks differ


def when_of(click: Click, now: int) -> Moment:
    """The instant of a click that arrives at ``now`` (ms)."""
    found = moment(click.at, click.sent_at, now)
    if found is None:
        raise Refused(
            422, "Too long ago", "The click is more than seven days old.",
            "Correct the timer with a reason, or enter the time in your service desk.",
        )  # fmt: skip
    return found


def known_timer(desk: Desk, owner: Owner, timer: str) -> Timer | None:
    """The timer, if it was started."""
    found = desk.timers.get(owner.technician, {}).get(owner.activity(timer))
    return found if found is not None and found.started else None


def must_know(desk: Desk, owner: Owner, timer: str) -> Timer:
    found = known_timer(desk, owner, timer)
    if found is None:
        raise Refused(404, "No such timer", "No timer of this id was started in the last 35 days.", "Start one.")
    return found


def started(desk: Desk, owner: Owner, click: Start, when: Moment) -> list[Event]:
    """A new timer, and in single mode pauses for the others."""
    timer = known_timer(desk, owner, click.timer)
    event = owner.signal(click.timer, click.key, "start", when, _subject(click))
    if timer is not None and not timer.has(event.id):
        raise Refused(
            409, "This timer was started before", "A timer starts once.", "Resume it, or start one with another id."
        )
    return [*(_others(desk, owner, click, when) if desk.rules.single else []), event]


def switched(desk: Desk, owner: Owner, click: Start, when: Moment) -> list[Event]:
    """This timer started, or resumed if it was before; pauses for the others."""
    timer = known_timer(desk, owner, click.timer)
    start = owner.signal(click.timer, click.key, "start", when, _subject(click))
    fresh = timer is None or timer.has(start.id)
    return [
        *_others(desk, owner, click, when),
        start if fresh else owner.signal(click.timer, click.key, "resume", when),
    ]


def signalled(desk: Desk, owner: Owner, click: Click, when: Moment, phase: Phase) -> list[Event]:
    must_know(desk, owner, click.timer)
    others = _others(desk, owner, click, when) if phase == "resume" and desk.rules.single else []
    return [*others, owner.signal(click.timer, click.key, phase, when)]


def corrected(desk: Desk, owner: Owner, click: Correct, when: Moment, now: int) -> list[Event]:
    """Empty when it changes nothing, or when this very correction is known."""
    timer = must_know(desk, owner, click.timer)
    if any(fact.event.native.get("correction_key") == click.key for fact in timer.facts.values()):
        return []
    change = Change(
        None if click.started_at is None else to_ms(click.started_at),
        None if click.ended_at is None else to_ms(click.ended_at),
        click.ticket,
        click.client,
    )
    _check(timer, change, now)
    signals = timer.signals()
    revision = max(when.ms, 1 + max(event.revision for event in signals))
    stop = owner.signal(click.timer, click.key, "stop", when)
    until = _worked_until(timer, signals)
    return corrections(signals, until, change, (click.reason, click.key, revision), stop)


def notes_of(owner: Owner, click: Click, when: Moment, text: str | None) -> list[Note]:
    if text is None:
        return []
    return [Note(1, owner.tenant, owner.activity(click.timer), owner.technician, click.key, when.ms, text)]


def unknown(desk: Desk, owner: Owner, events: Sequence[Event]) -> list[Event]:
    """Those that were not recorded before, in the revision they have here."""
    mine = desk.timers.get(owner.technician, {})
    return [
        event for event in events if not (timer := mine.get(event.activity_id)) or recorded_at(timer, event) is None
    ]


def recorded_at(timer: Timer, event: Event) -> int | None:
    """When (ms) this event was, if it has been recorded before."""
    for fact in timer.facts.values():
        if fact.id == event.id and fact.event.revision == event.revision:
            return fact.event.at
    return None


def _subject(click: Start) -> Subject:
    return Subject(click.ticket, None if click.ticket else click.client, click.service)


def _others(desk: Desk, owner: Owner, click: Click, when: Moment) -> list[Event]:
    """Pauses for the technician's other timers that ran at that instant. One that was forgotten did not: pausing it now
    would bill the night."""
    mine, works = desk.timers.get(owner.technician, {}), desk.works(owner.technician)
    shown = show(mine.values(), works, desk.rules, when.ms // 1000)
    running = [
        one.timer
        for one in shown
        if one.state == "running" and one.open_from is not None and one.open_from * 1000 <= when.ms
    ]
    activity, key = owner.activity(click.timer), f"{click.key}.{click.timer}"
    return [owner.signal(timer.id, key, "pause", when) for timer in running if timer.activity != activity]


def _check(timer: Timer, change: Change, now: int) -> None:
    if change == Change():
        raise Refused(422, "Nothing to change", "The correction names nothing.", "Name a start, end, ticket or client.")
    interval = timer.interval
    started = interval.start * 1000 if change.started is None else change.started
    closed = interval.spans[-1][1] if interval.spans else interval.start
    ended = change.ended if change.ended is not None else None if interval.open_from is not None else closed * 1000
    if max(started, ended or 0) > now + AHEAD_MS:
        raise Refused(422, "In the future", "A timer cannot begin or end after now.", "Choose an earlier time.")
    if ended is not None and ended < started:
        raise Refused(422, "It would end before it starts", "The end lies before the start.", "Choose other times.")


def _worked_until(timer: Timer, signals: Sequence[Event]) -> int | None:
    """The exact instant (ms) at which the last stretch was closed; None while it runs."""
    spans = timer.interval.spans
    if timer.interval.open_from is not None or not spans:
        return None
    closing = [one.at for one in signals if one.phase in ("pause", "stop") and one.at is not None]
    return max((at for at in closing if at // 1000 == spans[-1][1]), default=None)
