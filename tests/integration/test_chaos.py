"""The demo month again: twice, shuffled, in three parts, by two workers that keep dying; the ledger is the same."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.engine_fixture import EngineProcess
from tests.integration.audit import audit
from tests.integration.conftest import Reference
from tests.integration.month import TENANT, Part, shuffled
from tests.integration.pipeline import KILLED, Pipeline, Process, wait_for
from tests.integration.rows import assert_same

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

LEAST = 500  # records that nobody has acknowledged, when a process dies
BATCH = 1500  # of those that die: small, so that they die in the middle
PATIENCE = 90.0


class Deaths:
    """Watches processes die, and how much was not acknowledged just before."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.lags: dict[str, int] = {}  # by point

    def await_all(self, doomed: dict[str, Process]) -> None:
        """Until each has died at its point; ``doomed`` by point."""
        left = dict(doomed)
        deadline = time.monotonic() + PATIENCE
        while left:
            before = {"worker": self.pipeline.lag("worker"), "writer": self.pipeline.lag("writer")}
            for point, process in list(left.items()):
                if process.alive:
                    continue
                assert process.popen.returncode == KILLED, f"{process.name} ended: {self.pipeline.logs()}"
                self.note(point, before[process.role])
                del left[point]
            assert time.monotonic() < deadline, f"never reached: {', '.join(left)}\n{self.pipeline.logs()}"

    def note(self, point: str, lag: int) -> None:
        """``lag``: measured before the death, or after it with nobody else to acknowledge in between."""
        print(f"killed at {point}: {lag} records unacknowledged")
        assert lag >= LEAST, f"only {lag} records were unacknowledged at {point}"
        self.lags[point] = lag


def doomed(pipeline: Pipeline, *points: str) -> dict[str, Process]:
    """A worker for each point, to die there: of one that owns nothing yet, once the other is dead."""
    return {point: pipeline.start("worker", f"doomed at {point}", crash_at=point, batch=BATCH) for point in points}


def sent_to_sleep(pipeline: Pipeline, deaths: Deaths, more: Part) -> Process:
    """Whoever links and rates is stopped in the middle, another takes over and works, then the sleeper wakes up."""
    workers = [pipeline.start("worker", name) for name in ("left", "right")]
    pipeline.ready(*workers)
    wait_for(lambda: any(linked(pipeline, worker) for worker in workers), "nobody links")
    sleeper, other = sorted(workers, key=lambda worker: linked(pipeline, worker), reverse=True)
    more.send(pipeline)
    lag = pipeline.lag()
    sleeper.pause()
    deaths.note("asleep", lag)
    wait_for(lambda: linked(pipeline, other), "nobody took over from the sleeper")
    sleeper.wake()
    return sleeper


def linked(pipeline: Pipeline, worker: Process) -> int:
    """Facts of link that this worker holds; 0 unless it owns the tenant."""
    hops = pipeline.report(worker.name)["hops"]
    return int(hops["link"]["received"])


def test_one_ledger_whatever_dies(kafka: str, engine: EngineProcess, reference: Reference, tmp_path: Path) -> None:
    first, second, third = shuffled(reference.month, seed=3)
    with Pipeline(kafka, engine, tmp_path, TENANT) as pipeline:
        deaths = Deaths(pipeline)
        pipeline.start("clock")  # its mark is there before anybody knows the tenant
        first.send(pipeline)
        deaths.await_all(doomed(pipeline, "pair.after_changelog:2", "pair.before_ack:2"))
        second.send(pipeline)
        deaths.await_all(doomed(pipeline, "link.after_outputs:2", "rate.after_appends:4"))
        writing = "write.after_insert_before_commit:2"
        deaths.await_all({writing: pipeline.start("writer", "doomed writer", crash_at=writing)})
        pipeline.start("writer")
        sleeper = sent_to_sleep(pipeline, deaths, third)
        pipeline.settle(may_end=sleeper)
        print(f"woken, it {'goes on' if sleeper.alive else 'ended with ' + str(sleeper.popen.returncode)}")
        try:
            assert_same(pipeline.contents(), reference.contents)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{audit(pipeline)}\n{pipeline.logs()}") from None
        assert pipeline.ledger_hash() == reference.hash
        assert len(deaths.lags) == 6
