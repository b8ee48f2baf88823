"""A small month: every kind of outcome, two currencies, names that attack, work and evidence that tie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from sinks.clickhouse import ClickHouseSink
from sinks.rows import entry_row, interval_row, parked_row, work_row
from sinks.tables import ENTRIES, INTERVALS, PARKED, WORK
from streams.models.entry import Entry
from streams.models.work import Proof
from streams.settings import Settings
from tests.sinks import builders

ATTACK = "<script>alert(1)</script>"
FORMULA = "=cmd()"


def seeded(work: str, **fields: Any) -> Entry:
    """Billed 30 min of 25 worked, unless told otherwise; the proof is an interval of its own."""
    proof = (Proof(f"i-{work}", "meshcentral:mesh1", "remote_session", 1500),)
    return builders.entry(work, **({"proof": proof, "zone": "America/New_York"} | fields))


def leaking(work: str, disposition: str, reason: str, **fields: Any) -> Entry:
    plain: dict[str, Any] = {"amount": 0, "exact": "0", "currency": "", "segments": (), "contract": ""}
    risk = {"risk_amount": 7500, "risk_currency": "EUR"}
    return seeded(work, **(plain | risk | {"disposition": disposition, "reason": reason} | fields))


def yen(work: str) -> Entry:
    line = msgspec.structs.replace(seeded(work).segments[0], amount=12345678, exact="12345678.000000", rate="24691356")
    return seeded(work, client="tokyo", currency="JPY", exponent=0, amount=12345678, segments=(line,))


MONTH: list[Entry] = [
    seeded("w1"),
    seeded("w2", recovered=True, technician="bob"),
    seeded("w3", client=ATTACK, ticket='"><img src=x onerror=alert(1)>'),
    yen("w4"),
    leaking("w5", "unlinked", "client_unknown", client="", recovered=True, flags=("estimated_end",)),
    leaking("w6", "unlinked", "technician_unknown", technician="", who=FORMULA),
    leaking("w7", "unpriced", "tier_without_price: after_hours", client="tokyo", exponent=0, risk_currency="JPY",
            risk_amount=98_765_432),
    leaking("w8", "no_rate_path", "no_contract", client=FORMULA),
    leaking("w9", "non_billable", "internal_client", risk_amount=0),
    leaking("w10", "capped", "a_new_reason", client="bluebird", risk_amount=123_456_789),
    *(leaking(f"many-{n:03d}", "unlinked", "no_technician", technician="", who="") for n in range(60)),
    seeded("feb", period="2026-02", local_date="2026-02-27"),
    seeded("other", tenant="second", client="foreign"),
]  # fmt: skip


def write(settings: Settings, entries: Sequence[Entry]) -> None:
    """Entries with the work and the intervals they rest on, and one parked item."""
    sink = ClickHouseSink(settings)
    sink.write(ENTRIES, [entry_row(one) for one in entries])
    works = [(one.tenant, one.identity.work, one.worked_seconds) for one in entries]
    sink.write(WORK, [work_row(builders.work(w, ((f"i-{w}", n),), tenant=tenant), 1) for tenant, w, n in works])
    sink.write(INTERVALS, [interval_row(builders.interval(f"i-{w}", n, tenant=tenant), 1) for tenant, w, n in works])
    sink.write(PARKED, [parked_row(builders.parked())])
    sink.close()


def entry_id(work: str) -> str:
    return next(one.id for one in MONTH if one.identity.work == work)
