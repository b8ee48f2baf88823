"""A MeshCentral to talk to: its control socket with the messages of the samples, as the server sends them."""

from __future__ import annotations

import json
import ssl
import threading
from base64 import b64decode, b64encode
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve

from connectors.instants import iso
from tests.connectors.golden import EXAMPLES, instant

USER, PASSWORD = "~t:billing", "token-secret"
LOGIN_KEY = bytes(range(80))
GROUPS = json.loads((EXAMPLES / "meshcentral/meshes_response.json").read_bytes())["meshes"]
NODES = json.loads((EXAMPLES / "meshcentral/nodes_response.json").read_bytes())["nodes"]
HISTORY = json.loads((EXAMPLES / "meshcentral/events_response.json").read_bytes())["events"]  # newest first
NOW = instant("2026-03-02T18:00:00Z")


@dataclass
class MeshServer:
    """Runs in threads of its own. What `happen`s is stored and pushed; the knobs say what goes wrong."""

    context: ssl.SSLContext | None = None
    events: list[dict[str, Any]] = field(default_factory=lambda: list(HISTORY[::-1]))  # oldest first
    nodes: dict[str, Any] = field(default_factory=lambda: dict(NODES))
    now: int | None = NOW  # serverTime, ms
    close_with: dict[str, str] | None = None  # instead of letting anybody in
    cut_after: int = 0  # events asked for until the connection breaks instead of an answer
    mute: bool = False  # takes connections and says nothing
    hold: bool = False  # the history is never answered
    asked: list[dict[str, Any]] = field(default_factory=list)
    connections: int = 0
    open: list[ServerConnection] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._lock = threading.RLock()
        self._server: Server = serve(self._serve, "127.0.0.1", 0, ssl=self.context)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self.drop()
        self._thread.join()

    @property
    def url(self) -> str:
        port = self._server.socket.getsockname()[1]
        return f"{'wss' if self.context else 'ws'}://127.0.0.1:{port}/control.ashx"

    def happen(self, *events: dict[str, Any], pushed: bool = True) -> None:
        """In a push every event has its domain, in the history it has none."""
        with self._lock:
            self.events += events
            for event in events if pushed else ():
                self._push({"action": "event", "event": event | {"domain": ""}})

    def say(self, text: str) -> None:
        with self._lock:
            for connection in self.open:
                with suppress(ConnectionClosed):  # it is on its way out
                    connection.send(text)

    def drop(self) -> None:
        """All connections break, as when the server dies."""
        with self._lock:
            for connection in self.open:
                connection.socket.close()
            self.open.clear()

    def _push(self, message: dict[str, Any]) -> None:
        self.say(json.dumps(message))

    def _serve(self, connection: ServerConnection) -> None:
        self.connections += 1
        try:
            self._talk(connection)
        except (ConnectionClosed, OSError):
            pass
        finally:
            with self._lock:
                if connection in self.open:
                    self.open.remove(connection)

    def _talk(self, connection: ServerConnection) -> None:
        refusal = self.close_with or (None if known(connection) else {"cause": "noauth", "msg": "noauth-4"})
        if refusal is not None:
            connection.send(json.dumps({"action": "close"} | refusal))
            return
        with self._lock:
            self.open.append(connection)
            if not self.mute:
                info: dict[str, Any] = {"domain": "", "name": "mesh.example"}
                connection.send(json.dumps({"action": "serverinfo", "serverinfo": info | self._time()}))
                connection.send(json.dumps({"action": "userinfo", "userinfo": {"_id": "user//billing"}}))
        for text in connection:
            asked = json.loads(text)
            self.asked.append(asked)
            if not self.mute:
                self._answer(connection, asked)

    def _time(self) -> dict[str, int]:
        return {} if self.now is None else {"serverTime": self.now}

    def _answer(self, connection: ServerConnection, asked: dict[str, Any]) -> None:
        with self._lock:
            match asked["action"]:
                case "ping":
                    connection.send('{action:"pong"}')
                case "meshes":
                    connection.send(json.dumps({"action": "meshes", "meshes": GROUPS, "tag": asked["tag"]}))
                case "nodes":
                    connection.send(json.dumps({"action": "nodes", "nodes": self.nodes, "tag": asked["tag"]}))
                case "events" if not self.hold:
                    if self.cut_after:
                        self.cut_after -= 1
                        self.drop()
                        return
                    newest = self.events[::-1][: asked["limit"]]
                    connection.send(json.dumps({"action": "events", "events": newest, "tag": asked["tag"]}))


def known(connection: ServerConnection) -> bool:
    """Whether the header or the cookie is right."""
    request = connection.request
    assert request is not None
    cookies = parse_qs(urlsplit(request.path).query).get("auth")
    if cookies:
        raw = b64decode(cookies[0].replace("@", "+").replace("$", "/"))
        claim = json.loads(AESGCM(LOGIN_KEY[:32]).decrypt(raw[:12], raw[28:] + raw[12:28], None))
        return bool(claim["userid"] == "user//billing" and claim["domainid"] == "" and claim["time"] > 0)
    wanted = ",".join(b64encode(part.encode()).decode() for part in (USER, PASSWORD))
    return request.headers.get("x-meshauth") == wanted


def session(number: int, at: int, seconds: int) -> list[dict[str, Any]]:
    """Start and stop of a desktop session, as the history has them; ``at`` in ms."""
    common = {
        "etype": "relay", "action": "relaylog", "userid": "user//dana.ortiz", "username": "dana.ortiz",
        "msg": "(display text)", "protocol": 2, "nodeid": next(iter(NODES.values()))[0]["_id"],
    }  # fmt: skip
    args = [f"s{number}", "198.51.100.20", "203.0.113.7"]
    return [
        common | {"msgid": 15, "msgArgs": args, "time": iso(at)},
        common | {"msgid": 11, "msgArgs": [*args, seconds], "time": iso(at + seconds * 1000)},
    ]
