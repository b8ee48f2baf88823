"""The hash of a ledger: of what holds, and of nothing else."""

import random

import msgspec
import pytest

from jobs.ledger import ledger_hash
from sinks.memory import MemorySink
from sinks.rows import entry_row
from sinks.tables import ENTRIES
from streams.models.entry import Entry
from tests.jobs.ledger.conftest import LEAKS, W1, W2, W3, Run
from tests.sinks.builders import entry, void

HOLDS = (W1, W2, W3, *LEAKS)


def hash_of(*entries: Entry) -> str:
    """Of a ledger in memory that was written in this order."""
    sink = MemorySink()
    for one in entries:
        sink.write(ENTRIES, [entry_row(one)])
    return ledger_hash(sink.entries())[0]


def test_order_repetition_versions_and_void_rows_do_not_matter() -> None:
    history = [*HOLDS, *HOLDS, entry("w1", version=1), entry("w8", version=1), void("w8")]
    random.Random(7).shuffle(history)
    later = [msgspec.structs.replace(one, version=one.version + 5) for one in HOLDS]
    assert hash_of(*HOLDS) == hash_of(*history) == hash_of(*later)


@pytest.mark.parametrize("field", ["amount", "trail", "flags", "zone", "proof", "technician"])
def test_every_part_of_a_row_matters(field: str) -> None:
    other = {"amount": 0, "trail": (), "flags": (), "zone": "UTC", "proof": (), "technician": "eve"}
    plain = msgspec.structs.replace(W1, segments=())
    assert hash_of(plain) != hash_of(msgspec.structs.replace(plain, **{field: other[field]}))


@pytest.mark.integration
def test_the_store_and_memory_have_the_same_hash(run: Run) -> None:
    said = run("ledger", "hash", "--format", "json").json()
    assert said == {"sha256": hash_of(*HOLDS), "entries": len(HOLDS), "client": None, "period": None}
    april = run("ledger", "hash", "--period", "2026-04").out
    assert april == f"{hash_of(W3)}  entries: 1\n"
