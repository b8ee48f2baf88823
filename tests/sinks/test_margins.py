"""Charges and costs in the store: they come back whole, and the margins are sums that are known exactly."""

from typing import Any

import pytest

from sinks.clickhouse import ClickHouseSink, query
from sinks.rows import entry_of, entry_row
from sinks.tables import ENTRIES
from streams.models.entry import Entry, Identity
from tests.sinks.builders import MARCH, entry

pytestmark = pytest.mark.integration
HOUR = 3600


def covered(work: str, hours: int, **fields: Any) -> Entry:
    """Hours of a flat fee at a cost of 55.00."""
    plain: dict[str, Any] = {"worked_seconds": hours * HOUR, "quantity_seconds": hours * HOUR, "rounding_seconds": 0}
    plain |= {"disposition": "covered", "amount": 0, "segments": (), "contract": "managed"}
    return entry(work, **(plain | {"cost": hours * 5500, "cost_currency": "EUR"} | fields))


def fee(amount: int = 300_000, **fields: Any) -> Entry:
    return Entry(
        tenant="main", identity=Identity("acme", "2026-03", "charge:managed:fee/f:2026-03-01"), version=1, charge="fee",
        contract="managed", local_date="2026-03-01", start=MARCH, end=MARCH, disposition="billed", currency="EUR",
        amount=amount, **fields,
    )  # fmt: skip


def test_what_was_written_comes_back(ledger: ClickHouseSink) -> None:
    rows = [fee(), covered("w1", 2, project="move/extra", cost_currency="USD", cost_reason="currency: USD, not EUR")]
    ledger.write(ENTRIES, [entry_row(one) for one in rows])
    found = query(ledger.client(), "SELECT * FROM entries_live ORDER BY work", {})
    assert [entry_of(one) for one in found] == rows


def test_a_flat_fee_of_3000_and_25_hours_at_55(ledger: ClickHouseSink) -> None:
    """FP6: 120.00 an hour, 1375.00 of labour, 1625.00 left. An hour shared with another client counts once."""
    rows = [fee(), covered("w1", 20), covered("w2", 6, overlap_seconds=HOUR, cost=5 * 5500)]
    ledger.write(ENTRIES, [entry_row(one) for one in rows])
    sums = "revenue, total_worked_seconds, labour_cost, margin, effective_hourly_rate"
    found = ledger.client().query(f"SELECT contract, {sums} FROM margins").result_rows
    assert [tuple(row) for row in found] == [("managed", 300_000, 25 * HOUR, 137_500, 162_500, 12_000)]


def test_a_cost_that_is_not_known_or_in_another_currency_gives_no_margin(ledger: ClickHouseSink) -> None:
    rows = [fee(), covered("w1", 2), covered("w2", 3, cost=None), covered("w3", 4, cost_currency="USD")]
    ledger.write(ENTRIES, [entry_row(one) for one in rows])
    found = ledger.client().query("SELECT labour_cost, uncosted_seconds, margin FROM margins").result_rows
    assert [tuple(row) for row in found] == [(11_000, 7 * HOUR, None)]


def test_charges_are_no_leak_and_keep_the_seconds(ledger: ClickHouseSink) -> None:
    ledger.write(ENTRIES, [entry_row(fee()), entry_row(covered("w1", 1))])
    client = ledger.client()
    assert client.query("SELECT * FROM leakage").result_rows == []
    assert client.query("SELECT difference, amount_difference FROM conservation").result_rows == [(0, 0)]
    lines = client.query("SELECT charge, line_amount FROM lines ORDER BY charge").result_rows
    assert [tuple(row) for row in lines] == [("", 0), ("fee", 300_000)]
