"""Deciding a close: the statement as it stands against the one that finance looked at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from billing.calendar import Zone
from billing.closes import Statements, month_after
from billing.decisions import Made
from streams.models.closing import Closed, Refused, RefusedReason, amounts_of, encode_manifest, encode_outcome, hash_of
from streams.models.entry import Entry
from streams.models.fact import Fact


def decide(
    made: Made, statements: Statements, rows: Sequence[Entry], known: bool, zone: Zone, release: int, tenant: str
) -> list[Fact]:
    """The outcome of a close: the statement's rows and ``closed``, or ``refused`` with how things stand.

    ``rows`` are all rows of the client that hold; ``known`` says whether there is such a client at all.
    """
    asked = made.decision
    mine = sorted((row for row in rows if row.identity.period == asked.period), key=lambda row: row.identity)
    stands = hash_of(mine)
    open_ = [row.identity.period for row in rows if row.identity.period > statements.through]
    earliest = min(open_, default=asked.period)
    reason = _why_not(made, statements, stands, earliest, known)
    worked, quantity = sum(row.worked_seconds for row in mine), sum(row.quantity_seconds for row in mine)
    if reason is not None:
        refused = Refused(
            client=asked.client, period=asked.period, reason=reason, saw=asked.hash, hash=stands,
            number=statements.number, earliest=earliest, rows=len(mine), worked_seconds=worked,
            quantity_seconds=quantity, amounts=amounts_of(mine),
        )  # fmt: skip
        return [Fact(kind="refused", tenant=tenant, id=made.id, body=encode_outcome(refused))]
    chunks = [
        Fact(kind="manifest", tenant=tenant, id=f"{made.id}/{number:04}", body=body)
        for number, body in enumerate(encode_manifest(mine))
    ]
    closed = Closed(
        client=asked.client, period=asked.period, number=statements.number + 1, hash=stands,
        until=_until(asked.period, statements, zone), release=release, rows=len(mine), worked_seconds=worked,
        quantity_seconds=quantity, amounts=amounts_of(mine), chunks=tuple(chunk.digest() for chunk in chunks),
    )  # fmt: skip
    return [*chunks, Fact(kind="closed", tenant=tenant, id=made.id, body=encode_outcome(closed))]


def _why_not(made: Made, statements: Statements, stands: str, earliest: str, known: bool) -> RefusedReason | None:
    asked = made.decision
    if not known:
        return "unknown_client"
    if asked.period <= statements.through:
        return "already_closed"
    if asked.before != statements.number:
        return "stale"
    if asked.period > earliest:
        return "out_of_turn"
    return None if asked.hash == stands else "different"


def _until(period: str, statements: Statements, zone: Zone) -> int:
    """The instant at which the period ends, never before the one at which the last closed period did."""
    end = zone.midnight(date.fromisoformat(f"{month_after(period)}-01").toordinal())
    return max([end, *[one.until for one in statements.outcomes[-1:]]])
