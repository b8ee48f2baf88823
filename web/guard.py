"""What stands before every page: the host is checked, and every answer tells the browser what it may not do."""

from __future__ import annotations

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# A page elsewhere can point its own name at this machine and read what we answer, unless the name is checked.
LOOPBACK = re.compile(r"^(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$", re.IGNORECASE)
METHODS = ("GET",)

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Guard:
    """ASGI middleware. Ledger pages are not kept by the browser; the style sheet is."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers["Cache-Control"] = "max-age=300" if scope["path"].startswith("/static/") else "no-store"
            await send(message)

        if not LOOPBACK.match(Headers(scope=scope).get("host", "")):
            refusal = "Open these pages at http://127.0.0.1 or http://localhost: no other name is answered.\n"
            await PlainTextResponse(refusal, status_code=421)(scope, receive, guarded)
        elif scope["method"] not in METHODS:
            answer = PlainTextResponse("These pages only read.\n", status_code=405, headers={"Allow": "GET"})
            await answer(scope, receive, guarded)
        else:
            await self._app(scope, receive, guarded)
