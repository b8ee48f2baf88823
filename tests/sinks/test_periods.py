"""The view of statements: the hash that the store tells is the kernel's, and what is closed reads as closed."""

from __future__ import annotations

import pytest

from sinks.clickhouse import ClickHouseSink, query
from sinks.migrate import migrate
from sinks.rows import entry_row
from sinks.rows_closing import closing_row, decision_row
from sinks.tables import CLOSINGS, DECISIONS, ENTRIES
from streams.models.closing import Closed, Refused, encode_outcome, hash_of
from streams.models.decision import Decision, encode_decision
from streams.models.entry import Entry
from streams.models.fact import Fact, FactKind
from streams.settings import Settings
from tests.sinks.builders import entry, void

pytestmark = pytest.mark.integration


def outcome(kind: FactKind, id_: str, body: Closed | Refused) -> Fact:
    return Fact(kind=kind, tenant="main", id=id_, body=encode_outcome(body))


def test_the_store_tells_the_hash_that_a_close_must_name(settings: Settings) -> None:
    migrate(settings)
    sink = ClickHouseSink(settings)
    march = [entry("w1", period="2026-03"), entry("w2", period="2026-03", technician="bob")]
    april = [entry("w3", period="2026-04", currency="JPY", exponent=0, amount=75, segments=())]
    old: list[Entry] = [entry("w1", period="2026-03", version=1, technician="eve"), void("w8")]
    sink.write(ENTRIES, [entry_row(one) for one in (*old, *march, *april)])
    client = march[0].identity.client
    closed = Closed(client=client, period="2026-03", number=1, hash=hash_of(march), until=0, release=2)
    refused = Refused(client=client, period="2026-04", reason="different", saw="0", hash=hash_of(april), number=1)
    facts = [outcome("closed", "d1", closed), outcome("refused", "d2", refused)]
    sink.write(CLOSINGS, [closing_row(one) for one in (*facts, *facts)])
    body = encode_decision(Decision(kind="close", client=client, period="2026-03", by="kim", at=1_775_000_000))
    sink.write(DECISIONS, [decision_row(Fact(kind="decision", tenant="main", id="d1", body=body))])
    found = query(sink.client(), "SELECT * FROM periods WHERE client = {client:String} ORDER BY period",
                  {"client": client})  # fmt: skip
    assert [(row["period"], row["state"], row["hash"], row["closes"]) for row in found] == [
        ("2026-03", "closed", hash_of(march), 1),
        ("2026-04", "open", hash_of(april), 1),
    ]
    assert [row["amounts"] for row in found] == [{"EUR": 15000}, {"JPY": 75}]
    (one,) = query(sink.client(), "SELECT * FROM decisions_live", {})
    assert (one["kind"], one["who"], one["period"]) == ("close", "kim", "2026-03")
    sink.close()
