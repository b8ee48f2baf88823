"""The page for signing in, and the ends of sessions."""

from __future__ import annotations

import time
from typing import Annotated

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from jobs import users
from web.auth import COOKIE, SECURE_COOKIE, User, require, same_origin, secure, session_id, single_user, whoever
from web.pages import start_page, templates
from web.problems import Refused
from web.sessions import attempt, close_session, forgive, open_session

router = APIRouter(include_in_schema=False)
AT_ONCE = CapacityLimiter(2)  # each check of a password takes 64 MiB
NO = "This name and password do not belong together."


def _inside(next_: str) -> str:
    """A path of ours, else nothing: the address of another site is not followed."""
    return next_ if next_.startswith("/") and not next_.startswith(("//", "/\\")) and next_.isprintable() else ""


@router.get("/sign-in")
def page(request: Request, next: str = "") -> Response:
    settings, access = request.app.state.settings, request.app.state.access
    user = whoever(request)
    if user is not None and not user.single:
        return RedirectResponse(_inside(next) or start_page(user), 303)
    return _form(request, 200, next, single=single_user(request, access, settings), nobody=not users.any_user(access))


def _form(
    request: Request, status: int, next_: str, fault: str = "", name: str = "", *, single: bool = False,
    nobody: bool = False,
) -> Response:  # fmt: skip
    context = {"next": _inside(next_), "fault": fault, "name": name, "single": single, "nobody": nobody}
    return templates.TemplateResponse(request, "sign_in.html", context, status_code=status)


@router.post("/sign-in")
async def sign_in(
    request: Request,
    name: Annotated[str, Form(max_length=200)],
    password: Annotated[str, Form(max_length=5000)],
    next: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    if not same_origin(request):
        raise Refused(403, "This did not come from our page", "Sign in on the page of this site.", "Reload the page.")
    access, name = request.app.state.access, name.strip().lower()
    address, now = request.client.host if request.client else "", int(time.time())
    if wait := attempt(access, name[:100], address, now):
        fault = f"Too many attempts. Try again in {-(-wait // 60)} minutes."
        answer = _form(request, 429, next, fault, name)
        answer.headers["Retry-After"] = str(wait)
        return answer
    found = await to_thread.run_sync(users.checked, access, name, password, limiter=AT_ONCE)
    if found is None:
        return _form(request, 401, next, NO, name)
    forgive(access, name[:100], address)
    id_ = open_session(access, found, session_id(request), now)
    account = next_account(request, found)
    user = User(account.name, account.role, account.tenant, account.technician)
    reply = RedirectResponse(_inside(next) or start_page(user), 303)
    _keep(request, reply, id_)
    return reply


def next_account(request: Request, name: str) -> users.Account:
    return next(one for one in users.accounts(request.app.state.access) if one.name == name)


def _keep(request: Request, answer: Response, id_: str) -> None:
    """Without an age: it goes with the browser, or when the session ends here."""
    name = SECURE_COOKIE if secure(request) else COOKIE
    answer.set_cookie(name, id_, path="/", secure=secure(request), httponly=True, samesite="lax")


@router.post("/sign-out")
def sign_out(request: Request, _user: Annotated[User, Depends(require())]) -> Response:
    if id_ := session_id(request):
        close_session(request.app.state.access, id_)
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(SECURE_COOKIE if secure(request) else COOKIE, path="/", secure=secure(request))
    return answer
