"""Batches of usage in the store: numbered by their place in the log; a statement is in the first that names it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from aiokafka import ConsumerRecord

from sinks.clickhouse import ClickHouseSink
from sinks.decode import Refused, Stored, decode
from streams.models.export import Export, Statement, encode_export
from streams.models.fact import Fact, FactKind, encode_fact


def record(offset: int, id_: str, *periods: str, kind: FactKind = "export", **fields: Any) -> ConsumerRecord:
    parts = tuple(Statement(client="acme", period=one, number=1, hash=f"h{one}") for one in periods)
    body = encode_export(Export(by="kim", at=1, statements=parts, **fields))
    value = encode_fact(Fact(kind=kind, tenant="main", id=id_, body=body))
    return ConsumerRecord("exports", 0, offset, 0, 0, b"main", value, None, 0, len(value), ())


def stored(found: object) -> Stored:
    assert isinstance(found, Stored)
    return found


@pytest.mark.integration
def test_a_statement_belongs_to_the_first_batch_that_names_it(ledger: ClickHouseSink) -> None:
    records = [record(7, "b", "2026-03", "2026-04"), record(3, "a", "2026-03"), record(9, "a", "2026-09"),
               record(8, "c", "2026-04")]  # fmt: skip
    for one in (*records, *records):
        ready = stored(decode("exports", one, "main"))
        ledger.write(ready.table, [ready.row])
    sql = "SELECT number, batch, period, hash FROM exported ORDER BY number, period"
    assert [tuple(row) for row in ledger.client().query(sql).result_rows] == [
        (1, "a", "2026-03", "h2026-03"), (2, "b", "2026-04", "h2026-04"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [(record(1, "a", kind="decision"), "bad_row"), (record(1, "a", schema=2), "unknown_schema")],
    ids=["another fact", "a later release"],
)
def test_what_is_no_batch_is_parked(wrong: ConsumerRecord, reason: str) -> None:
    found = decode("exports", wrong, "main")
    assert isinstance(found, Refused)
    assert found.reason == reason
    assert msgspec.json.decode(wrong.value)["tenant"] == "main"
