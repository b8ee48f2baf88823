"""Work without a ticket, what it is worth, and which tickets it could belong to: for people, programs and pages.

``unlinked(ledger, …)`` is what pages call. Money is in minor units; confidence is per mille.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from jobs.output import Report, amount_text, duration
from streams.models.ids import label
from streams.models.work import Step, Suggestion

if TYPE_CHECKING:
    from jobs.ledger import Ledger

QUERY = """
SELECT id, work, client, period, technician, who, device, kind, toUnixTimestamp(started_at) AS start,
       toUnixTimestamp(ended_at) AS end, worked_seconds, disposition, reason, path, amount, currency, exponent,
       risk_amount, risk_currency, trail
FROM entries_live
WHERE tenant = {tenant:String} AND disposition NOT IN ('absorbed', 'void')
  AND (path IN ('alias', 'none') OR disposition = 'unlinked')
  AND ({period:String} = '' OR period = {period:String}) AND ({client:String} = '' OR client = {client:String})
ORDER BY risk_amount DESC, worked_seconds DESC, id LIMIT {most:UInt32}
"""
MOST = 10_000
_steps = msgspec.json.Decoder(tuple[Step, ...])


@dataclass(frozen=True)
class Unlinked:
    """One row of the ledger without a ticket. ``risk`` is what it would bring and does not; a row that is billed to its
    client without a ticket has an ``amount`` instead. ``suggestions`` have the likeliest first."""

    id: str
    work: str
    client: str
    period: str
    technician: str
    who: str
    device: str
    kind: str
    start: int
    end: int
    worked_seconds: int
    disposition: str
    reason: str
    amount: int
    currency: str
    risk: int
    risk_currency: str
    exponent: int
    suggestions: tuple[Suggestion, ...]


def unlinked(ledger: Ledger, period: str | None = None, client: str | None = None, most: int = MOST) -> list[Unlinked]:
    from sinks.clickhouse import query

    values: dict[str, object] = {
        "tenant": ledger.tenant, "period": period or "", "client": client or "", "most": most,
    }  # fmt: skip
    return [_row(row) for row in query(ledger.store, QUERY, values)]


def _row(row: dict[str, Any]) -> Unlinked:
    steps = _steps.decode(row["trail"])
    found = next((step.suggestions for step in steps if step.op == "link"), ())
    same = ("id", "work", "client", "period", "technician", "who", "device", "kind", "start", "end", "worked_seconds",
            "disposition", "reason", "amount", "currency", "risk_currency", "exponent")  # fmt: skip
    return Unlinked(**{name: row[name] for name in same}, risk=row["risk_amount"], suggestions=found)


def data(found: list[Unlinked]) -> list[dict[str, Any]]:
    """For ``--format json`` and for the API."""
    return [
        asdict(one) | {"suggestions": [msgspec.to_builtins(suggestion) for suggestion in one.suggestions]}
        for one in found
    ]


COLUMNS = ("entry", "client", "who", "start", "worked", "why", "at risk", "could be")


def rows(found: list[Unlinked]) -> list[tuple[str, ...]]:
    return [
        (
            one.id[:13],
            one.client,
            one.technician or one.who,
            f"{datetime.fromtimestamp(one.start, UTC):%Y-%m-%d %H:%M}Z",
            duration(one.worked_seconds),
            one.reason or "no ticket",
            amount_text(one.risk, one.exponent, one.risk_currency if one.risk else ""),
            ", ".join(f"{label(s.ticket)} ({share(s.confidence)}: {' '.join(s.why)})" for s in one.suggestions),
        )
        for one in found
    ]


def report(found: list[Unlinked]) -> Report:
    return Report("Without a ticket", COLUMNS, rows(found))


def share(confidence: int) -> str:
    """Per mille as per cent, rounded down."""
    return f"{confidence // 10} %"
