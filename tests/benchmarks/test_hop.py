"""The harness of the durable hop: everybody who can run here does the job and gets its sums right. No timing."""

import asyncio
import tempfile
from pathlib import Path

import pytest

from benchmarks.hop.__main__ import QUICK_EVENTS, Bench, prepare_java, quick
from benchmarks.hop.contenders import CONTENDERS, OURS, STREAMS, jars_are_here
from benchmarks.hop.job import OPEN, make
from benchmarks.hop.race import Result
from benchmarks.hop.report import lines, verdicts
from streams.agents.pair import decode_record
from streams.models.event import Event
from tests.kafka_fixture import kafka

__all__ = ["kafka"]


class Read:
    offset = 0
    headers = ()

    def __init__(self, key: bytes, value: bytes) -> None:
        self.key = key
        self.value = value


def test_the_job_s_events_are_real_ones_of_about_300_bytes() -> None:
    job = make(2000)
    decoded = [decode_record(Read(record.key, record.value)) for record in job.records]
    events = [found[1] for found in decoded if isinstance(found, tuple)]
    assert len(events) == 2000
    assert all(isinstance(event, Event) for event in events)
    assert len(events) - 2 * len(job.pairs) == OPEN
    assert all(280 <= len(record.value) <= 340 for record in job.records)
    assert make(500).records == job.records[:500]


def test_the_bar_is_missed_by_whoever_is_slower() -> None:
    peer = [Result(rate=1000.0, cpu=20.0, pairs=1, seconds=1)]
    for rate, met in ((999.0, False), (1000.0, True)):
        ours = [Result(rate=rate, cpu=11.0, pairs=1, seconds=1)]
        found = verdicts(lines({OURS: ours, STREAMS: peer}, {OURS: 1, STREAMS: 1}, {}))
        assert [each for each, _ in found] == [True, met]


@pytest.mark.integration
def test_every_contender_that_can_run_pairs_the_same_sessions(kafka: str) -> None:
    able = [each for each in CONTENDERS if not each.missing() and (each.name != STREAMS or jars_are_here())]
    with tempfile.TemporaryDirectory(prefix="everyminute-bench-") as name:
        prepare_java(able, Path(name))
        bench = Bench(kafka, Path(name), QUICK_EVENTS)
        results = asyncio.run(quick(bench, able))
    assert set(results) == {each.name for each in able}
    for each in able:
        pairs = bench.job.pairs[: bench.job.pairs_within(bench.count(each))]
        assert (results[each.name].pairs, results[each.name].seconds) == (len(pairs), sum(s for _, s in pairs))
