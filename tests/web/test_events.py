"""`POST /v1/events` on a real server and a real broker."""

from __future__ import annotations

import copy
import json
import socket
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from jobs import tokens
from streams.models.cloudevent import decode_cloudevent
from streams.models.event import Event
from streams.topics import EVENTS
from tests.kafka_fixture import kafka
from tests.web.conftest import served
from tests.web.door import DoorRig, door
from web.event_docs import DATA, EVENT
from web.events import MOST_BATCH, MOST_EVENT, MOST_EVENTS

__all__ = ["kafka"]
pytestmark = pytest.mark.integration

STRUCTURED = {"content-type": "application/cloudevents+json"}
BATCH = {"content-type": "application/cloudevents-batch+json; charset=utf-8"}


@pytest.fixture(scope="module")
def rig(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DoorRig]:
    with door(kafka, f"d{uuid.uuid4().hex[:10]}.", tmp_path_factory.mktemp("door")) as found:
        yield found


def event(number: str | int, **data: Any) -> dict[str, Any]:
    made = copy.deepcopy(EVENT)
    made["data"] |= {"source_event_id": f"e{number}", "activity_id": f"a{number}"} | data
    made["id"] = f"ourdesk:main/e{number}"
    return made


def stored(rig: DoorRig) -> list[Event]:
    found = [decode_cloudevent("main", record.value) for record in rig.records(*EVENTS)]
    assert all(isinstance(one, Event) for one in found)
    return [one for one in found if isinstance(one, Event)]


def with_id(rig: DoorRig, number: str | int) -> list[Event]:
    return [one for one in stored(rig) if one.source_event_id == f"e{number}"]


def test_an_event_is_stored_before_it_is_acknowledged(rig: DoorRig) -> None:
    answer = rig.client.post("/v1/events", json=event("one"), headers=STRUCTURED)
    assert answer.status_code == 202, answer.text
    [found] = with_id(rig, "one")
    assert answer.json() == {"status": "accepted", "id": found.id, "activity_id": "aone"}
    assert found.tenant == "main"
    assert found.authenticated


def test_all_three_forms_make_the_same_fact(rig: DoorRig) -> None:
    made = event("forms")
    attributes = {f"ce-{name}": value for name, value in made.items() if name not in ("data", "datacontenttype")}
    attributes["ce-id"] = "ourdesk%3Amain%2Feforms"
    binary = {"content-type": "application/json"} | attributes
    answers = [
        rig.client.post("/v1/events", json=made, headers=STRUCTURED),
        rig.client.post("/v1/events", json=made["data"], headers=binary),
        rig.client.post("/v1/events", json=[made, made], headers=BATCH),
    ]
    assert [answer.status_code for answer in answers] == [202, 202, 202]
    found = with_id(rig, "forms")
    assert len(found) == 4
    assert len({one.fact_key() for one in found}) == 1, "sent again, it is one fact"


def test_bad_ones_in_a_batch_do_not_stop_the_rest(rig: DoorRig) -> None:
    bad = event("bad", kind="coffee_break")
    big = event("big", native={"log": "x" * MOST_EVENT})
    batch = [event("b1"), bad, 7, big, event("b2"), event("other", tenant="second")]
    answer = rig.client.post("/v1/events", json=batch, headers=BATCH)
    assert answer.status_code == 207
    found = answer.json()
    assert (found["accepted"], found["refused"]) == (2, 4)
    assert [one["status"] for one in found["results"]] == [
        "accepted", "refused", "refused", "refused", "accepted", "refused",
    ]  # fmt: skip
    problems = [one["problem"] for one in found["results"] if one["status"] == "refused"]
    assert [one["status"] for one in problems] == [422, 422, 413, 422]
    assert "coffee_break" in problems[0]["detail"]
    assert "credential" in problems[3]["remedy"]
    assert all(one["remedy"] for one in problems)
    assert with_id(rig, "b1")
    assert with_id(rig, "b2")
    assert not with_id(rig, "other")


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{", STRUCTURED, 400),
        (b"\xff{}", STRUCTURED, 400),
        (b"[" * 100_000, STRUCTURED, 422),
        (b'{"data":' * 20_000, STRUCTURED, 422),
        (b"[" * 100_000, BATCH, 400),
        (b"{}", BATCH, 400),
        (b"{}", STRUCTURED, 422),
        (json.dumps(EVENT | {"specversion": "0.3"}).encode(), STRUCTURED, 422),
        (json.dumps(EVENT | {"surprise": 1}).encode(), STRUCTURED, 422),
        (json.dumps(EVENT | {"type": "everyminute.ticket_timer.start.v1"}).encode(), STRUCTURED, 422),
        (json.dumps(EVENT | {"data": DATA | {"started_at": "1970-01-01T00:00:00Z"}}).encode(), STRUCTURED, 422),
        (b"[]", BATCH, 202),
        (b" " * (MOST_EVENT + 1), STRUCTURED, 413),
        (b" " * (MOST_BATCH + 1), BATCH, 413),
        (b"[" + b",".join([b"1"] * (MOST_EVENTS + 1)) + b"]", BATCH, 413),
        (b"{}", {"content-type": "application/json"}, 415),
        (b"{}", {"content-type": "text/plain"}, 415),
        (b"{}", {}, 415),
        (b"{}", STRUCTURED | {"content-encoding": "gzip"}, 415),
    ],
)
def test_what_cannot_be_taken_says_why(rig: DoorRig, body: bytes, headers: dict[str, str], status: int) -> None:
    answer = rig.client.post("/v1/events", content=body, headers=headers)
    assert answer.status_code == status, answer.text
    if status >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        found = answer.json()
        assert found["status"] == status
        assert found["title"]
        assert found["remedy"]


def test_a_length_is_refused_before_the_body_is_sent(rig: DoorRig) -> None:
    """Neither 100 Continue nor a byte of the body: the answer comes on the head alone."""
    url = rig.client.base_url
    token = rig.client.headers["authorization"]
    with socket.create_connection((url.host, url.port), timeout=20) as connection:
        head = (
            f"POST /v1/events HTTP/1.1\r\nHost: {url.host}:{url.port}\r\nAuthorization: {token}\r\n"
            f"Content-Type: application/cloudevents+json\r\nContent-Length: 99999999999999999999\r\n\r\n"
        )
        connection.sendall(head.replace("99999999999999999999", str(MOST_EVENT + 1)).encode())
        assert connection.recv(12) == b"HTTP/1.1 413"


def test_a_body_that_does_not_say_its_length_is_cut_off(rig: DoorRig) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(64):
            yield b" " * 65_536

    try:
        answer = rig.client.post("/v1/events", content=endless(), headers=STRUCTURED)
    except (httpx.WriteError, httpx.RemoteProtocolError):
        return  # refused while we were still sending
    assert answer.status_code == 413


def test_only_a_token_with_the_scope_may_send(rig: DoorRig) -> None:
    reads = tokens.create(rig.access, "reads", "main", ("ledger:read",))
    for header, status in (("", 401), ("Bearer x", 401), (f"Bearer {reads}", 403)):
        answer = rig.client.post("/v1/events", json=event("none"), headers=STRUCTURED | {"authorization": header})
        assert answer.status_code == status
    assert not with_id(rig, "none")


def test_the_tenant_is_the_tokens(rig: DoorRig) -> None:
    token = tokens.create(rig.access, "second", "second", ("events:write",))
    answer = rig.client.post(
        "/v1/events", json=event("tenant"), headers=STRUCTURED | {"authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 202
    keys = [record.key for record in rig.records(*EVENTS)]
    assert b"second/atenant" in keys
    assert b"main/atenant" not in keys


def test_many_at_once_all_stand_and_share_appends(rig: DoorRig) -> None:
    def send(number: int) -> int:
        return rig.client.post("/v1/events", json=event(f"many{number}"), headers=STRUCTURED).status_code

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(send, range(200))) == {202}
    found = [one.source_event_id for one in stored(rig) if one.source_event_id.startswith("emany")]
    assert sorted(found) == sorted(f"emany{number}" for number in range(200))


def test_without_a_broker_the_sender_is_told_to_come_back(rig: DoorRig, tmp_path: Path) -> None:
    settings = rig.settings.model_copy(update={"kafka": "127.0.0.1:1", "home": tmp_path})
    from jobs.access import Access

    token = tokens.create(Access(settings), "t", "main", ("events:write",))
    with served(settings) as address:
        headers = STRUCTURED | {"authorization": f"Bearer {token}"}
        answer = httpx.post(f"{address}/v1/events", json=event("x"), headers=headers, trust_env=False, timeout=30)
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        assert "Send the same again later" in answer.json()["remedy"]
        assert httpx.get(f"{address}/healthz", trust_env=False).status_code == 200
