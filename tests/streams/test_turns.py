"""While a batch is computed, the one before may be sent and acknowledged."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

from streams.hop import PAUSE, Batch, Hop, Incoming
from streams.models.cloudevent import Problem, encode_cloudevent
from streams.models.event import Event
from streams.shell import run
from streams.turns import exhausted, in_turns
from tests.streams.rig import events
from tests.streams.world import Memory, Read, tally_plan


def batch(memory: Memory, first: int, count: int) -> Batch:
    made = events(first, first + count)[:count]
    records = [Read(each.entity.encode(), encode_cloudevent(each), number) for number, each in enumerate(made)]
    return memory.batch(*records, topic="events.session")


def test_pauses_change_nothing_of_what_is_computed() -> None:
    rounds = []
    for all_at_once in (True, False):
        memory = Memory()
        hop = Hop(tally_plan(), memory, lambda tenant: 0)
        steps = hop.computing(batch(memory, 0, 3 * PAUSE))
        rounds.append((exhausted(steps) if all_at_once else asyncio.run(in_turns(steps))).rounds)
    assert rounds[0] == rounds[1]


def test_a_batch_is_acknowledged_before_the_next_one_is_computed_to_its_end() -> None:
    """The one that writes needs a few turns of the loop; it gets them, long before the next batch is written."""
    memory = Memory()
    hop = Hop(tally_plan(), memory, lambda tenant: 0)
    decode, acknowledged = hop.plan.decode, []

    def noted(record: Incoming) -> tuple[str, Event] | Problem:
        acknowledged.append([topic for topic, _, _ in memory.written].count("ack"))
        return decode(record)

    async def arriving() -> AsyncIterator[Batch]:
        yield batch(memory, 0, 10)
        yield batch(memory, 50, 8 * PAUSE)

    hop.plan = replace(hop.plan, decode=noted)
    asyncio.run(run(hop, arriving(), lambda error: None))
    assert acknowledged[0] == 0
    assert acknowledged[-1] == 1
    assert [topic for topic, _, _ in memory.written].count("ack") == 2
