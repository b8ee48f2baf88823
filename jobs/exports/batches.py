"""Batches: closed statements put together for finance, once each. A batch can be read again for ever, byte for byte."""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from jobs.console import Exit, UserError
from jobs.exports.make import Counted, Made, count
from jobs.ledger import Ledger
from jobs.usage import CLOSED, States, total_json
from streams.doors import Door
from streams.models.closing import hash_of
from streams.models.entry import Entry
from streams.models.export import LAYOUT, Export, Statement, encode_export
from streams.models.fact import Fact
from streams.settings import Settings
from streams.topics import EXPORTS

POLL_SECONDS = 0.1
NEW = """
SELECT client, period, number, hash FROM closings_live
WHERE {where} AND outcome = 'closed' AND (client, period) NOT IN
    (SELECT client, period FROM exported WHERE tenant = {tenant:String})
ORDER BY client, number
"""
STATES = """
SELECT client, period FROM periods
WHERE {where} AND (client, period, hash) IN
    (SELECT client, period, hash FROM closings_live WHERE tenant = {tenant:String} AND outcome = 'closed')
"""
BATCHES = """
SELECT number, batch, who, toUnixTimestamp(made_at) AS at, layout,
       arraySort(groupArray((client, period, close, hash))) AS statements
FROM exported WHERE {where} GROUP BY ALL ORDER BY number
"""


@dataclass(frozen=True)
class Batch:
    """``number`` counts the tenant's batches from 1; ``at`` is when it was asked for, in seconds since 1970."""

    number: int
    id: str
    by: str
    at: int
    layout: int
    statements: tuple[Statement, ...]

    def states(self) -> States:
        return {(one.client, one.period): CLOSED for one in self.statements}

    def notes(self, tenant: str) -> dict[str, str]:
        """What stands beside its lines."""
        head = {"title": f"Usage, batch {self.number} of {tenant}", "state": CLOSED, "batch": self.id}
        return head | {f"{s.client} {s.period}": f"close {s.number}, hash {s.hash}" for s in self.statements}


def states(ledger: Ledger, client: str | None, period: str | None) -> dict[tuple[str, str], str]:
    """Which statements are closed, and stored as they were closed; all others are drafts."""
    where, values = ledger.conditions(client=client, period=period)
    found = ledger.rows(STATES.replace("{where}", where), values)
    return {(row["client"], row["period"]): CLOSED for row in found}


def unexported(ledger: Ledger, client: str | None = None, through: str | None = None) -> list[Statement]:
    """Closed statements that are in no batch, by client in the order of their closes; up to the month ``through``."""
    where, values = ledger.conditions(client=client)
    if through:
        where += " AND period <= {through:String}"
        values["through"] = through
    return [Statement(**row) for row in ledger.rows(NEW.replace("{where}", where), values)]


def batches(ledger: Ledger) -> list[Batch]:
    return _batches(ledger)


def batch(ledger: Ledger, number: int) -> Batch:
    """Raises UserError where there is none."""
    found = [one for one in _batches(ledger) if one.number == number]
    if not found:
        raise UserError(f"Tenant {ledger.tenant} has no batch {number}. `everyminute export list` has all.", Exit.NO)
    return found[0]


def _batches(ledger: Ledger, **equal: str) -> list[Batch]:
    where, values = ledger.conditions(**equal)
    return [
        Batch(row["number"], row["batch"], row["who"], row["at"], row["layout"],
              tuple(Statement(client=c, period=p, number=n, hash=h) for c, p, n, h in row["statements"]))
        for row in ledger.rows(BATCHES.replace("{where}", where), values)
    ]  # fmt: skip


def fact_of(tenant: str, statements: Sequence[Statement], by: str, now: float) -> Fact:
    body = encode_export(Export(by=by, at=int(now), statements=tuple(sorted(statements))))
    return Fact(kind="export", tenant=tenant, id=f"export-{uuid.uuid4()}", body=body)


async def append(settings: Settings, fact: Fact) -> None:
    """Returns once the broker has acknowledged it; raises KafkaError and the like."""
    async with Door(settings) as door:
        await door.send_facts(EXPORTS, [fact])


def wait(ledger: Ledger, id_: str, timeout: float) -> Batch | None:
    """The batch as it came out, once the ledger has it; None where others were first with all of its statements.

    Raises UserError when it is not there after ``timeout`` seconds: it stands in the log and will be.
    """
    deadline = time.monotonic() + timeout
    where, values = ledger.conditions(id=id_)
    while not ledger.rows(f"SELECT id FROM exports WHERE {where}", values):  # noqa: S608
        if time.monotonic() > deadline:
            raise UserError(
                f"The batch is recorded, but the ledger does not show it after {timeout:g} s. It will: see "
                "`everyminute status`, then `everyminute export list`.",
                Exit.CANNOT,
            )
        time.sleep(POLL_SECONDS)
    found = _batches(ledger, batch=id_)
    return found[0] if found else None


def read(ledger: Ledger, one: Batch) -> Iterator[Entry]:
    """The rows of a batch, a statement at a time. Raises UserError unless each statement is the one that was closed."""
    if one.layout != LAYOUT:
        raise UserError(
            f"Batch {one.number} has files of layout {one.layout}; this release writes {LAYOUT}.", Exit.CANNOT
        )
    for statement in one.statements:
        rows = list(ledger.entries(statement.period, statement.client))
        if hash_of(rows) != statement.hash:
            raise UserError(
                f"The statement {statement.client} {statement.period} is not stored as it was closed. Right after a "
                "close the writer may still be at it: try again in a minute. If it stays, export nothing, report it.",
                Exit.CANNOT,
            )
        yield from rows


def counted(ledger: Ledger, one: Batch) -> Counted:
    return count(read(ledger, one), one.states())


def manifest(tenant: str, one: Batch, lines: Counted | Made) -> dict[str, Any]:
    """What the batch is. The same batch has the same manifest; ``manifest_sha256`` is the hash of all the rest."""
    found: dict[str, Any] = {
        "tenant": tenant, "batch": one.number, "id": one.id, "state": CLOSED, "made_by": one.by,
        "made_at": datetime.fromtimestamp(one.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), "layout": one.layout,
        "statements": [
            {"client": s.client, "period": s.period, "close": s.number, "hash": s.hash} for s in one.statements
        ],
        "lines": lines.lines, "lines_sha256": lines.lines_sha256,
        "totals": [total_json(total) for total in lines.totals],
    }  # fmt: skip
    digest = hashlib.sha256(orjson.dumps(found, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return found | {"manifest_sha256": digest}


def summary(one: Batch) -> dict[str, Any]:
    """A batch without its lines."""
    made = datetime.fromtimestamp(one.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    periods = sorted(s.period for s in one.statements)
    return {
        "batch": one.number, "id": one.id, "made_by": one.by, "made_at": made, "statements": len(one.statements),
        "from": periods[0], "to": periods[-1],
    }  # fmt: skip
