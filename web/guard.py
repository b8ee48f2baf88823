"""What stands before every answer: the host is checked, and the browser is told what it may not do."""

from __future__ import annotations

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.problems import problem

# A page elsewhere can point its own name at this machine and read what we answer, unless the name is checked.
LOOPBACK_HOST = re.compile(r"^(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$", re.IGNORECASE)
ANY_HOST = ("/healthz",)  # probes ask by address, and it tells nothing
HSTS = "max-age=31536000"

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # without any, browsers say `Origin: null` of our own forms
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Guard:
    """ASGI middleware. Answers are not kept by the browser; what is static is. ``names``: public host names."""

    def __init__(self, app: ASGIApp, names: frozenset[str] = frozenset()) -> None:
        self._app, self._names = app, names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        host = Headers(scope=scope).get("host", "").lower()
        local = bool(LOOPBACK_HOST.match(host))

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers["Cache-Control"] = "max-age=300" if scope["path"].startswith("/static/") else "no-store"
                if not local:
                    headers["Strict-Transport-Security"] = HSTS
            await send(message)

        if local or host in self._names or host.partition(":")[0] in self._names or scope["path"] in ANY_HOST:
            await self._app(scope, receive, guarded)
        else:
            refusal = problem(
                421, "No such name here", "Only 127.0.0.1, localhost and the names in EVERYMINUTE_PUBLIC_HOSTS are "
                "answered.", "Open the pages under one of these names, or add this one to the setting.",
            )  # fmt: skip
            await refusal(scope, receive, guarded)
