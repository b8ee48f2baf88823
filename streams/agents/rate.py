"""rate: work, catalogue and decisions of one tenant → the rows of its ledger. One kernel a tenant."""

from __future__ import annotations

from msgspec.structs import replace

from billing.rate import RateState
from streams.agents.facts import SEPARATOR, decode_record
from streams.hop import Output, Plan, Record
from streams.models.entry import Entry, encode_entry
from streams.models.fact import Fact


def rate_plan(epoch: int) -> Plan[Fact, Entry]:
    return Plan(
        name="rate",
        sources=("rate-log",),
        changelog="rate-facts",
        log="rate-log",
        separator=SEPARATOR,
        decode=decode_record,
        begin=lambda tenant: RateState(tenant, epoch),
        emit=emit,
        ends_fold=lambda fact: fact.ends_fold,
        most=1000,
        mark=lambda fact: fact.rev if fact.kind == "mark" else None,
    )


def emit(version: int, entry: Entry) -> Output:
    row = entry if entry.version == version else replace(entry, version=version)
    return Output("entries", entry.tenant, Record(entry.id.encode(), encode_entry(row)))
