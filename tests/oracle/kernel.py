"""The kernel over the same facts, in memory: each hop steps over its log until nothing is left to read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec

from billing.link import LinkState
from billing.pair import PairState
from billing.rate import RateState
from streams.models.catalog import OBJECT_TYPES, Release, object_body
from streams.models.entry import OUTSIDE_SUMS, Entry
from streams.models.event import Event
from streams.models.fact import Fact
from streams.models.interval import encode_interval
from streams.models.work import encode_work
from tests.oracle.book import Plain
from tests.oracle.oracle import Key, Line

ENOUGH = 100_000  # steps after which a hop that keeps feeding itself is a defect


def release_facts(catalogue: dict[str, dict[str, Plain]], tenant: str) -> list[Fact]:
    """The objects and, last, the release that holds them."""
    facts = [
        Fact(
            kind="object", tenant=tenant, id=f"{kind}/{id_}", rev=1,
            body=object_body("release", OBJECT_TYPES[kind].model_validate(item)),
        )
        for kind, items in catalogue.items()
        for id_, item in items.items()
    ]  # fmt: skip
    held = Release(number=1, predecessor="", objects={fact.id: (fact.rev, fact.digest()) for fact in facts})
    return [*facts, Fact(kind="release", tenant=tenant, id="1", rev=1, body=msgspec.Raw(msgspec.json.encode(held)))]


def kernel_entries(
    events: Sequence[Event],
    catalogue: dict[str, dict[str, Plain]],
    directory: Sequence[Fact] = (),
    mark: int | None = None,
    batch: int = 2000,
) -> dict[str, Entry]:
    """The rows that hold, by id: of each its largest version."""
    tenant = events[0].tenant if events else "main"
    facts = [*release_facts(catalogue, tenant), *directory]
    marks = [] if mark is None else [Fact(kind="mark", tenant="*", id="mark", rev=mark)]
    pair = PairState(0)
    intervals = []
    for at in range(0, len(events), batch):
        for version, interval in pair.step(events[at : at + batch]).outputs:
            body = msgspec.Raw(encode_interval(interval))
            intervals.append(Fact(kind="interval", tenant=tenant, id=interval.id, rev=version, body=body))
    work = []
    for version, piece in _run(LinkState(tenant, 0), [*facts, *intervals, *marks], batch):
        work.append(Fact(kind="work", tenant=tenant, id=piece.id, rev=version, body=msgspec.Raw(encode_work(piece))))
    held: dict[str, tuple[int, Entry]] = {}
    for version, entry in _run(RateState(tenant, 0), [*facts, *work, *marks], batch):
        if entry.id not in held or version >= held[entry.id][0]:
            held[entry.id] = (version, entry)
    return {id_: entry for id_, (_, entry) in held.items() if not entry.void and entry.disposition not in OUTSIDE_SUMS}


def _run(state: Any, log: list[Fact], batch: int) -> Iterable[tuple[int, Any]]:
    log, at = list(log), 0
    for _ in range(ENOUGH):
        if at >= len(log):
            return
        end = at + 1
        while end < min(len(log), at + batch) and not log[end - 1].ends_fold:
            end += 1
        outcome = state.step(log[at:end])
        log.extend(outcome.appends)
        yield from outcome.outputs
        at = end
    raise AssertionError("a hop keeps appending to its own log")


def kernel_ledger(entries: Iterable[Entry]) -> dict[Key, Line]:
    """The kernel's rows in the oracle's words."""
    return {
        (e.identity.client, e.identity.period, e.identity.work, e.identity.row_class, e.identity.corrects_period): {
            "worked_seconds": e.worked_seconds,
            "rounding_seconds": e.rounding_seconds,
            "quantity_seconds": e.quantity_seconds,
            "amount": e.amount,
            "currency": e.currency if e.disposition == "billed" else "",
            "disposition": e.disposition,
            "reason": reason_class(e),
            "technician": e.technician,
            "ticket": e.ticket,
            "path": e.path,
            "recovered": e.recovered,
            "risk": (e.risk_amount, e.risk_currency if e.risk_amount else ""),
            "segments": [
                (s.tier, s.seconds, s.billed_seconds, Fraction(Decimal(s.rate or "0")), s.amount)
                for s in e.segments
                if (s.seconds or s.billed_seconds) and e.disposition == "billed"
            ],
        }
        for e in entries
    }


def reason_class(entry: Entry) -> str:
    """The word of the reason, where the rules name one."""
    word = entry.reason.split(":", 1)[0].strip()
    named = entry.disposition == "unlinked" or word == "tier_without_price"
    return word if named else ""
