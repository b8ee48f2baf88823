"""link: intervals, directory and decisions of one tenant → its work, facts of rate-log. One kernel a tenant."""

from __future__ import annotations

import msgspec

from billing.link import LinkState
from streams.agents.facts import SEPARATOR, decode_record
from streams.hop import Output, Plan, fact_record
from streams.models.fact import Fact
from streams.models.work import Work, encode_work


def link_plan(epoch: int) -> Plan[Fact, Work]:
    return Plan(
        name="link",
        sources=("link-log",),
        changelog="link-facts",
        log="link-log",
        separator=SEPARATOR,
        decode=decode_record,
        begin=lambda tenant: LinkState(tenant, epoch),
        emit=emit,
        ends_fold=lambda fact: fact.ends_fold,
        most=1000,
        mark=lambda fact: fact.rev if fact.kind == "mark" else None,
    )


def emit(version: int, work: Work) -> Output:
    fact = Fact(kind="work", tenant=work.tenant, id=work.id, rev=version, body=msgspec.Raw(encode_work(work)))
    return Output("rate-log", work.tenant, fact_record(fact))
