"""A clock mark that came before a tenant's first fact, and a worker that died in between."""

from __future__ import annotations

import asyncio

import msgspec

from streams.agents.link import link_plan
from streams.clock import mark
from streams.hop import Hop
from streams.models.fact import Fact, decode_fact
from streams.models.interval import Interval, encode_interval
from tests.streams.world import Memory, read

BEGIN = 1_772_460_000


def appended(*, dies: bool) -> list[str]:
    """What link appends for a timer without end, once a mark a month later has been acknowledged."""
    memory = Memory()
    hop = Hop(link_plan(0), memory, lambda tenant: 0)
    asyncio.run(hop.take(memory.batch(read(mark(BEGIN + 30 * 86400)))))
    if dies:
        hop = Hop(link_plan(0), memory, lambda tenant: 0)
        for record in memory.on("link-facts"):
            hop.restore(0, record.key, record.value)
    timer = Interval(tenant="main", id="t1", source="desk:1", kind="ticket_timer", start=BEGIN, open_from=BEGIN)
    body = msgspec.Raw(encode_interval(timer))
    asyncio.run(hop.take(memory.batch(read(Fact(kind="interval", tenant="main", id="t1", rev=1, body=body), 1))))
    return [decode_fact(record.value).kind for record in memory.on("link-log")]


def test_a_tenant_that_comes_after_the_mark_lapses_by_it() -> None:
    assert appended(dies=False) == ["lapsed"]


def test_it_does_so_when_the_worker_has_died_in_between() -> None:
    assert appended(dies=True) == ["lapsed"]
