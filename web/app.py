"""The web application: pages, their CSV and JSON, and what is answered when something is wrong."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.routing import Match

from jobs.access import Access
from jobs.console import UserError
from streams.settings import Settings
from web import (
    api,
    events,
    openapi,
    overview_page,
    pages,
    parked_page,
    periods_page,
    signin,
    timer_page,
    timers,
    unlinked_page,
    usage,
    webhooks,
)
from web.asking import NotThere
from web.guard import HEADERS, Guard
from web.outbox import Outbox
from web.problems import Refused, SignInNeeded, for_programs, problem
from web.timer_service import Clock, TimerService, wall_clock

HERE = Path(__file__).parent
log = logging.getLogger(__name__)
FOUND_NOT = {
    400: ("The body cannot be read", "It is no JSON in UTF-8."),
    404: ("No such page", "Nothing is at this address."),
    405: ("Not in this way", "This address exists, but not for this method."),
}


def create_app(settings: Settings, clock: Clock = wall_clock) -> FastAPI:
    """The application for one ledger. It connects when it is asked, so it starts without one. ``clock``: of timers."""
    app = FastAPI(
        title="everyminute",
        description="Revenue leakage: what was worked and not billed, why, and what it costs.",
        version="1",
        docs_url=None,  # their pages load scripts from elsewhere
        redoc_url=None,
        lifespan=_life,
    )
    app.state.settings = settings
    app.state.access = Access(settings)
    app.state.outbox = Outbox(settings)
    app.state.timers = TimerService(settings, app.state.outbox, clock)
    app.openapi = lambda: openapi.described(app)  # type: ignore[method-assign]  # as FastAPI's pages say
    app.add_middleware(Guard, names=settings.public_names)
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    app.include_router(pages.router)
    app.include_router(overview_page.router)
    app.include_router(periods_page.router)
    app.include_router(parked_page.router)
    app.include_router(unlinked_page.router)
    app.include_router(api.router)
    app.include_router(signin.router)
    app.include_router(events.router)
    app.include_router(webhooks.router)
    app.include_router(timers.router)
    app.include_router(usage.router)
    app.include_router(timer_page.router)
    app.add_exception_handler(NotThere, _not_there)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(UserError, _cannot)
    app.add_exception_handler(RequestValidationError, _misread)
    app.add_exception_handler(HTTPException, _no_page)
    app.add_exception_handler(Exception, _ours)
    return app


@asynccontextmanager
async def _life(app: FastAPI) -> AsyncIterator[None]:
    yield
    await app.state.timers.stop()
    await app.state.outbox.stop()


def _answer(request: Request, status: int, title: str, message: str, ways: list[tuple[str, str]]) -> Response:
    if for_programs(request):
        answer: Response = problem(status, title, message)
    else:
        answer = pages.message(request, status, title, message, ways)
    answer.headers.update(HEADERS)  # an unexpected error is answered outside the guard
    return answer


def _not_there(request: Request, error: Exception) -> Response:
    assert isinstance(error, NotThere)
    return _answer(request, 404, error.title, error.message, error.ways)


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    if for_programs(request):
        return problem(error.status, error.title, error.detail, error.remedy, error.headers)
    if isinstance(error, SignInNeeded) and request.method == "GET":
        asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/sign-in?{urlencode({'next': asked})}", 303)
    answer = _answer(request, error.status, error.title, f"{error.detail} {error.remedy}".strip(), error.ways)
    answer.headers.update(error.headers)
    return answer


def _cannot(request: Request, error: Exception) -> Response:
    return _answer(request, 503, "The ledger does not answer", str(error), [("Try again", "/leakage")])


def _misread(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = "; ".join(f"{fault['loc'][-1]}: {fault['msg']}" for fault in error.errors())
    return _answer(request, 422, "This address cannot be read", f"{faults}.", [("Leakage", "/leakage")])


def _no_page(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    title, text = FOUND_NOT.get(status, FOUND_NOT[404])
    answer = _answer(request, status, title, text, [("Leakage", "/leakage")])
    answer.headers.update((isinstance(error, HTTPException) and error.headers) or {})
    if status == 405:
        answer.headers["Allow"] = ", ".join(_methods(request))
    return answer


def _methods(request: Request) -> list[str]:
    """Of every route at this address; a route that fits in part names its own only."""
    fits = [route for route in request.app.routes if route.matches(request.scope)[0] is not Match.NONE]
    return sorted({method for route in fits for method in getattr(route, "methods", None) or ()})


def _ours(request: Request, error: Exception) -> Response:
    log.error("%s failed", request.url.path, exc_info=error)
    return _answer(
        request, 500, "This is a defect of ours",
        "The page could not be made; the ledger is untouched. The log of the web process says more.",
        [("Leakage", "/leakage")],
    )  # fmt: skip
