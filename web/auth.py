"""Who is asking, and whether they may: `require` gives the `User` a route works for.

    @router.get("/periods")
    def periods(user: Annotated[User, Depends(require("finance"))]) -> Response: ...

The tenant is that of the user or token, never that of the request.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Request, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from jobs import tokens, users
from jobs.access import Access
from jobs.tokens import Scope
from jobs.users import Role
from streams.settings import Settings
from web.bodies import Pace
from web.guard import LOOPBACK_HOST
from web.problems import Refused, SignInNeeded
from web.sessions import SINGLE, find_session, form_token

SAFE = ("GET", "HEAD", "OPTIONS")
CSRF_HEADER, CSRF_FIELD = "X-CSRF-Token", "csrf"
COOKIE, SECURE_COOKIE = "everyminute", "__Host-everyminute"
LOOPBACK_ADDRESSES = ("127.0.0.1", "::1")

failures = Pace(rate=1.0, burst=100.0)  # tokens that are none of ours, by address
bearer = HTTPBearer(scheme_name="token", auto_error=False, description="From `everyminute token create`.")
cookie = APIKeyCookie(
    name=COOKIE, scheme_name="session", auto_error=False,
    description=f"Set by /sign-in; over TLS its name is {SECURE_COOKIE}. Whatever changes something also needs the "
    f"header {CSRF_HEADER} with the value of the page's `csrf-token`.",
)  # fmt: skip


@dataclass(frozen=True)
class User:
    """``technician`` is an id of the catalogue, empty where there is none. ``single``: nobody has signed in, because
    there is no user yet; then every tenant may be looked at. ``scopes`` None: a person, not a program."""

    name: str
    role: Role
    tenant: str
    technician: str = ""
    single: bool = False
    scopes: tuple[str, ...] | None = None
    csrf: str = ""

    def may(self, *roles: Role) -> bool:
        """Whether one of the roles is theirs. An admin may everything."""
        return self.scopes is None and (self.role == "admin" or not roles or self.role in roles)


Requirement = Callable[..., Awaitable[User]]


def require(*roles: Role, scope: Scope | None = None) -> Requirement:
    """A dependency: somebody signed in with one of the roles (any, if none is named), or a token with the scope.

    Refuses with 401, 403; what changes something and comes from a browser must carry the session's form token.
    """

    async def dependency(
        request: Request,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Security(bearer)] = None,
        _session: Annotated[str | None, Security(cookie)] = None,
    ) -> User:
        if request.headers.get("authorization") is not None:
            user = _program(request, credentials, scope)
        else:
            user = _person(request)
            if not user.may(*roles):
                raise Refused(
                    403, "Not yours to see", f"{user.name} is signed in as {user.role}; this needs "
                    f"{' or '.join(dict.fromkeys((*roles, 'admin')))}.", "Ask whoever runs everyminute here.",
                )  # fmt: skip
            if request.method not in SAFE:
                await _same_site(request, user)
        request.state.user = user
        return user

    return dependency


def require_token(scope: Scope) -> Requirement:
    """A dependency: a token with the scope; nobody who signed in, and not single-user mode either."""

    async def dependency(
        request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(bearer)] = None
    ) -> User:
        return _program(request, credentials, scope)

    return dependency


def whoever(request: Request) -> User | None:
    """The person, or nobody: for pages that anybody may open."""
    try:
        return _person(request)
    except SignInNeeded:
        return None


def _program(request: Request, credentials: HTTPAuthorizationCredentials | None, scope: Scope | None) -> User:
    access: Access = request.app.state.access
    address = request.client.host if request.client else ""
    if failures.empty(address):
        failures.check(address)
    token = credentials and tokens.checked(access, credentials.credentials, int(time.time()))
    if not token:
        failures.take(address)
        raise SignInNeeded("This token is none of ours, or it is revoked or expired.")
    if scope is None or scope not in token.scopes:
        needed = f"the scope {scope}" if scope else "a person who signs in"
        raise Refused(
            403, "The token may not do this", f"It has {' '.join(token.scopes) or 'no scope'}; this needs {needed}.",
            f"everyminute token create NAME --scope {scope}" if scope else "Open the page in a browser.",
        )  # fmt: skip
    return User(f"token {token.name}", "technician", token.tenant, token.technician, scopes=token.scopes)


def _person(request: Request) -> User:
    access, settings = request.app.state.access, request.app.state.settings
    id_ = session_id(request)
    session = find_session(access, id_, settings, int(time.time())) if id_ else None
    if session is not None:
        one = session.account
        return User(one.name, one.role, one.tenant, one.technician, csrf=session.csrf)
    if single_user(request, access, settings):
        return User("you", "admin", settings.tenant, single=True, csrf=form_token(access, SINGLE))
    raise SignInNeeded("Nobody is signed in.")


def single_user(request: Request, access: Access, settings: Settings) -> bool:
    """Until the first user exists, whoever sits at this machine may do everything. Never once a public name is set, or
    the pages listen on other addresses."""
    here = request.client is not None and request.client.host in LOOPBACK_ADDRESSES
    local = bool(LOOPBACK_HOST.match(request.headers.get("host", "")))
    alone = settings.web_host in LOOPBACK_ADDRESSES and not settings.public_names
    return here and local and alone and not users.any_user(access)


def secure(request: Request) -> bool:
    """Every name but this machine's own is served over TLS."""
    return not LOOPBACK_HOST.match(request.headers.get("host", ""))


def session_id(request: Request) -> str | None:
    return request.cookies.get(SECURE_COOKIE if secure(request) else COOKIE)


def same_origin(request: Request) -> bool:
    """Whether a page of ours sent it. A browser that does not say so is not believed."""
    host, origin = request.headers.get("host", "").lower(), request.headers.get("origin")
    if origin is None:
        return request.headers.get("sec-fetch-site") == "same-origin"
    return origin.lower() in ((f"https://{host}",) if secure(request) else (f"http://{host}", f"https://{host}"))


async def _same_site(request: Request, user: User) -> None:
    given = request.headers.get(CSRF_HEADER)
    kind = request.headers.get("content-type", "")
    if given is None and kind.startswith(("application/x-www-form-urlencoded", "multipart/form-data")):
        field = (await request.form()).get(CSRF_FIELD)
        given = field if isinstance(field, str) else None
    if not same_origin(request) or not hmac.compare_digest((given or "").encode(), user.csrf.encode()):
        raise Refused(
            403, "This did not come from our page", "What changes something must come from a page of ours.",
            "Reload the page and try again.",
        )  # fmt: skip
