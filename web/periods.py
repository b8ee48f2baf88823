"""Statements: what state they are in, what they come to, and what is unusual about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import orjson

from billing.lock import is_soft
from jobs import periods as stored
from web.ledger import Reading
from web.show import month, share, zone
from web.words import LEAKS

State = Literal["open", "soft", "closed"]
MUCH = 20  # one part in so many of a statement's hours that leak is said to be much
FLAGGED_ROWS = 50

ODD = """
SELECT client, period, any(zone) AS zone, countIf(notEmpty(flags)) AS flagged,
       countIf(path = 'alias' AND disposition = 'billed') AS ticketless,
       countIf(disposition IN {leaks:Array(String)}) AS leaking_rows,
       sumIf(quantity_seconds, disposition IN {leaks:Array(String)}) AS leaking,
       countIf(inserted_at > now() - INTERVAL 1 DAY) AS fresh
FROM entries_live WHERE tenant = {tenant:String} AND disposition NOT IN ('absorbed', 'void') GROUP BY client, period
"""
BROKEN = """
SELECT client, period FROM conservation
WHERE tenant = {tenant:String} AND (difference != 0 OR segment_difference != 0 OR amount_difference != 0)
"""
CORRECTIONS = """
SELECT id, work, row_class, corrects_period, technician, ticket, charge, disposition, quantity_seconds, currency,
       exponent, amount
FROM entries_live
WHERE tenant = {tenant:String} AND client = {client:String} AND period = {period:String} AND row_class != 'regular'
ORDER BY corrects_period, work, row_class = 'replacement', id
"""
FLAGGED = """
SELECT id, toUnixTimestamp(started_at) AS start, zone, technician, who, ticket, flags, worked_seconds, currency,
       exponent, amount, disposition
FROM entries_live
WHERE tenant = {tenant:String} AND client = {client:String} AND period = {period:String} AND notEmpty(flags)
ORDER BY amount DESC, started_at, id LIMIT {most:UInt32}
"""
HISTORY = """
SELECT c.id AS id, c.outcome AS outcome, c.reason AS why, c.number AS number, c.hash AS hash, c.saw AS saw,
       c.earliest AS earliest, c.total_rows AS total_rows, c.total_worked_seconds AS total_worked_seconds,
       c.total_quantity_seconds AS total_quantity_seconds, c.amounts AS amounts, d.who AS who,
       toUnixTimestamp(d.decided_at) AS at
FROM closings_live AS c LEFT JOIN decisions_live AS d ON d.tenant = c.tenant AND d.id = c.id
WHERE c.tenant = {tenant:String} AND c.client = {client:String} AND c.period = {period:String}
  AND ({id:String} = '' OR c.id = {id:String})
ORDER BY at, c.id
"""


@dataclass(frozen=True)
class Statement:
    """A client and month. ``closes``: how often the client's months were closed. Seconds; money in minor units."""

    client: str
    period: str
    state: State
    hash: str
    closes: int
    rows: int
    corrections: int
    worked: int
    quantity: int
    money: list[tuple[str, int, int]]
    flagged: int = 0
    ticketless: int = 0
    leaking: int = 0
    leaking_rows: int = 0
    fresh: int = 0
    broken: bool = False
    first: str = ""  # an earlier open month, which has to be closed before

    @property
    def may_close(self) -> bool:
        return self.state == "soft" and not self.first and not self.broken and bool(self.client)

    @property
    def grave(self) -> list[str]:
        """What is unusual, the gravest first."""
        return [words for words, holds in self._notes() if holds]

    @property
    def notes(self) -> list[str]:
        """The same, and what is usual but good to know before a close."""
        return self.grave + [words for words, holds in self._more() if holds and self.state != "closed"]

    def _more(self) -> Iterable[tuple[str, bool]]:
        yield f"{self.ticketless} billed without a ticket", bool(self.ticketless)
        what = "All of it" if self.fresh >= self.rows else f"{self.fresh} {_rows(self.fresh)}"
        yield f"{what} written in the last 24 hours", bool(self.fresh)

    def _notes(self) -> Iterable[tuple[str, bool]]:
        yield "Its rows do not add up: do not bill from it", self.broken
        yield "The client is not known, so it cannot be closed: link the work first", not self.client
        if self.state == "closed":
            return
        yield f"{month(self.first)} has to be closed first" if self.first else "", bool(self.first)
        many = self.leaking * MUCH > self.quantity
        lost = (
            f"{self.leaking_rows} {_rows(self.leaking_rows)} not billed, {share(self.leaking, self.quantity)} of hours"
        )
        yield lost, bool(self.leaking_rows and many)
        yield f"{self.flagged} {_rows(self.flagged)} to look at", bool(self.flagged)
        yield f"{self.corrections} {_rows(self.corrections)} of closed months corrected", bool(self.corrections)


def _rows(count: int) -> str:
    return "row" if count == 1 else "rows"


def statements(reading: Reading, now: datetime) -> list[Statement]:
    """All statements with rows, the latest month first."""
    odd = {(one["client"], one["period"]): one for one in reading.rows(ODD, {"leaks": list(LEAKS)})}
    broken = {(one["client"], one["period"]) for one in reading.rows(BROKEN, {})}
    found = stored.statements(reading, now.date())
    first: dict[str, str] = {}  # by client, the earliest month that is not closed
    for one in found:
        if one.state != "closed":
            first.setdefault(one.client, one.period)
    made = [_statement(one, odd.get((one.client, one.period), {}), first, broken, now) for one in found]
    return sorted(made, key=lambda one: one.period, reverse=True)


def _statement(
    one: stored.Statement, odd: Mapping[str, Any], first: Mapping[str, str], broken: set[tuple[str, str]], now: datetime
) -> Statement:
    today = now.astimezone(zone(odd.get("zone", ""))).date()  # a month ends where the client is
    state: State = "closed" if one.state == "closed" else "soft" if is_soft(one.period, today) else "open"
    earliest = first.get(one.client, "")
    told = ("flagged", "ticketless", "leaking", "leaking_rows", "fresh")
    return Statement(
        one.client, one.period, state, one.hash, one.closes, one.rows, one.corrections, one.worked_seconds,
        one.quantity_seconds, money_of(one.amounts, one.exponents), broken=(one.client, one.period) in broken,
        first=earliest if state != "closed" and earliest < one.period else "",
        **{name: odd.get(name, 0) for name in told},
    )  # fmt: skip


def money_of(amounts: Mapping[str, int], exponents: Mapping[str, int]) -> list[tuple[str, int, int]]:
    """(currency, decimals, minor units), by currency."""
    return [(name, exponents.get(name, 2), amount) for name, amount in sorted(amounts.items()) if name]


@dataclass(frozen=True)
class Outcome:
    """What became of a close, with the statement as it stood then."""

    id: str
    outcome: str
    why: str
    number: int
    hash: str
    saw: str
    earliest: str
    rows: int
    worked: int
    quantity: int
    amounts: dict[str, int]
    who: str
    at: int


def outcomes(reading: Reading, client: str, period: str, id_: str = "") -> list[Outcome]:
    """Of the closes of a statement, in the order in which they were decided; or of one of them."""
    rows = reading.rows(HISTORY, {"client": client, "period": period, "id": id_})
    return [
        Outcome(
            row["id"], row["outcome"], row["why"], row["number"], row["hash"], row["saw"], row["earliest"],
            row["total_rows"], row["total_worked_seconds"], row["total_quantity_seconds"],
            orjson.loads(row["amounts"] or "{}"), row["who"], row["at"],
        )
        for row in rows
    ]  # fmt: skip


def corrections(reading: Reading, client: str, period: str) -> list[dict[str, Any]]:
    """Rows of this statement that correct closed ones."""
    return reading.rows(CORRECTIONS, {"client": client, "period": period})


def flagged(reading: Reading, client: str, period: str) -> list[dict[str, Any]]:
    """Rows to look at, those with the largest amounts first."""
    return reading.rows(FLAGGED, {"client": client, "period": period, "most": FLAGGED_ROWS})


@dataclass(frozen=True)
class Looked:
    """What finance saw when the form was made: it travels with the form, so that a refusal can show what changed."""

    rows: int = 0
    worked: int = 0
    quantity: int = 0
    amounts: dict[str, int] = field(default_factory=dict)


def totals(found: Sequence[Statement]) -> list[tuple[str, int, int]]:
    """Over statements, by currency."""
    sums: dict[tuple[str, int], int] = {}
    for one in found:
        for currency, places, amount in one.money:
            sums[currency, places] = sums.get((currency, places), 0) + amount
    return [(currency, places, amount) for (currency, places), amount in sorted(sums.items())]


def utc_now() -> datetime:
    return datetime.now(UTC)
