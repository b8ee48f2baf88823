"""A Tactical RMM to talk to: script history, agents and audit log, as its API answers."""

from __future__ import annotations

import json
import random
import ssl
import threading
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.connectors.golden import EXAMPLES, instant

KEY = "TACTICALKEY0123456789"
DAY = 86_400_000
NOW = instant("2026-03-02T18:00:00Z")


def example(name: str) -> Any:
    return json.loads((EXAMPLES / "tacticalrmm" / name).read_bytes())


@dataclass
class Failure:
    """One answer that is not what was asked for. ``path``: only for those."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    path: str = ""


@dataclass
class TacticalServer:
    """Runs in threads of its own; ``fail`` is answered first, in order."""

    context: ssl.SSLContext | None = None
    runs: list[dict[str, Any]] = field(default_factory=lambda: list(example("scripthistory.json")))
    agents: list[dict[str, Any]] = field(default_factory=lambda: list(example("agents.json")))
    audit: list[dict[str, Any]] = field(default_factory=lambda: list(example("audit_logs.json")["audit_logs"]))
    now: int = NOW  # ms: what its clock says
    key: str = KEY
    shuffled: bool = False
    hang: threading.Event | None = None  # answers wait for it
    fail: list[Failure] = field(default_factory=list)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler(self))
        self._server.daemon_threads = True
        if self.context is not None:
            self._server.socket = self.context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.hang is not None:
            self.hang.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"{'https' if self.context else 'http'}://127.0.0.1:{self._server.server_address[1]}"

    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]

    def history(self, query: dict[str, str]) -> list[dict[str, Any]]:
        """As the server does it: a range only with both ends, a day added to the last, newest first."""
        begin, end = instant(query["start"]), instant(query["end"]) + DAY
        found = [row for row in self.runs if begin <= instant(row["time"]) <= end]
        found.sort(key=lambda row: str(row["time"]), reverse=True)
        if self.shuffled:
            random.Random(len(self.asked)).shuffle(found)
        return found

    def page(self, body: dict[str, Any]) -> dict[str, Any]:
        paging = body["pagination"]
        since = self.now - body["timeFilter"] * DAY
        rows = [row for row in self.audit if since < instant(row["entry_time"]) <= self.now]
        rows.sort(key=lambda row: str(row[paging["sortBy"]]), reverse=paging["descending"])
        size, first = paging["rowsPerPage"], (paging["page"] - 1) * paging["rowsPerPage"]
        return {"audit_logs": rows[first : first + size], "total": len(rows)}


def handler(server: TacticalServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def date_time_string(self, timestamp: float | None = None) -> str:
            return formatdate(server.now / 1000, usegmt=True)

        def log_message(self, format: str, *args: object) -> None: ...

        def do_GET(self) -> None:
            self._serve(b"")

        def do_PATCH(self) -> None:
            self._serve(self.rfile.read(int(self.headers["content-length"])))

        def _serve(self, body: bytes) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            server.asked.append((parts.path, query))
            if server.hang is not None:
                server.hang.wait(20)
            if server.fail and server.fail[0].path in ("", parts.path):
                failure = server.fail.pop(0)
                self._send(failure.status, failure.body, failure.headers)
            elif self.headers.get("x-api-key") != server.key:
                self._send(401, b'{"detail":"Invalid token."}', {})
            else:
                answers: dict[str, Any] = {
                    "/core/version/": lambda: "1.0.0",
                    "/agents/": lambda: server.agents,
                    "/agents/scripthistory/": lambda: server.history(query),
                    "/logs/audit/": lambda: server.page(json.loads(body)),
                }
                found = answers.get(parts.path)
                self._send(404 if found is None else 200, b"{}" if found is None else json.dumps(found()).encode(), {})

        def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in ({"content-type": "application/json"} | headers).items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            try:
                self.wfile.write(body)
            except BrokenPipeError:
                return

    return Handler
