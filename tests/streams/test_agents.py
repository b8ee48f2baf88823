"""What makes each hop this hop: its topics, its decoder, where its outputs go; and the copying agent."""

import asyncio

import msgspec
import pytest

from streams import topics
from streams.agents import copy
from streams.agents.facts import decode_record
from streams.agents.link import link_plan
from streams.agents.pair import pair_plan
from streams.agents.rate import rate_plan
from streams.hop import Hop, Record
from streams.models.catalog import Client, object_body
from streams.models.cloudevent import Problem, encode_cloudevent
from streams.models.decision import Decision, encode_decision
from streams.models.entry import Entry, Identity, decode_entry
from streams.models.event import Event
from streams.models.fact import Fact, decode_fact, encode_fact
from streams.models.interval import decode_interval
from streams.models.parked import decode_parked
from streams.models.work import Work, decode_work
from streams.parking import PARKED
from tests.streams.world import Memory, Read, read

NAMES = {topic.name for topic in topics.TOPICS}
STOP = Event(tenant="acme", source="s:1", source_event_id="e", activity_id="a", kind="remote_session", phase="stop",
             at=1_772_461_907_902, duration_ms=60_000)  # fmt: skip
CLIENT = Fact(kind="object", tenant="main", id="client/acme", rev=1, body=object_body("directory", Client(id="acme")))


@pytest.mark.parametrize("plan", [pair_plan(0), link_plan(0), rate_plan(0)], ids=lambda plan: plan.name)
def test_plans_name_topics_that_exist(plan: object) -> None:
    named = {*plan.sources, plan.changelog, plan.log or "parked"}  # type: ignore[attr-defined]
    assert named <= NAMES
    assert plan.changelog in topics.CHANGELOGS  # type: ignore[attr-defined]


def test_copy_and_parked_name_topics_that_exist() -> None:
    assert {*copy.SOURCES, *copy.TARGETS, PARKED} <= NAMES


def test_an_event_becomes_an_interval_fact_of_its_tenant() -> None:
    memory = Memory()
    hop = Hop(pair_plan(0), memory, len)
    asyncio.run(hop.take(memory.batch(Read(b"acme/a", encode_cloudevent(STOP)), topic="events.session", partition=1)))
    assert [(topic, partition) for topic, partition, _ in memory.written] == [
        ("link-log", 4), ("pair-facts", 1), ("ack", 0),
    ]  # fmt: skip
    (record,) = memory.on("link-log")
    fact = decode_fact(record.value)
    assert (fact.kind, fact.tenant, fact.id, record.key.decode()) == ("interval", "acme", "a", fact.key())
    assert decode_interval(bytes(fact.body)).seconds == 60


@pytest.mark.parametrize("key", [b"*/a", b"/a", b"a", b"a|b/a", b"a\nb/a"])
def test_a_key_without_a_tenant_is_parked_for_the_default_tenant(key: bytes) -> None:
    memory = Memory()
    hop = Hop(pair_plan(0), memory, len)
    asyncio.run(hop.take(memory.batch(Read(key, encode_cloudevent(STOP)), topic="events.session")))
    (item,) = [decode_parked(record.value) for record in memory.on("parked")]
    assert (item.tenant, item.reason, item.key) == ("main", "wrong_shape", key)


def test_work_becomes_a_fact_whose_revision_is_its_version() -> None:
    work = Work(tenant="acme", id="w", kind="remote_session")
    output = link_plan(0).emit(77, work)
    fact = decode_fact(output.record.value)
    assert (output.topic, output.tenant, fact.kind, fact.rev) == ("rate-log", "acme", "work", 77)
    assert decode_work(bytes(fact.body)) == work


def test_an_entry_carries_its_version_under_its_identity() -> None:
    entry = Entry(tenant="acme", identity=Identity("client", "2026-03", "w"))
    output = rate_plan(0).emit(78, entry)
    assert (output.topic, output.tenant, output.record.key.decode()) == ("entries", "acme", entry.id)
    assert decode_entry(output.record.value).version == 78


def test_copy_sends_the_same_bytes_to_both_logs_in_order() -> None:
    memory = Memory()
    body = encode_decision(Decision(kind="approve"))
    facts = [CLIENT, *(Fact(kind="decision", tenant="main", id=id_, body=body) for id_ in ("d1", "d2"))]
    asyncio.run(copy.Copy(memory, lambda tenant: 3).take(memory.batch(*map(read, facts), topic="decisions")))
    for topic in ("link-log", "rate-log"):
        assert memory.on(topic) == [Record(fact.key().encode(), encode_fact(fact)) for fact in facts]
    assert memory.written[-1][0] == "ack"


def test_copy_parks_what_no_hop_could_read() -> None:
    memory = Memory()
    copied = copy.Copy(memory, lambda tenant: 0)
    broken = Read(b"main|object|client/x|1|0", b'{"kind":"object","tenant":"main","id":"client/x","body":{"data":7}}')
    asyncio.run(copied.take(memory.batch(broken, read(CLIENT), topic="catalog")))
    (item,) = [decode_parked(record.value) for record in memory.on("parked")]
    assert (item.tenant, item.reason, item.value) == ("main", "wrong_shape", broken.value)
    assert len(memory.on("link-log")) == len(memory.on("rate-log")) == 1
    counts = copied.counts()
    assert (counts.received, counts.done, counts.parked) == (2, 1, 1)


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (Read(None, b"{}"), "missing_key"),
        (Read(b"main|x", b""), "empty_value"),
        (Read(b"main|x", b"{"), "not_json"),
        (Read(b"main|x", b"\xff"), "not_json"),
        (Read(b"main|x", b'{"kind":"spell","tenant":"main","id":"x"}'), "unknown_schema"),
        (Read(b"main|x", b'{"kind":"work","tenant":"main","id":"x","schema":9}'), "unknown_schema"),
        (Read(b"other|x", b'{"kind":"decision","tenant":"main","id":"x"}'), "wrong_tenant"),
        (Read(b"*|x", b'{"kind":"decision","tenant":"*","id":"x"}'), "wrong_tenant"),
        (Read(b"main|x", b'{"kind":"mark","tenant":"main","id":"mark"}'), "wrong_tenant"),
        (Read(b"main|x", b'{"kind":"interval","tenant":"main","id":"x","body":{}}'), "wrong_shape"),
        (Read(b"main|x", b'{"kind":"object","tenant":"main","id":"cat/x","body":{}}'), "wrong_shape"),
        (Read(b"main|x", b'{"kind":"release","tenant":"main","id":"x","body":[]}'), "wrong_shape"),
    ],
)
def test_a_record_that_is_no_fact_says_why(record: Read, reason: str) -> None:
    problem = decode_record(record)
    assert isinstance(problem, Problem), problem
    assert problem.reason == reason, problem


def test_a_good_fact_is_decoded_once_and_whole() -> None:
    assert decode_record(read(CLIENT)) == ("main", msgspec.json.decode(encode_fact(CLIENT), type=Fact))
