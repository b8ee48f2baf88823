"""Decisions of a simulated ledger: filled in as things stand when they are made, and what became of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec

from billing.closes import month_after
from billing.lock import may_edit
from jobs.scenario_decisions import Planned
from streams.models.catalog import Release
from streams.models.closing import (
    Closed,
    Refused,
    content,
    decode_closed,
    decode_refused,
    statement_hash,
)
from streams.models.decision import ABOUT_EVIDENCE, decode_decision, encode_decision
from streams.models.entry import Entry
from streams.models.fact import Fact

if TYPE_CHECKING:
    from jobs.simulate import Result

Row = dict[str, Any]


LOCKED = "locked"


def is_locked(planned: Planned, result: Result, grace_days: int | None) -> bool:
    """Whether a door would refuse a decision about work, taken at an instant that the file names."""
    if "at" not in planned.given:
        return False
    ids = set(planned.decision.evidence)
    rows = [one for one in result.entries.values() if not one.void and one.identity.work in ids]
    for row in rows:
        today = datetime.fromtimestamp(planned.decision.at, ZoneInfo(row.zone)).date()
        if not may_edit(date.fromisoformat(row.local_date), today, grace_days):
            return True
    return False


def as_it_stands(planned: Planned, result: Result, tenant: str) -> Fact:
    """The decision as a door would take it now: with the hash of the statement, the number of closes, what the
    decider sees, the newest release; but for what the file says itself."""
    decision, given = planned.decision, planned.given
    seen: dict[str, Any] = {}
    if decision.kind == "close":
        seen["before"] = sum(one.client == decision.client for one in closed(result))
        seen["hash"] = hash_now(result.entries.values(), decision.client, decision.period)
    elif decision.kind == "rerate":
        releases = [fact for fact in result.catalogue if fact.kind == "release"]
        seen["release"] = max(msgspec.json.decode(fact.body, type=Release).number for fact in releases)
    elif decision.kind in ABOUT_EVIDENCE:
        works = [work for work in result.work.values() if work.state == "done"]
        held = [work for work in works if {work.id, *(p.interval for p in work.proof)} & set(decision.evidence)]
        seen["seconds"] = sum(work.seconds for work in held)
        seen["seen_client"] = held[0].client or "" if held else ""
    filled = msgspec.structs.replace(decision, **{name: value for name, value in seen.items() if name not in given})
    return Fact(kind="decision", tenant=tenant, id=planned.name, body=encode_decision(filled))


def hash_now(entries: Iterable[Entry], client: str, period: str) -> str:
    """The hash of a statement as it stands."""
    live = [one for one in entries if not one.void and (one.identity.client, one.identity.period) == (client, period)]
    return statement_hash((one.id, content(one)) for one in live)


def closed(result: Result) -> list[Closed]:
    """Statements that were closed, in order."""
    return [decode_closed(bytes(fact.body)) for fact in result.outcomes.values() if fact.kind == "closed"]


def decisions_json(result: Result) -> list[Row]:
    """Every decision, and where it has an outcome, what became of it."""
    outcomes = {fact.id: fact for fact in result.outcomes.values() if fact.kind in ("closed", "refused")}
    return [_decision(fact, outcomes.get(fact.id)) for fact in result.decided] + [
        {"name": name, "kind": kind, "client": None, "outcome": LOCKED} for name, kind in result.locked
    ]


def _decision(fact: Fact, answer: Fact | None) -> Row:
    decision = decode_decision(bytes(fact.body))
    row: Row = {"name": fact.id, "kind": decision.kind, "client": decision.client or None, "outcome": None}
    row |= {"period": decision.period or None, "reason": decision.reason or None}
    if answer is None:
        return row
    one: Closed | Refused
    if answer.kind == "closed":
        one = decode_closed(bytes(answer.body))
        return row | {"outcome": "closed", "number": one.number, "hash": one.hash, "release": one.release}
    one = decode_refused(bytes(answer.body))
    return row | {"outcome": one.reason, "saw": one.saw, "hash": one.hash, "earliest": one.earliest or None}


def periods_json(result: Result) -> list[Row]:
    """Every statement with rows, its state and the hash that a close would have to name."""
    through = {one.client: one.period for one in closed(result)}
    live = [one for one in result.entries.values() if not one.void]
    pairs = {(one.identity.client, one.identity.period) for one in live}
    pairs |= {(one.client, one.period) for one in closed(result)}
    return [
        {
            "client": client or None,
            "period": period,
            "state": "closed" if period <= through.get(client, "") else "open",
            "hash": hash_now(live, client, period),
            "takes_corrections": period == month_after(through.get(client, "")),
        }
        for client, period in sorted(pairs)
    ]
