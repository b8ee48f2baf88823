"""`POST /v1/webhooks/…` on a real server and a real broker: signed, forged, unsigned, broken, repeated."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import http.server
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from jobs import webhooks
from jobs.access import Access
from streams.models.cloudevent import decode_cloudevent
from streams.models.event import Event
from streams.models.parked import decode_parked
from streams.settings import Settings
from streams.topics import CATALOG, EVENTS
from tests.connectors.test_webhooks import body
from tests.kafka_fixture import kafka
from tests.web.conftest import served
from tests.web.door import PARKED, RAW, DoorRig, door

__all__ = ["kafka"]
pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def rig(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DoorRig]:
    with door(kafka, f"w{uuid.uuid4().hex[:10]}.", tmp_path_factory.mktemp("webhooks")) as found:
        del found.client.headers["authorization"]
        yield found


def add(rig: DoorRig, connector: str, scheme: str = "", secret: str | None = None, tenant: str = "main") -> str:
    """A webhook of its own; gives its path."""
    name = f"i{uuid.uuid4().hex[:8]}"
    scheme = scheme or {"standardwebhooks": "standard", "syncro": "none", "connectwise_psa": "connectwise"}.get(
        connector, connector
    )
    drawn = webhooks.add(rig.access, connector, name, tenant, scheme, secret)
    return f"/v1/webhooks/{connector}/{name}" + (f"/{drawn}" if scheme == "none" else "")


def signed(data: bytes, secret: str) -> dict[str, str]:
    return {"x-webhook-signature-256": f"sha256={hmac.digest(secret.encode(), data, 'sha256').hex()}"}


def events(rig: DoorRig, source: str) -> list[Event]:
    found = [decode_cloudevent("main", one.value) for one in rig.records(*EVENTS)]
    return [one for one in found if isinstance(one, Event) and one.source == source]


def test_a_signed_delivery_is_an_event_and_its_bytes_are_kept(rig: DoorRig) -> None:
    path, data = add(rig, "toggl", secret="toggl-secret"), body("toggl/stopped.json")
    answer = rig.client.post(path, content=data, headers=signed(data, "toggl-secret"))
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"events": 1, "directory": 0, "skipped": 0, "parked": 0}
    source = path.removeprefix("/v1/webhooks/").replace("/", ":")
    [event] = events(rig, source)
    assert event.authenticated
    assert event.entity.encode() in [one.key for one in rig.records(RAW) if one.value == data]
    rig.client.post(path, content=data, headers=signed(data, "toggl-secret"))
    assert len({one.fact_key() for one in events(rig, source)}) == 1, "called again, it is the same fact"


def test_a_forged_delivery_leaves_nothing(rig: DoorRig) -> None:
    path, data = add(rig, "toggl", secret="toggl-secret"), body("toggl/stopped.json")
    for headers in ({}, signed(data, "another-secret"), signed(data + b" ", "toggl-secret")):
        answer = rig.client.post(path, content=data, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
        assert "toggl-secret" not in answer.text
    source = path.removeprefix("/v1/webhooks/").replace("/", ":")
    assert not events(rig, source)


def test_a_ping_of_toggl_gets_its_code_only_when_it_is_signed(rig: DoorRig) -> None:
    path, data = add(rig, "toggl", secret="toggl-secret"), body("toggl/ping.json")
    assert rig.client.post(path, content=data, headers=signed(data, "toggl-secret")).json()["validation_code"]
    assert "validation_code" not in rig.client.post(path, content=data).text


def test_two_secrets_hold_while_one_is_exchanged(rig: DoorRig) -> None:
    path, data = add(rig, "toggl", secret="first-secret"), body("toggl/stopped.json")
    connector, instance = path.split("/")[3:5]

    def status(secret: str) -> int:
        return rig.client.post(path, content=data, headers=signed(data, secret)).status_code

    webhooks.rotate(rig.access, connector, instance, "second-secret")
    assert (status("first-secret"), status("second-secret")) == (200, 200)
    webhooks.rotate(rig.access, connector, instance, "third-secret")
    assert (status("first-secret"), status("second-secret"), status("third-secret")) == (401, 200, 200)
    assert webhooks.retire(rig.access, connector, instance) == 1
    assert (status("second-secret"), status("third-secret")) == (401, 200)
    webhooks.remove(rig.access, connector, instance)
    assert status("third-secret") == 404


def test_our_own_events_in_standard_webhooks(rig: DoorRig) -> None:
    secret = "whsec_" + base64.b64encode(b"k" * 32).decode()
    path, data = add(rig, "standardwebhooks", secret=secret), body("standardwebhooks/several.json")
    now = str(int(time.time()))
    made = base64.b64encode(hmac.digest(b"k" * 32, f"m1.{now}.".encode() + data, "sha256")).decode()
    headers = {"webhook-id": "m1", "webhook-timestamp": now, "webhook-signature": f"v1,{made}"}
    answer = rig.client.post(path, content=data, headers=headers)
    assert answer.json() == {"events": 1, "directory": 1, "skipped": 0, "parked": 1}
    assert any(b"~ourdesk:main:48213" in one.value for one in rig.records(CATALOG))
    late = headers | {"webhook-timestamp": str(int(time.time()) - 301)}
    assert rig.client.post(path, content=data, headers=late).status_code == 401


def test_what_nothing_signs_is_kept_and_marked(rig: DoorRig) -> None:
    path = add(rig, "syncro")
    assert rig.client.post(path, content=body("syncro/timer.json")).json()["events"] == 1
    assert rig.client.post(path, content=body("syncro/ticket.json")).json()["directory"] == 0
    source = ":".join(path.split("/")[3:5])
    [event] = events(rig, source)
    assert not event.authenticated
    assert rig.client.post(path[:-1] + "~", content=b"{}").status_code == 404
    assert rig.client.post(path.rsplit("/", 1)[0], content=b"{}").status_code == 404, "without its secret part"


def test_what_cannot_be_mapped_is_parked_with_its_bytes(rig: DoorRig) -> None:
    path, data = add(rig, "toggl", secret="toggl-secret"), b'{"metadata": {"model": "time_entry"}, "payload": {}}'
    for _ in range(2):
        assert rig.client.post(path, content=data, headers=signed(data, "toggl-secret")).json()["parked"] == 1
    found = [decode_parked(one.value) for one in rig.records(PARKED)]
    items = {one.id: one for one in found if one.place.startswith(path)}
    [item] = items.values()
    assert (item.tenant, item.reason, item.value) == ("main", "missing_key", data)
    assert item.saw
    assert item.expected
    assert item.remedy


def test_the_tenant_is_the_webhooks(rig: DoorRig) -> None:
    path, data = add(rig, "toggl", secret="toggl-secret", tenant="second"), body("toggl/stopped.json")
    assert rig.client.post(path, content=data, headers=signed(data, "toggl-secret")).status_code == 200
    source = ":".join(path.split("/")[3:5])
    keys = [one.key for one in rig.records(*EVENTS) if source.encode() in one.value]
    assert keys
    assert all(key.startswith(b"second/") for key in keys)


def test_limits_hold_before_the_signature_is_checked(rig: DoorRig) -> None:
    path = add(rig, "toggl", secret="toggl-secret")
    assert rig.client.post(path, content=b" " * (256 * 1024 + 1)).status_code == 413
    assert rig.client.post(path, content=b"{}", headers={"content-encoding": "gzip"}).status_code == 415
    assert rig.client.post("/v1/webhooks/toggl/nobody", content=b"{}").status_code == 404
    assert rig.client.post("/v1/webhooks/nothing/main", content=b"{}").status_code == 404


@contextlib.contextmanager
def key_server(keys: dict[str, str]) -> Iterator[tuple[str, list[str]]]:
    """A real server of signing keys; its address, and what was asked of it."""
    asked: list[str] = []

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            key = keys.get(self.path)
            self.send_response(200 if key else 302)
            if not key:
                self.send_header("Location", "/right")
            self.end_headers()
            if key:
                self.wfile.write(b'{"signing_key": "%s"}' % key.encode())

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()


def test_a_key_is_fetched_only_where_the_operator_said(rig: DoorRig) -> None:
    keys = {"/right": "key-one", "/other-customer": "key-two"}
    with key_server(keys) as (address, asked):

        def delivery(place: str) -> bytes:
            text = body("connectwise_psa/time_added.json").decode()
            return text.replace("https://na.myconnectwise.net/keys/EXAMPLE", address + place).encode()

        def status(place: str, key: str) -> int:
            data = delivery(place)
            made = base64.b64encode(hmac.digest(hashlib.sha256(key.encode()).digest(), data, "sha256")).decode()
            return rig.client.post(path, content=data, headers={"x-content-signature": made}).status_code

        name = f"i{uuid.uuid4().hex[:8]}"
        path = f"/v1/webhooks/connectwise_psa/{name}"
        webhooks.add(rig.access, "connectwise_psa", name, "main", "connectwise", None, key_urls=(f"{address}/right",))
        assert status("/right", "key-one") == 200
        assert status("/right", "key-two") == 401
        assert status("/other-customer", "key-two") == 401, "a valid key, of somebody else at the same host"
        assert status("/right?x=1", "key-one") == 401
        assert status("/right", "key-one") == 200
        assert asked == ["/right"], "once, and nowhere else"
        webhooks.remove(rig.access, "connectwise_psa", name)
        webhooks.add(rig.access, "connectwise_psa", name, "main", "connectwise", None, key_urls=(f"{address}/moved",))
        assert status("/moved", "key-one") == 503, "a redirect is not followed, and the tool sends again"


def test_without_a_broker_the_tool_is_told_to_come_back(rig: DoorRig, tmp_path: Path) -> None:
    settings: Settings = rig.settings.model_copy(update={"kafka": "127.0.0.1:1", "home": tmp_path})
    webhooks.add(Access(settings), "toggl", "main", "main", "toggl", "toggl-secret")
    data = body("toggl/stopped.json")
    with served(settings) as address:
        answer = httpx.post(
            f"{address}/v1/webhooks/toggl/main", content=data, headers=signed(data, "toggl-secret"), trust_env=False,
            timeout=30,
        )  # fmt: skip
        assert answer.status_code == 503
        assert answer.headers["retry-after"]
