"""The demo month on real Kafka and the real engine: one ledger, whatever order, repetition, workers and deaths."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import pytest
from msgspec.structs import replace

from jobs.ledger import Ledger
from streams.models.entry import decode_entry
from tests.integration.conftest import Reference
from tests.integration.rows import assert_same
from tests.oracle.book import read_folder
from tests.oracle.kernel import kernel_entries

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

Row = dict[str, Any]
Span = tuple[datetime, datetime]

DIFFERENCES = """
SELECT 'seconds' AS what, count() AS rows, sum(abs(difference)) AS off FROM conservation WHERE difference != 0
UNION ALL SELECT 'segments', count(), sum(abs(segment_difference)) FROM conservation WHERE segment_difference != 0
UNION ALL SELECT 'amounts', count(), sum(abs(amount_difference)) FROM conservation WHERE amount_difference != 0
UNION ALL SELECT 'work', count(), sum(abs(difference)) FROM work_conservation WHERE difference != 0
"""
WORK = """
SELECT id, seconds, if(technician = '', who, technician) AS person,
    hasAny(flags, ['estimated_end', 'superseded', 'pauses_unplaced']) AS guessed,
    arrayZip(`spans.started_at`, `spans.ended_at`) AS spans, arrayZip(`proof.interval`, `proof.seconds`) AS proof
FROM work_live WHERE state = 'done'
"""
INTERVALS = """
SELECT id, seconds, ended_at IS NULL AS open, arrayZip(`spans.started_at`, `spans.ended_at`) AS spans
FROM intervals_live WHERE kind != 'script_run'
"""


def test_the_ledger_is_that_of_the_kernel_in_memory(reference: Reference) -> None:
    month = reference.month
    rows = kernel_entries(
        month.events, read_folder(month.folder / "catalogue"), month.directory, mark=int(time.time()), batch=20_000
    )
    with Ledger(reference.pipeline.settings) as ledger:
        held = {entry.id: replace(entry, version=0) for entry in ledger.entries(trail=True)}
    expected = {id_: replace(entry, version=0) for id_, entry in rows.items()}
    different = [(held.get(id_), expected.get(id_)) for id_ in sorted(held.keys() | rows.keys())
                 if held.get(id_) != expected.get(id_)]  # fmt: skip
    assert not different, f"{len(different)} rows differ, the first:\n{different[0][0]}\n{different[0][1]}"


def test_every_second_of_the_month_is_accounted_for(reference: Reference) -> None:
    assert [row for row in reference.pipeline.query(DIFFERENCES) if row["rows"]] == []
    works = reference.pipeline.query(WORK)
    (sums,) = reference.pipeline.query("SELECT sum(worked_seconds) AS worked FROM entries_live")
    assert sum(work["seconds"] for work in works) == sums["worked"] > 0
    account(works, {row["id"]: row for row in reference.pipeline.query(INTERVALS)})


def account(works: list[Row], intervals: dict[str, Row]) -> None:
    """Each second of work rests on evidence; each of evidence is in its work, or under other work of its person.

    ``guessed``: where an end was estimated or a pause has no place, the spans do not tell.
    """
    placed: dict[str, int] = defaultdict(int)
    covers: dict[str, list[Span]] = defaultdict(list)
    people: dict[str, str] = {}
    guessed: set[str] = set()
    for work in works:
        covers[work["person"]] += work["spans"]
        work["guessed"] |= any(intervals[id_]["open"] for id_, _ in work["proof"])
        evidence = [span for id_, _ in work["proof"] for span in intervals[id_]["spans"]]
        if not work["guessed"]:
            assert shared(work["spans"], evidence) == work["seconds"], work
        for id_, seconds in work["proof"]:
            people[id_] = work["person"]
            guessed |= {id_} if work["guessed"] else set()
            placed[id_] += seconds
            if not work["guessed"]:
                assert shared(work["spans"], intervals[id_]["spans"]) == seconds, (work, intervals[id_])
    assert len(placed) > 0.9 * len(intervals)
    assert len(guessed) < 0.15 * len(intervals)
    for id_, seconds in placed.items():
        if id_ not in guessed:
            assert shared(intervals[id_]["spans"], covers[people[id_]]) == intervals[id_]["seconds"] >= seconds


def shared(some: Iterable[Span], others: Iterable[Span]) -> int:
    """Seconds that lie in both; each side may overlap itself."""
    total, rest = 0.0, union(others)
    for start, end in union(some):
        total += sum((min(end, b) - max(start, a)).total_seconds() for a, b in rest if a < end and b > start)
    return int(total)


def union(spans: Iterable[Span]) -> list[Span]:
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def test_every_hop_accounts_for_what_it_received(reference: Reference) -> None:
    assert set(reference.hops) == {"pair", "link", "rate", "copy", "write"}
    for name, hop in reference.hops.items():
        assert hop["received"] == hop["done"] + hop["waiting"] + hop["parked"] > 0, (name, hop)
    assert reference.hops["pair"]["received"] == len({event.fact_key() for event in reference.month.events})
    read = reference.month.report
    assert read.read == sum(
        sum(counts.values()) for counts in (read.accepted, read.directory, read.skipped, read.parked)
    )
    assert len(reference.contents["parked_live"]) == read.parked.total() > 0


def test_all_of_it_read_again_by_a_worker_without_memory_changes_nothing(reference: Reference) -> None:
    pipeline = reference.pipeline
    versions = {row["id"]: row["version"] for row in pipeline.query("SELECT id, version FROM entries_live")}
    ends = pipeline.ends("entries")
    pipeline.forget()
    pipeline.start_all()
    pipeline.settle()
    pipeline.stop_all()
    assert_same(pipeline.contents(), reference.contents)
    assert pipeline.ledger_hash() == reference.hash
    last = {entry.id: entry.version for entry in map(decode_entry, _values(reference, ends))}
    assert not [id_ for id_, version in versions.items() if last[id_] < version]


def _values(reference: Reference, ends: dict[int, int]) -> list[bytes]:
    return [record.value for record in reference.pipeline.records("entries", ends)]
