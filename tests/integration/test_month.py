"""The demo month on real Kafka and the real engine: one ledger, whatever order, repetition, workers and deaths."""

from __future__ import annotations

import time

import pytest
from msgspec.structs import replace

from jobs.ledger import Ledger
from streams.models.entry import decode_entry
from tests.integration.conftest import Reference
from tests.integration.pipeline import assert_same
from tests.oracle.book import read_folder
from tests.oracle.kernel import kernel_entries

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

DIFFERENCES = """
SELECT 'seconds' AS what, count() AS rows, sum(abs(difference)) AS off FROM conservation WHERE difference != 0
UNION ALL SELECT 'segments', count(), sum(abs(segment_difference)) FROM conservation WHERE segment_difference != 0
UNION ALL SELECT 'amounts', count(), sum(abs(amount_difference)) FROM conservation WHERE amount_difference != 0
UNION ALL SELECT 'work', count(), sum(abs(difference)) FROM work_conservation WHERE difference != 0
"""
SECONDS = """
WITH guessed AS (SELECT arrayJoin(`proof.interval`) AS id FROM work_live WHERE has(flags, 'estimated_end'))
SELECT
    (SELECT sum(seconds) FROM intervals_live WHERE kind != 'script_run') AS evidence,
    (SELECT sum(seconds) FROM work_live WHERE state = 'done') AS work,
    (SELECT sum(worked_seconds) FROM entries_live) AS worked,
    sum(placed_seconds) AS placed,
    sumIf(absorbed_seconds, absorbed_seconds > 0 AND kind != 'script_run') AS absorbed,
    sumIf(-absorbed_seconds, absorbed_seconds < 0) AS estimated,
    countIf(absorbed_seconds < 0 AND interval NOT IN guessed) AS invented,
    countIf(kind = 'script_run' AND placed_seconds != 0) AS runs_placed
FROM (SELECT * FROM evidence_conservation) AS proof
LEFT JOIN (SELECT id, kind FROM intervals_live) AS leaf ON leaf.id = proof.interval
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
    (sums,) = reference.pipeline.query(SECONDS)
    print(sums)
    assert sums["evidence"] + sums["estimated"] == sums["placed"] + sums["absorbed"]
    assert sums["placed"] == sums["work"] == sums["worked"] > 0
    assert (sums["invented"], sums["runs_placed"]) == (0, 0)


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
