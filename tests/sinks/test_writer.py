"""The writer on a real broker and the real engine: nothing lost, nothing twice, whatever breaks."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

import streams.parking
from sinks import decode
from sinks.clickhouse import ClickHouseSink
from sinks.insert import Patience
from sinks.rows import entry_of
from sinks.store import StoreError
from sinks.tables import ENTRIES, INTERVALS, PARKED, WORK
from sinks.writer import Writer
from streams.models.entry import Entry, encode_entry
from streams.models.fact import Fact, FactKind, encode_fact
from streams.models.interval import encode_interval
from streams.models.parked import Parked, decode_parked, encode_parked
from streams.models.work import encode_work
from streams.settings import Settings
from tests.engine_fixture import EngineProcess, until
from tests.kafka_fixture import create_topics
from tests.sinks.builders import clear, entry, interval, parked, plant, planted, void, work

pytestmark = pytest.mark.integration
HASTY = Patience(unknown=10.0, overload=10.0, first_wait=0.02, longest_wait=0.1, bad_rows=5)
Sent = tuple[str, bytes, bytes]


@pytest.fixture
def stack(settings: Settings, kafka: str, topic_prefix: str) -> Settings:
    """Settings with topics of their own, two partitions each."""
    made = settings.model_copy(update={"kafka": kafka, "topic_prefix": topic_prefix, "partitions": 2})
    create_topics(kafka, [made.topic(name) for name in decode.TOPICS], partitions=2)
    return made


def send(settings: Settings, records: Sequence[Sent], headers: Sequence[tuple[str, bytes]] = ()) -> None:
    """Records (topic, key, value), acknowledged, in order, to the partition of their key."""

    async def go() -> None:
        async with AIOKafkaProducer(bootstrap_servers=settings.kafka, acks="all", linger_ms=5) as producer:
            sent = [
                await producer.send(settings.topic(t), value, key=key, headers=list(headers))
                for t, key, value in records
            ]
            await asyncio.gather(*sent)

    asyncio.run(go())


def entries(*some: Entry) -> list[Sent]:
    return [("entries", one.id.encode(), encode_entry(one)) for one in some]


def fact(kind: FactKind, id: str, rev: int, body: bytes) -> bytes:
    import msgspec

    return encode_fact(Fact(kind=kind, tenant="main", id=id, rev=rev, body=msgspec.Raw(body)))


@contextlib.contextmanager
def writing(settings: Settings, patience: Patience = HASTY) -> Iterator[list[BaseException]]:
    """A writer in a thread; what it raised is in the list once it has ended."""
    sink = ClickHouseSink(settings)
    writer = Writer(settings, sink, patience)
    raised: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(writer.run())
        except Exception as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield raised
    finally:
        writer.stop()
        thread.join(timeout=60)
        sink.close()
        assert not thread.is_alive()


def live(sink: ClickHouseSink) -> list[Entry]:
    return [entry_of(ENTRIES.named(row)) for row in sink.live(ENTRIES)]


def committed(settings: Settings) -> int:
    """Offsets of the writer's group, added up."""

    async def go() -> int:
        group = settings.topic("writer")
        async with AIOKafkaConsumer(bootstrap_servers=settings.kafka, group_id=group) as consumer:
            places = [TopicPartition(settings.topic(name), n) for name in decode.TOPICS for n in (0, 1)]
            return sum([await consumer.committed(place) or 0 for place in places])

    return asyncio.run(go())


def topic(settings: Settings, name: str, count: int) -> list[Parked]:
    """The first ``count`` records of `parked`."""

    async def go() -> list[Parked]:
        found: list[Parked] = []
        async with AIOKafkaConsumer(
            settings.topic(name), bootstrap_servers=settings.kafka, auto_offset_reset="earliest"
        ) as consumer:
            async with asyncio.timeout(20):
                while len(found) < count:
                    found.append(decode_parked((await consumer.getone()).value))
        return found

    return asyncio.run(go())


def counters(settings: Settings) -> dict[str, Any]:
    """The writer's run file."""
    found: dict[str, Any] = json.loads((settings.home / "run" / "writer.json").read_text())
    return found


def eventually(condition: Callable[[], bool], what: str) -> None:
    until(30, condition, what)


def test_every_topic_reaches_its_table_and_old_versions_and_repetitions_change_nothing(
    stack: Settings, ledger: ClickHouseSink
) -> None:
    newest = entry("w1", version=3 << 24, who="third")
    records = [
        *entries(entry("w1", version=2 << 24), newest, entry("w1", version=1 << 24), entry("w2"), void("w2")),
        ("link-log", b"main|interval|i1", fact("interval", "i1", 7, encode_interval(interval()))),
        ("link-log", b"main|mark|mark", fact("mark", "mark", 9, b"null")),
        ("rate-log", b"main|work|w1", fact("work", "w1", 8, encode_work(work()))),
        ("parked", b"p", encode_parked(parked())),
    ]
    send(stack, records * 2)
    with writing(stack) as raised:
        eventually(lambda: committed(stack) == 2 * len(records), "everything is committed")
    assert not raised
    assert live(ledger) == [newest]
    assert [INTERVALS.named(row)["version"] for row in ledger.live(INTERVALS)] == [7]
    assert [WORK.named(row)["version"] for row in ledger.live(WORK)] == [8]
    assert [PARKED.named(row)["value"] for row in ledger.live(PARKED)] == [b"\xff\x00 not json"]
    told = counters(stack)
    assert told["received"] == told["done"] + told["waiting"] + told["parked"] == 2 * len(records)
    assert told["tables"] == {"entries": 10, "intervals": 2, "work": 2, "parked": 2}


def test_a_lost_acknowledgement_leaves_one_row_each(
    stack: Settings, ledger: ClickHouseSink, engine: EngineProcess
) -> None:
    wanted = [entry(f"w{n:03}") for n in range(100)]
    plant(engine, action="reset_after", match="^INSERT INTO \\W?entries", times=3)
    send(stack, entries(*wanted))
    with writing(stack) as raised:
        eventually(lambda: committed(stack) == 100, "everything is committed")
    assert not raised
    assert planted(engine)[0]["hits"] == 3
    assert live(ledger) == wanted


def test_an_overloaded_store_is_waited_for_and_nothing_is_committed_meanwhile(
    stack: Settings, ledger: ClickHouseSink, engine: EngineProcess
) -> None:
    plant(engine, action="status", match="^INSERT INTO \\W?entries", status=503, times=1_000_000)
    send(stack, entries(entry()))
    with writing(stack) as raised:
        eventually(lambda: planted(engine)[0]["hits"] >= 3, "the writer tries again")
        assert committed(stack) == 0
        told = counters(stack)["updated"]
        eventually(lambda: counters(stack)["updated"] > told, "a writer that waits says that it is alive")
        clear(engine)
        eventually(lambda: committed(stack) == 1, "it is committed")
    assert not raised
    assert live(ledger) == [entry()]


def test_patience_ends_with_a_stop_and_without_a_commit(
    stack: Settings, ledger: ClickHouseSink, engine: EngineProcess
) -> None:
    plant(engine, action="status", match="^INSERT INTO \\W?entries", status=503, times=1_000_000)
    send(stack, entries(entry()))
    with writing(stack, Patience(unknown=0.2, overload=0.2, first_wait=0.05)) as raised:
        eventually(lambda: bool(raised), "the writer stops")
    assert isinstance(raised[0], StoreError)
    assert raised[0].kind == "unknown"
    assert committed(stack) == 0


def test_one_bad_row_is_parked_with_its_bytes_and_its_neighbours_are_written(
    stack: Settings, ledger: ClickHouseSink
) -> None:
    good = [entry(f"w{n:03}") for n in range(64)]
    bad = entry("w030x", amount=1)
    send(stack, entries(*good[:30], bad, *good[30:]))
    with writing(stack) as raised:
        eventually(lambda: bool(ledger.live(PARKED)), "the bad row is in the table of parked items")
        eventually(lambda: committed(stack) == 66, "everything is committed, the parked item too")
    assert not raised
    assert live(ledger) == good
    (item,) = topic(stack, "parked", 1)
    assert (item.tenant, item.reason, item.topic) == ("main", "refused_by_store", "entries")
    assert (item.key, item.value, item.version) == (bad.id.encode(), encode_entry(bad), 1)
    assert "amount_is_the_sum_of_its_segments" in item.saw


@pytest.mark.parametrize(
    ("value", "reason"),
    [(b"{", "not_json"), (b'{"tenant":"main"}', "wrong_shape"), (b"", "empty_value")],
    ids=["cut short", "a field missing", "empty"],
)
def test_what_cannot_be_read_is_parked_and_the_next_record_is_written(
    stack: Settings, ledger: ClickHouseSink, value: bytes, reason: str
) -> None:
    send(stack, [("entries", b"k", value), *entries(entry())])
    with writing(stack) as raised:
        eventually(lambda: committed(stack) == 3, "everything is committed")
    assert not raised
    assert live(ledger) == [entry()]
    (item,) = topic(stack, "parked", 1)
    assert (item.tenant, item.reason, item.key, item.value) == ("main", reason, b"k", value)


def test_a_row_refused_again_after_a_replay_keeps_its_id_and_counts_the_attempt(
    stack: Settings, ledger: ClickHouseSink
) -> None:
    headers = [(decode.REPLAYED_ID, b"p-1"), (decode.REPLAYED_ATTEMPT, b"2")]
    send(stack, [("entries", b"k", b"{")], headers)
    with writing(stack):
        eventually(lambda: committed(stack) == 2, "everything is committed")
    (item,) = topic(stack, "parked", 1)
    assert (item.id, item.attempt, item.version) == ("p-1", 2, 5)


def test_replays_are_marked_with_the_same_headers_everywhere() -> None:
    theirs = (streams.parking.REPLAYED_ID, streams.parking.REPLAYED_ATTEMPT)
    assert theirs == (decode.REPLAYED_ID, decode.REPLAYED_ATTEMPT)


def test_too_many_bad_rows_stop_the_writer_before_it_drains_the_log(stack: Settings, ledger: ClickHouseSink) -> None:
    send(stack, entries(*(entry(f"w{n:03}", amount=1) for n in range(20))))
    with writing(stack) as raised:
        eventually(lambda: bool(raised), "the writer stops")
    assert "more than 5 bad rows" in str(raised[0])
    assert committed(stack) == 0
    assert ledger.live(PARKED) == []


def test_a_missing_table_stops_the_writer_and_parks_nothing(stack: Settings, ledger: ClickHouseSink) -> None:
    ledger.client().command("DROP TABLE entries")
    send(stack, entries(entry()))
    with writing(stack) as raised:
        eventually(lambda: bool(raised), "the writer stops")
    assert isinstance(raised[0], StoreError)
    assert raised[0].kind == "config"
    assert committed(stack) == 0


def command(settings: Settings, **more: str) -> subprocess.Popen[bytes]:
    """The writer as a process of its own."""
    own = {
        "HOME": str(settings.home), "KAFKA": settings.kafka, "TOPIC_PREFIX": settings.topic_prefix,
        "CLICKHOUSE_PORT": str(settings.clickhouse_port), "CLICKHOUSE_DATABASE": settings.clickhouse_database,
        "WRITE_ROWS": "100", "SESSION_TIMEOUT": "6", **more,
    }  # fmt: skip
    environment = os.environ | {f"EVERYMINUTE_{name}": value for name, value in own.items()}
    log = (settings.home / "writer.log").open("ab")
    with log:
        return subprocess.Popen(
            [sys.executable, "-m", "sinks.writer"], env=environment, stderr=log, cwd=Path(__file__).parents[2]
        )


@pytest.mark.parametrize("point", ["before_insert", "after_insert_before_commit"])
def test_killed_before_it_commits_it_goes_on_without_loss_or_repetition(
    stack: Settings, ledger: ClickHouseSink, point: str
) -> None:
    stack.home.mkdir(parents=True)
    wanted = [entry(f"w{n:03}") for n in range(300)]
    send(stack, entries(*wanted))
    dying = command(stack, TEST="1", CRASH_AT=f"write.{point}:2")
    assert dying.wait(timeout=60) == 137
    assert committed(stack) < 300
    again = command(stack)
    try:
        eventually(lambda: committed(stack) == 300, "the second writer commits everything")
    finally:
        again.send_signal(signal.SIGTERM)
        assert again.wait(timeout=30) == 0, (stack.home / "writer.log").read_text()
    assert live(ledger) == wanted


def test_without_tables_the_writer_does_not_start_and_says_what_to_do(stack: Settings) -> None:
    stack.home.mkdir(parents=True)
    process = command(stack)
    assert process.wait(timeout=30) == 1
    assert "python -m sinks.migrate" in (stack.home / "writer.log").read_text()


def test_a_second_writer_takes_its_share_and_no_row_is_lost_on_the_way(stack: Settings, ledger: ClickHouseSink) -> None:
    wanted = [entry(f"w{n:04}") for n in range(1000)]
    send(stack, entries(*wanted[:400]))
    few = stack.model_copy(update={"write_rows": 20})
    with writing(few) as first:
        eventually(lambda: committed(stack) > 0, "the first writer works")
        with writing(few.model_copy(update={"home": stack.home / "second"})) as second:
            send(stack, entries(*wanted[400:]))
            eventually(lambda: committed(stack) == 1000, "everything is committed")
    assert not first
    assert not second
    assert live(ledger) == wanted


def test_a_failure_during_a_rebalance_is_not_swallowed(settings: Settings) -> None:
    async def go() -> None:
        async def fail() -> None:
            raise StoreError("unknown", "the store is gone")

        writer = Writer(settings, ClickHouseSink(settings))
        writer._writing = asyncio.create_task(fail())
        await writer.hold()  # what the rebalance waits for
        await writer._settle()  # what the loop waits for

    with pytest.raises(StoreError, match="the store is gone"):
        asyncio.run(go())


def test_a_batch_whose_partitions_all_moved_away_is_left_to_their_new_owner(
    stack: Settings, ledger: ClickHouseSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows are stored, nothing is committed, and the writer goes on: whoever owns them now writes them again."""
    moved = threading.Event()
    own = AIOKafkaConsumer.assignment
    monkeypatch.setattr(AIOKafkaConsumer, "assignment", lambda self: frozenset() if moved.is_set() else own(self))
    send(stack, entries(*(entry(f"m{n}") for n in range(5))))
    moved.set()
    with writing(stack) as failed:
        eventually(lambda: len(ledger.live(ENTRIES)) == 5, "the rows are there")
        assert committed(stack) == 0
        moved.clear()
        send(stack, entries(entry("m9")))
        eventually(lambda: committed(stack) > 0, "and later ones are committed")
    assert not failed
