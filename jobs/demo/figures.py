"""The figures of the demo's summary, read from the ledger, and the linking measured against the truth."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from jobs.demo.accuracy import Accuracy, Linked, measure
from jobs.demo.truthfile import DemoTruth
from jobs.ledger import Ledger
from sinks.clickhouse import query

Row = dict[str, Any]

TOTALS = """
SELECT currency, max(e.exponent) AS digits, sum(e.worked_seconds) AS worked_sum,
       sumIf(e.quantity_seconds, e.disposition = 'billed') AS billed_sum, sum(e.amount) AS amount_sum,
       sumIf(e.worked_seconds, e.recovered AND e.disposition = 'billed') AS recovered_sum,
       sumIf(e.amount, e.recovered) AS recovered_amount_sum
FROM outcomes AS e WHERE tenant = {tenant:String} AND disposition NOT IN ('absorbed', 'void')
GROUP BY currency ORDER BY amount_sum DESC, currency
"""
MACHINE = """
SELECT count() AS runs, sum(seconds) AS seconds FROM intervals_live
WHERE tenant = {tenant:String} AND kind = 'script_run'
"""
LINKS = """
SELECT leaf.id AS interval, if(lead.id = '', leaf.ticket, lead.ticket) AS linked_ticket,
       if(lead.id != '' AND lead.path = 'none', 'none', leaf.path) AS linked_path
FROM (SELECT id, ticket, path, state, reason FROM work_live WHERE tenant = {tenant:String}
      AND kind = 'remote_session') AS leaf
LEFT JOIN (SELECT id, ticket, path, kind FROM work_live WHERE tenant = {tenant:String} AND state = 'done') AS lead
ON leaf.state = 'absorbed' AND leaf.reason = lead.id
"""


@dataclass
class Money:
    """Hours in seconds, money in minor units of one currency ("" for rows that have none)."""

    currency: str
    exponent: int
    worked: int
    billed: int
    amount: int
    recovered: int
    recovered_amount: int


@dataclass
class Figures:
    totals: list[Money] = field(default_factory=list)
    runs: int = 0
    machine_seconds: int = 0
    accuracy: Accuracy | None = None

    @property
    def worked(self) -> int:
        return sum(money.worked for money in self.totals)


def read_figures(ledger: Ledger, truth: DemoTruth) -> Figures:
    parameters: dict[str, object] = {"tenant": ledger.tenant}
    machine = query(ledger.store, MACHINE, parameters)[0]
    links = query(ledger.store, LINKS, parameters)
    linked = {row["interval"]: Linked(row["linked_ticket"] or None, row["linked_path"]) for row in links}
    return Figures(
        totals=[Money(*row.values()) for row in query(ledger.store, TOTALS, parameters)],
        runs=int(machine["runs"]),
        machine_seconds=int(machine["seconds"]),
        accuracy=measure(truth, linked),
    )
