"""A technician's day from the desk: timers, captured work, tickets to choose from.

Pure; ``now`` in seconds, ``now_ms`` in ms."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from billing.calendar import Day as LocalDay
from billing.calendar import Zone, zone_of
from billing.spans import intersect, length
from streams.models.catalog import Client, Device, Technician, Ticket
from streams.models.ids import label
from streams.models.instant import EPOCH, from_ms
from streams.models.interval import Interval
from streams.models.work import Work
from web.problems import Refused
from web.timer_board import Shown, show
from web.timer_desk import Desk
from web.timer_models import Captured, Day, Stretch, Subject, TimerView

CURRENT = ("running", "paused", "forgotten")
RECENT = 8
FORGOTTEN_SECONDS = 35 * 86_400


def instant(seconds: int) -> datetime:
    return from_ms(seconds * 1000) or EPOCH


def day_of(desk: Desk, technician: str, zone: Zone, day: LocalDay, now_ms: int) -> Day:
    """Everything the page shows of one local day."""
    now = now_ms // 1000
    person = desk.book.get(Technician, technician)
    shown = show(desk.timers.get(technician, {}).values(), desk.works(technician), desk.rules, now)
    own = {one.timer.activity for one in shown}
    return Day(
        technician=technician,
        name=(person.name if person else "") or technician,
        day=day.date,
        zone=zone.name,
        begins=instant(day.start),
        ends=instant(day.end),
        now=from_ms(now_ms) or EPOCH,
        single=desk.rules.single,
        timers=[timer_view(desk, one) for one in shown if _today(one, day, now) or _matters(one, now)],
        captured=sorted(captured(desk, technician, own, day), key=lambda one: (one.started_at, one.id)),
        mine=[subject(desk, one.id, None) for one in desk.mine(technician, now)],
        recent=_recent(desk, shown),
    )


def day_named(desk: Desk, technician: str, zone: str | None, day: str | None, now_ms: int) -> Day:
    """The day of that local date, else today; in that zone, else the organisation's."""
    local = _zone(zone, desk)
    if day is None:
        return day_of(desk, technician, local, local.day(now_ms // 1000), now_ms)
    try:
        found = date.fromisoformat(day)
    except ValueError:
        raise Refused(422, "No such day", f"{day} is no date.", "Write it as 2026-03-29.") from None
    if not 1970 < found.year < 2100:
        raise Refused(422, "No such day", f"{day} lies outside 1971 to 2099.", "Write it as 2026-03-29.")
    return day_of(desk, technician, local, local.day(local.midnight(found.toordinal())), now_ms)


def _zone(name: str | None, desk: Desk) -> Zone:
    for candidate in (name, desk.book.organisation.zone):
        found = zone_of(candidate) if candidate else None
        if found is not None:
            return found
    utc = zone_of("UTC")
    assert utc is not None
    return utc


def current(desk: Desk, technician: str, now: int) -> list[TimerView]:
    """What runs, waits to be resumed, or was forgotten."""
    shown = show(desk.timers.get(technician, {}).values(), desk.works(technician), desk.rules, now)
    return [timer_view(desk, one) for one in shown if _matters(one, now)]


def subject(desk: Desk, ticket: str | None, client: str | None) -> Subject:
    known = desk.book.get(Ticket, ticket)
    owner = desk.client_of(known) or desk.book.get(Client, client)
    return Subject(
        ticket=ticket,
        label="" if ticket is None else _number(known) if known else label(ticket),
        title=known.title if known else "",
        client=owner.id if owner else client,
        client_name=(owner.name or owner.id) if owner else client or "",
    )


def timer_view(desk: Desk, one: Shown) -> TimerView:
    interval = one.timer.interval
    about = subject(
        desk,
        interval.ticket.native_id if interval.ticket else None,
        interval.client.native_id if interval.client else None,
    )
    return TimerView(
        **about.model_dump(),
        timer=one.timer.id,
        activity=one.timer.activity,
        state=one.state,
        started_at=instant(interval.start),
        ended_at=None if one.ended is None else instant(one.ended),
        open_from=None if one.open_from is None else instant(one.open_from),
        stretches=[Stretch(started_at=instant(start), ended_at=instant(end)) for start, end in one.spans],
        seconds=length(one.spans),
        keys=one.timer.keys(),
        note=one.timer.note[2],
        flags=[*interval.flags, *(["capped_end"] if one.capped else [])],
        estimated_end=None if one.estimated is None else instant(one.estimated),
    )


def captured(desk: Desk, technician: str, own: set[str], day: LocalDay) -> Iterator[Captured]:
    """Sessions, automatic timers and other tools' timers of the day, and script runs."""
    for work in desk.works(technician).values():
        if work.technician == technician and work.id not in own and work.state in ("done", "running"):
            inside = intersect(work.spans, ((day.start, day.end),))
            if inside or (work.spans and day.start <= work.start < day.end):
                yield _work(desk, work, inside or work.spans)
    for run in desk.runs_of(technician):
        if day.start <= run.start < day.end:
            yield _run(desk, run)


def _work(desk: Desk, work: Work, inside: tuple[tuple[int, int], ...]) -> Captured:
    return Captured(
        **subject(desk, work.ticket, work.client).model_dump(),
        id=work.id,
        kind=work.kind,
        tool=work.proof[0].source if work.proof else "",
        device=_device(desk, work.device),
        started_at=instant(inside[0][0]),
        ended_at=instant(inside[-1][1]),
        seconds=length(inside),
        running=work.state == "running",
        automatic="automatic" in work.flags,
    )


def _run(desk: Desk, run: Interval) -> Captured:
    device = desk.device_of(run)
    client = desk.client_of_device(device, run.start)
    end = run.end if run.end is not None else run.last_seen
    return Captured(
        **subject(desk, None, client.id if client else None).model_dump(),
        id=run.id,
        kind=run.kind,
        tool=run.source,
        device=_device(desk, device.id) if device else (run.device.name or run.device.native_id) if run.device else "",
        started_at=instant(run.start),
        ended_at=instant(end),
        seconds=max(0, end - run.start),
        running=run.end is None,
    )


def _device(desk: Desk, device: str | None) -> str:
    known = desk.book.get(Device, device)
    return (known.name if known else "") or label(device or "")


def _recent(desk: Desk, shown: list[Shown]) -> list[Subject]:
    """What the technician last worked on, each once, the latest first."""
    found: dict[tuple[str | None, str | None], Subject] = {}
    for one in sorted(shown, key=lambda each: (each.timer.interval.last_seen, each.timer.activity), reverse=True):
        interval = one.timer.interval
        ticket = interval.ticket.native_id if interval.ticket else None
        about = subject(desk, ticket, interval.client.native_id if interval.client else None)
        if (about.ticket or about.client) and len(found) < RECENT:
            found.setdefault((about.ticket, None if about.ticket else about.client), about)
    return list(found.values())


def _today(one: Shown, day: LocalDay, now: int) -> bool:
    interval = one.timer.interval
    end = max(interval.start, one.ended or 0, now if one.open_from is not None and one.state == "running" else 0)
    return interval.start < day.end and (end > day.start or interval.start >= day.start)


def _matters(one: Shown, now: int) -> bool:
    if one.state == "forgotten":
        return now - one.timer.interval.start < FORGOTTEN_SECONDS
    return one.state == "running" or (one.state == "paused" and now - one.timer.interval.last_seen < 16 * 3600)


def _number(ticket: Ticket) -> str:
    """The number people call a ticket by: a tool's own id is none of their business."""
    anywhere = ticket.aliases.get("*", [])
    return anywhere[0] if ticket.id.startswith("~") and anywhere else label(ticket.id)


def chosen(desk: Desk, item: Ticket | Client) -> Subject:
    """A search result."""
    return subject(desk, item.id, None) if isinstance(item, Ticket) else subject(desk, None, item.id)
