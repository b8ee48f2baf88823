"""Every private member of Faust and aiokafka that streams/hardened.py leans on. Fails first when one changes."""

import ast
import asyncio
import inspect
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import faust
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from faust.stores import memory
from faust.tables.recovery import Recovery
from faust.transport import conductor
from faust.transport import consumer as transport
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage

from streams import hardened
from streams.hardened import FactTable, HardConsumer, HardProducer, HardTopic, HardTransport
from streams.hop import Hop
from streams.lane import Lane
from streams.settings import Settings
from streams.shell import new_app
from tests.streams.world import Memory, tally_plan

STREAMS = Path(hardened.__file__).parent


@pytest.fixture
def app(tmp_path: Path) -> Any:
    return new_app(Settings(home=tmp_path, kafka="127.0.0.1:1"))


def parameters(function: Any) -> list[str]:
    return list(inspect.signature(function).parameters)


def source(of: Any) -> str:
    return inspect.getsource(of)


def private_names(path: Path) -> set[str]:
    """Attributes with one leading underscore that are read, written or overridden on foreign objects or classes."""
    tree = ast.parse(path.read_text())
    named = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    named |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    return {name for name in named if name.startswith("_") and not name.startswith("__")}


OURS = {"_exit", "_hop", "_changelog", "_owned", "_app", "_prefix", "_message", "_acknowledge"}
TESTED_HERE = {
    "_compile_decode", "_create_event", "_on_published", "_settings_extra", "_create_worker_consumer",
    "_fetch_max_wait_ms", "_new_consumer_thread", "_get_active_partitions", "_getmany", "_seek", "_read_offset",
    "_is_changelog_tp", "_committed_offset", "_filter_tps_with_pending_acks", "_new_offset", "_acked",
    "_acked_index", "_new_store", "_ensure_producer", "_CStreamIterator", "_txn_manager", "_records_iterator",
    "_consumer_record", "_partition_records", "_consumer", "_fetcher", "_records",
}  # fmt: skip


def test_this_list_is_complete() -> None:
    assert private_names(STREAMS / "hardened.py") - OURS == TESTED_HERE


def test_no_other_file_with_faust_touches_private_members() -> None:
    assert private_names(STREAMS / "shell.py") == set()
    assert private_names(STREAMS / "app.py") == set()


def test_the_compiled_iterator_is_there() -> None:
    assert faust.streams._CStreamIterator is not None


def test_a_topic_lets_raw_values_through_whatever_they_are(app: Any) -> None:
    value = [b"\xff", None]
    message = ConsumerMessage("t", 0, 7, None, None, (), None, value, None, None, None, TP("t", 0))

    async def decoded() -> Any:
        topic = app.topic("t", key_type=bytes, value_type=bytes)
        return await topic.clone_using_queue(asyncio.Queue()).decode(message)  # as tables and agents clone it

    event = asyncio.run(decoded())
    assert event.value is value
    assert event.message is message
    assert "chan.decode(message" in source(conductor)


def test_a_failed_delivery_reaches_the_topic(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert parameters(faust.Topic._on_published) == ["self", "fut", "message", "producer", "state"]
    stopped: list[str] = []
    monkeypatch.setattr(hardened, "fail_stop", stopped.append)
    monkeypatch.setattr(faust.Topic, "_on_published", lambda *_: None)

    async def publish() -> None:
        failed: asyncio.Future[Any] = asyncio.Future()
        failed.set_exception(TimeoutError())
        app.topic("t")._on_published(failed, None, None, None)

    asyncio.run(publish())
    assert len(stopped) == 1


def test_the_producer_is_idempotent_and_waits_for_all_replicas(app: Any) -> None:
    async def made() -> Any:
        producer = app.producer
        assert type(producer) is HardProducer
        return producer._new_producer()

    producer = asyncio.run(made())
    assert producer._txn_manager is not None
    assert producer._txn_manager.transactional_id is None
    assert producer._sender._acks == -1
    assert "_settings_extra" in source(driver.Producer._new_producer)
    assert parameters(driver.Producer._ensure_producer) == ["self"]
    assert parameters(AIOKafkaProducer.send_batch) == ["self", "batch", "topic", "partition"]


def test_the_fetch_wait_is_read_when_the_consumer_starts() -> None:
    assert "self._fetch_max_wait_ms" in source(AIOKafkaConsumer.start)
    assert parameters(driver.AIOKafkaConsumerThread._create_worker_consumer) == ["self", "transport"]
    assert parameters(driver.Consumer._new_consumer_thread) == ["self"]


def test_fetched_records_stay_as_they_were_unpacked() -> None:
    builder = BatchBuilder(4096, 0)
    for number in range(5):
        builder.append(timestamp=None, key=b"k", value=str(number).encode(), headers=[("h", b"1")])
    place = TopicPartition("t", 0)
    arguments: Any = (MemoryRecords(bytes(builder._build())), [], 1, None, None, True, fetcher.READ_UNCOMMITTED)
    positions: list[int] = []
    state = SimpleNamespace(paused=False, position=1, consumed_to=positions.append)
    assignment = SimpleNamespace(active=True, state_value=lambda tp: state)
    results = hardened.RawResults()
    results[place] = fetcher.FetchResult(
        place, assignment=assignment, partition_records=fetcher.PartitionRecords(place, *arguments), backoff=0
    )
    first = results[place].getall(2)
    state.position = 3
    rest = results[place].getall(10)
    assert [(each.offset, each.key, each.value, list(each.headers)) for each in (*first, *rest)] == [
        (number, b"k", str(number).encode(), [("h", b"1")]) for number in range(1, 5)
    ]
    assert positions == [3, 5]
    assert not results[place].has_more()


def test_the_fetcher_keeps_its_results_where_they_are_exchanged() -> None:
    assert "self._records = collections.OrderedDict()" in source(fetcher.Fetcher.__init__)
    assert "self._records[tp] = FetchResult(" in source(fetcher.Fetcher._proc_fetch_request)
    assert "type(res_or_error) is FetchResult" in source(fetcher.Fetcher.fetched_records)
    assert "self._fetcher = Fetcher(" in source(AIOKafkaConsumer.start)
    assert "await self._consumer.start()" in source(driver.AIOKafkaConsumerThread.on_start)


def test_the_transports_classes_are_those_that_run(app: Any) -> None:
    assert type(app.transport) is HardTransport
    assert "self.Consumer(" in source(driver.Transport.create_consumer)
    assert "self.Producer(" in source(driver.Transport.create_producer)
    assert app.conf.Topic is HardTopic


def test_faust_drains_through_getmany_and_drops_nothing_while_the_read_offset_is_unknown() -> None:
    drain = source(transport.Consumer._drain_messages)
    assert "getmany = self.getmany" in drain
    assert "if r_offset is None or offset >= r_offset" in drain
    assert "if gap > 1 and r_offset" in drain
    assert "suspend_flow.wait()" in drain
    assert parameters(transport.Consumer._getmany) == ["self", "active_partitions", "timeout"]
    assert parameters(transport.Consumer._get_active_partitions) == ["self"]
    assert parameters(driver.Consumer._seek) == ["self", "partition", "offset"]


def test_the_commit_asks_for_new_offsets_partition_by_partition() -> None:
    assert "self._filter_tps_with_pending_acks(topics)" in source(transport.Consumer.force_commit)
    assert "self._new_offset(tp)" in source(transport.Consumer._filter_committable_offsets)
    assert parameters(transport.Consumer._new_offset) == ["self", "tp"]
    assert "offset > committed" in source(transport.Consumer._should_commit)


def test_a_seek_to_committed_is_where_recovery_ends() -> None:
    assert "consumer.perform_seek()" in source(Recovery.on_recovery_completed)
    assert "consumer.perform_seek()" in source(Recovery._resume_streams)
    assert "self._read_offset" in source(transport.Consumer.perform_seek)
    assert "_committed_offset" in source(transport.Consumer.perform_seek)
    assert parameters(transport.Consumer._is_changelog_tp) == ["self", "tp"]


def test_stock_books_are_what_acks_fill(app: Any) -> None:
    consumer = object.__new__(HardConsumer)
    consumer.lanes = defaultdict(Lane)
    consumer._acked, consumer._acked_index = {"tp": [1, 2]}, {"tp": {1, 2}}
    consumer.lanes["tp"].hand_out(0, 9).acknowledged = True
    assert consumer._new_offset("tp") == 10
    assert (consumer._acked, consumer._acked_index) == ({}, {})
    assert "self._acked[tp]" in source(transport.Consumer.ack)
    assert "self._acked_index[tp]" in source(transport.Consumer.ack)


def test_revocation_waits_for_steps_under_way_before_the_lanes_are_forgotten() -> None:
    assert "self._on_partitions_revoked" in source(transport.Consumer.on_partitions_revoked)
    assert "_consumer_wait_empty" in source(faust.App._on_partitions_revoked)


def test_a_state_and_how_far_it_was_restored_are_forgotten_together(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Faust's recovery leaves `on_rebalance` early when another rebalance has overtaken it, and revokes nothing."""
    stopped: list[str] = []
    monkeypatch.setattr(hardened, "fail_stop", stopped.append)
    place, hop = TP("facts", 0), Hop(tally_plan(), Memory(), lambda tenant: 0)
    topic = app.topic("facts", key_type=bytes, value_type=bytes, acks=False)
    table = FactTable(app, hop=hop, name="pair", changelog_topic=topic)

    async def rebalanced() -> None:
        recovery = app.tables.recovery
        app.consumer.earliest_offsets = earliest
        recovery.active_offsets[place] = 41
        app.consumer.sought[place] = 0
        await table.data.on_rebalance({place}, set(), {place}, generation_id=7)
        await recovery.on_rebalance({place}, set(), {place}, generation_id=7)  # not the app's generation: returns
        assert place not in recovery.active_offsets
        await table.data.on_recovery_completed({place}, set())  # of the rebalance that was overtaken
        assert hop.unrestored == {0}
        app.consumer.sought[place] = 3
        await table.data.on_recovery_completed({place}, set())
        assert hop.unrestored == set()
        app.consumer.sought[place] = 41  # a tail
        await table.data.on_recovery_completed({place}, set())

    async def earliest(*places: Any) -> dict[Any, int]:
        return dict.fromkeys(places, 3)

    asyncio.run(rebalanced())
    assert stopped == ["facts/0 was restored from 41, its first record is 3"]
    assert "if generation_id != app.consumer_generation_id:" in source(Recovery.on_rebalance)
    assert "consumer.seek_wait(new_offsets)" in source(Recovery._seek_offsets)
    assert parameters(driver.Consumer.seek_wait) == ["self", "partitions"]


def test_recovery_swallows_errors_and_says_so_in_these_words() -> None:
    assert 'logger.warning(f"Error in recovery {ex}")' in source(Recovery._slurp_changelogs.fun)
    assert "apply_changelog_batch(buf)" in source(Recovery._slurp_changelogs.fun)


def test_a_table_asks_for_its_store_and_tells_it_of_rebalances(app: Any) -> None:
    assert "self._new_store()" in source(faust.tables.base.Collection.data.fget)
    names = ["self", "assigned", "revoked", "newly_assigned", "generation_id"]
    assert parameters(faust.tables.base.Collection.on_rebalance) == names
    assert parameters(memory.Store.apply_changelog_batch) == ["self", "batch", "to_key", "to_value"]
    topic = app.topic("facts", key_type=bytes, value_type=bytes, acks=False)
    table = FactTable(app, hop=None, name="pair", changelog_topic=topic)  # type: ignore[arg-type]
    assert type(table.data) is hardened.FactStore
    assert table.persisted_offset(TP("facts", 0)) is None
