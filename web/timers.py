"""/v1/timers: start, stop, pause, resume, switch, note and correct; what runs now, and the day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from streams.models.catalog import Technician
from streams.models.event import Event
from streams.models.instant import EPOCH, from_ms
from streams.settings import TENANT
from web import timer_clicks as clicks
from web import timer_views as views
from web.auth import User, require
from web.problems import Problem, Refused
from web.timer_actions import Moment, Owner
from web.timer_desk import Desk
from web.timer_models import Choice, Click, Correct, Current, Day, Done, Found, Start, Write
from web.timer_service import TimerService

ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "content": {"application/problem+json": {}}}
    for status in (400, 401, 403, 404, 409, 421, 422, 503)
}
router = APIRouter(prefix="/v1/timers", tags=["timers"], responses=ERRORS)

Asker = Annotated[User, Depends(require("technician", "analyst", "finance", scope="timers"))]
WhoseName = Annotated[str | None, Query(max_length=120, description="Only an admin may name somebody else.")]
TenantName = Annotated[str | None, Query(pattern=TENANT, description="Only in single-user mode.")]
ZoneName = Annotated[str | None, Query(max_length=60, description="IANA zone of the day; else the organisation's.")]
DayName = Annotated[str | None, Query(pattern=r"^\d{4}-\d{2}-\d{2}$", description="A local date; else today.")]
Words = Annotated[str, Query(max_length=200, description="Words of number, title or client; without any, your own.")]
Events = Callable[[Desk, Moment], list[Event]]


def service_of(request: Request) -> TimerService:
    found: TimerService = request.app.state.timers
    return found


Service = Annotated[TimerService, Depends(service_of)]


def tenant_of(user: User, tenant: str | None) -> str:
    return tenant if tenant and user.single else user.tenant


async def owner_of(user: Asker, service: Service, technician: WhoseName = None, tenant: TenantName = None) -> Owner:
    """Whose timers: one's own; an admin names the technician. Somebody else's do not exist."""
    place = tenant_of(user, tenant)
    if user.technician and technician in (None, "", user.technician):
        return Owner(place, user.technician)
    if not technician:
        raise Refused(
            403, "Whose timers?", f"{user.name} is no technician of the catalogue.",
            "Sign in as a technician, or name one with ?technician= as an admin.",
        )  # fmt: skip
    known = user.may("admin") and (await service.desk(place)).book.get(Technician, technician) is not None
    if not known:
        raise Refused(404, "No such technician", f"There is no technician {technician} for {user.name}.")
    return Owner(place, technician)


Whose = Annotated[Owner, Depends(owner_of)]


@router.post("/start")
async def start(click: Start, owner: Whose, service: Service) -> Done:
    """A new timer. In single mode whatever else runs is paused at that instant."""
    return await _act(click, owner, service, lambda desk, when: clicks.started(desk, owner, click, when), click.note)


@router.post("/switch")
async def switch(click: Start, owner: Whose, service: Service) -> Done:
    """Go on with this timer, or start it if it is new; whatever else runs is paused, in parallel mode too."""
    return await _act(click, owner, service, lambda desk, when: clicks.switched(desk, owner, click, when), click.note)


@router.post("/stop")
async def stop(click: Click, owner: Whose, service: Service) -> Done:
    """The timer ends. Resume takes it back."""
    return await _act(click, owner, service, lambda desk, when: clicks.signalled(desk, owner, click, when, "stop"))


@router.post("/pause")
async def pause(click: Click, owner: Whose, service: Service) -> Done:
    """The timer waits until it is resumed."""
    return await _act(click, owner, service, lambda desk, when: clicks.signalled(desk, owner, click, when, "pause"))


@router.post("/resume")
async def resume(click: Click, owner: Whose, service: Service) -> Done:
    """Go on with a paused or stopped timer. In single mode whatever else runs is paused."""
    return await _act(click, owner, service, lambda desk, when: clicks.signalled(desk, owner, click, when, "resume"))


@router.post("/note")
async def note(click: Write, owner: Whose, service: Service) -> Done:
    """What is written beside a timer; the last text holds. Notes travel apart from the ledger and are kept 30 days."""

    def nothing(desk: Desk, when: Moment) -> list[Event]:
        clicks.must_know(desk, owner, click.timer)
        return []

    return await _act(click, owner, service, nothing, click.text)


@router.post("/correct")
async def correct(click: Correct, owner: Whose, service: Service) -> Done:
    """Another start, end, ticket or client, with the reason. What was recorded first stays as evidence."""

    def events(desk: Desk, when: Moment) -> list[Event]:
        return clicks.corrected(desk, owner, click, when, service.clock())

    return await _act(click, owner, service, events, click.text)


@router.get("/now")
async def now(owner: Whose, service: Service) -> Current:
    """What runs, waits to be resumed, or was forgotten; right as soon as a click was answered, by whichever process."""
    desk = await service.desk(owner.tenant)
    at = service.clock()
    return Current(now=from_ms(at) or EPOCH, current=views.current(desk, owner.technician, at // 1000))


@router.get("/day")
async def day(owner: Whose, service: Service, zone: ZoneName = None, date: DayName = None) -> Day:
    """The timers of a local day, and what the pipeline captured beside them."""
    desk = await service.desk(owner.tenant)
    return views.day_named(desk, owner.technician, zone, date, service.clock())


@router.get("/tickets")
async def tickets(owner: Whose, service: Service, q: Words = "") -> Found:
    """Open tickets and clients to start a timer on."""
    desk = await service.desk(owner.tenant)
    at = service.clock() // 1000
    found = desk.find(q, at) if q.strip() else desk.mine(owner.technician, at)
    return Found(results=[views.chosen(desk, one) for one in found])


@router.get("/technicians")
async def technicians(user: Asker, service: Service, tenant: TenantName = None) -> list[Choice]:
    """Whose timers may be kept: one's own; an admin's choice is everybody's."""
    desk = await service.desk(tenant_of(user, tenant))
    return [
        Choice(technician=one.id, name=one.name or one.id)
        for one in desk.technicians()
        if user.may("admin") or one.id == user.technician
    ]


async def _act(click: Click, owner: Owner, service: TimerService, make: Events, text: str | None = None) -> Done:
    """Send what is not known yet; the last event is the click's own. Answered when it is read again."""
    when = clicks.when_of(click, service.clock())
    async with service.acting(owner) as desk:
        events = make(desk, when)
        fresh = clicks.unknown(desk, owner, events)
        notes = clicks.notes_of(owner, click, when, text)
        if fresh or notes:
            await service.record(fresh, notes)
        return _done(desk, owner, click, when, service.clock(), events, repeated=not fresh and not notes)


def _done(
    desk: Desk, owner: Owner, click: Click, when: Moment, now: int, events: Sequence[Event], *, repeated: bool
) -> Done:
    timer = desk.timer(owner.technician, owner.activity(click.timer))
    own = events[-1] if events else None
    at = clicks.recorded_at(timer, own) if own else when.ms
    return Done(
        timer=click.timer,
        event=own.id if own else "",
        at=from_ms(when.ms if at is None else at) or EPOCH,
        repeated=repeated,
        current=views.current(desk, owner.technician, now // 1000),
    )
