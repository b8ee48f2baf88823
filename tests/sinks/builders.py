"""Records for the tests of the ledger: small, valid, and different where it matters."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest

from streams.models.entry import Entry, Identity, Segment
from streams.models.interval import Interval
from streams.models.parked import Parked, parked_id
from streams.models.work import Proof, Step, Work
from tests import containers
from tests.engine_fixture import EngineProcess

MARCH = 1_772_323_200  # 2026-03-01T00:00:00Z


def entry(work: str = "w1", client: str = "acme", period: str = "2026-03", **fields: Any) -> Entry:
    """25 minutes billed as 30 at 150.00 an hour, unless told otherwise."""
    line = Segment("standard", MARCH, MARCH + 1500, 1500, 1800, "150.00", 7500, "75.000000", "card/0")
    defaults: dict[str, Any] = {
        "tenant": "main", "version": 1 << 24, "kind": "remote_session", "service": "support", "technician": "ann",
        "who": "a.smith", "ticket": "T-1", "device": "pc-7", "contract": "k1", "zone": "Europe/Berlin",
        "local_date": "2026-03-01", "start": MARCH, "end": MARCH + 1500, "worked_seconds": 1500,
        "rounding_seconds": 300, "quantity_seconds": 1800, "disposition": "billed", "currency": "EUR",
        "amount": 7500, "exact": "75.000000", "path": "ticket", "flags": ("skew",), "segments": (line,),
        "proof": (Proof("i1", "meshcentral:mesh1", "remote_session", 1500),),
        "trail": (Step("rounding", "25 min", "30 min", "up15", "increment of 15 min", ("none",)),),
    }  # fmt: skip
    return Entry(identity=Identity(client, period, work), **(defaults | fields))


def unbilled(work: str, disposition: str = "unlinked", risk: int = 7500, **fields: Any) -> Entry:
    """Work that brought nothing, and what it would have brought."""
    plain: dict[str, Any] = {"amount": 0, "exact": "0", "currency": "", "segments": (), "contract": ""}
    return entry(work, disposition=disposition, risk_amount=risk, risk_currency="EUR", **(plain | fields))


def void(work: str = "w1", client: str = "acme", period: str = "2026-03", version: int = 2 << 24) -> Entry:
    """The row under that identity no longer holds."""
    return Entry(tenant="main", identity=Identity(client, period, work), version=version, void=True)


def interval(id: str = "i1", seconds: int = 1500, **fields: Any) -> Interval:
    spans = ((MARCH, MARCH + seconds),)
    defaults: dict[str, Any] = {
        "tenant": "main", "source": "meshcentral:mesh1", "kind": "remote_session", "start": MARCH,
        "end": MARCH + seconds, "spans": spans, "last_seen": MARCH + seconds, "close": "stop",
    }  # fmt: skip
    return Interval(id=id, **(defaults | fields))


def work(id: str = "w1", proof: tuple[tuple[str, int], ...] = (("i1", 1500),), **fields: Any) -> Work:
    """Work whose seconds are those of its proof."""
    seconds = sum(n for _, n in proof)
    defaults: dict[str, Any] = {
        "tenant": "main", "kind": "remote_session", "client": "acme", "ticket": "T-1", "technician": "ann",
        "spans": ((MARCH, MARCH + seconds),) if seconds else (),
        "proof": tuple(Proof(i, "meshcentral:mesh1", "remote_session", n) for i, n in proof),
    }  # fmt: skip
    return Work(id=id, **(defaults | fields))


def parked(value: bytes = b"\xff\x00 not json", **fields: Any) -> Parked:
    key = b"main/a1"
    defaults: dict[str, Any] = {
        "tenant": "main", "reason": "not_json", "saw": "byte 0xff", "expected": "JSON", "remedy": "Send it again.",
        "topic": "events.session", "place": "events.session/0@7", "key": key, "value": value,
    }  # fmt: skip
    return Parked(id=parked_id("main", "events.session", key, value), **(defaults | fields))


def plant(engine: EngineProcess, **fault: Any) -> None:
    """Plant a fault in the engine: ``action``, ``match`` (a regular expression on the statement), ``times``."""
    _fault(engine, "POST", json.dumps(fault).encode())


def planted(engine: EngineProcess) -> list[dict[str, Any]]:
    """The planted faults, each with its ``hits``."""
    return _fault(engine, "GET", None)


def clear(engine: EngineProcess) -> None:
    _fault(engine, "DELETE", None)


def _fault(engine: EngineProcess, method: str, body: bytes | None) -> list[dict[str, Any]]:
    if containers.WANTED:
        return [] if method != "POST" else pytest.skip("a server takes no faults")
    request = urllib.request.Request(f"http://{engine.host}:{engine.port}/_fault", data=body, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        found: list[dict[str, Any]] = json.loads(answer.read())
    return found
