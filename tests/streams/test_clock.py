"""The scheduler marks every partition of both logs, at start and again and again, and stops when asked."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.models.fact import decode_fact
from tests.streams.rig import Rig, ends_with, wait_for

pytestmark = pytest.mark.integration


@pytest.fixture
def rig(kafka: str, topic_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    monkeypatch.setenv("EVERYMINUTE_MARK_SECONDS", "1")
    made = Rig(kafka, topic_prefix, tmp_path, partitions=3)
    yield made
    made.close()


def test_every_partition_gets_each_mark(rig: Rig) -> None:
    process = rig.worker("clock", command=("-m", "streams.app", "clock"))
    wait_for(lambda: len(rig.records("rate-log")) >= 6, "no second mark came")
    process.send_signal(signal.SIGTERM)
    ends_with(process, 0, seconds=10)
    for topic in ("link-log", "rate-log"):
        marks: dict[int, list[int]] = {}
        for record in rig.records(topic):
            fact = decode_fact(record.value)
            assert (fact.kind, fact.tenant, record.key.decode()) == ("mark", "*", fact.key())
            marks.setdefault(record.partition, []).append(fact.rev)
        assert set(marks) == {0, 1, 2}
        assert len(set(map(tuple, marks.values()))) == 1
        assert marks[0] == sorted(marks[0])
