"""The measurements: CPU seconds of this process, the best of several, everything computed checked for its size."""

from __future__ import annotations

import gc
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from statistics import median
from time import process_time
from typing import NamedTuple

from benchmarks.kernel.shop import release, scenario, work_fact, works
from billing.rate import RateState
from jobs.scenario import read_scenario
from jobs.simulate import simulate
from jobs.simulate_ledger import ledger
from streams.models.fact import Fact

RATE_BAR, RATE_AIM = 10_000, 50_000  # pieces of work a second
SCENARIO_BAR = 2.0  # seconds for 10,000 pieces
FLAT_BAR = 1.5  # times what an append costs at 100 pieces
LATE_BAR = 0.5  # of computing everything, for a piece that is late by a tenth of the history
BATCH_BAR = 2.0  # times one late piece, for fifty at once


class Found(NamedTuple):
    """``rate`` pieces/s; ``scenario`` in seconds, and its parts; the others are ratios."""

    pieces: int
    rate: float
    scenario: float
    reading: float
    computing: float
    append_small: float  # seconds
    append_large: float
    late: float
    late_batch: float

    @property
    def flat(self) -> float:
        return self.append_large / self.append_small


@contextmanager
def quiet() -> Iterator[None]:
    """Without the collector's pauses, which depend on what else lives in the process."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def timed(run: Callable[[], int], expected: int) -> float:
    with quiet():
        begin = process_time()
        count = run()
        seconds = process_time() - begin
    assert count >= expected, f"{count} rows, expected {expected}"
    return seconds


class Ledger:
    """One tenant that knows so many pieces of work."""

    def __init__(self, count: int) -> None:
        self.state = RateState("bench", 0)
        self.random = Random(7)
        self.head = ""
        self.number = 0
        self.rerate()
        self.last = works(count, self.random)
        self.feed([work_fact(one) for one in self.last])

    def feed(self, facts: list[Fact]) -> int:
        """Rows computed; what the hop appends to its log comes back, as it does there."""
        outcome = self.state.step(facts)
        if outcome.appends:
            self.state.step(outcome.appends)
        return len(outcome.outputs)

    def rerate(self) -> int:
        """A new release: everything is computed again."""
        self.number += 1
        facts = release(self.number, self.head, 100 + self.number)
        self.head = facts[-1].digest()
        return self.feed(facts)

    def append(self) -> float:
        """CPU seconds of one more piece at the end."""
        (one,) = works(1, self.random, self.last[-1].start)
        self.last.append(one)
        return timed(lambda: self.feed([work_fact(one)]), 1)

    def late(self, share: float, count: int) -> float:
        """CPU seconds of so many pieces that come late, at a share of the history, in one batch."""
        at = self.last[int(len(self.last) * share)].start
        facts = [work_fact(one) for one in works(count, Random(at + count), at)]
        return timed(lambda: self.feed(facts), count)


def measure(pieces: int, rounds: int) -> Found:
    large, small = Ledger(pieces), Ledger(100)
    rate = pieces / min(timed(large.rerate, pieces) for _ in range(rounds))
    appends = [(small.append(), large.append()) for _ in range(20 * rounds)]
    whole = min(timed(large.rerate, pieces) for _ in range(rounds))
    late = min(large.late(0.9 - n / 1000, 1) for n in range(rounds))
    batch = min(large.late(0.9 - n / 1000, 50) for n in range(rounds))
    reading, computing = min((measure_scenario(pieces) for _ in range(rounds)), key=sum)
    return Found(
        pieces, rate, reading + computing, reading, computing,
        median(one for one, _ in appends), median(one for _, one in appends), late / whole, batch / late,
    )  # fmt: skip


def measure_scenario(pieces: int) -> tuple[float, float]:
    """CPU seconds to read and check the file, and to compute the ledger with every explanation."""
    with tempfile.TemporaryDirectory(prefix="everyminute-bench-") as name:
        path = Path(name) / "scenario.yaml"
        path.write_text("".join(scenario(pieces, Random(11))))
        with quiet():
            begin = process_time()
            read = read_scenario(path)
            between = process_time()
            whole = ledger(read, simulate(read))
            end = process_time()
    assert whole["totals"]["entries"] > 0.9 * pieces, whole["totals"]
    assert whole["conservation"]["holds"]
    return between - begin, end - between


def verdicts(found: Found) -> list[tuple[bool, str]]:
    """What the bars ask for, each with whether it is met."""
    pieces = f"{found.pieces:,} pieces"
    parts = f"{found.reading:.2f} reading, {found.computing:.2f} computing"
    large, small = found.append_large * 1000, found.append_small * 1000
    flat = f"{found.flat:.2f} times, at most {FLAT_BAR}"
    return [
        (found.rate >= RATE_BAR, f"{found.rate:,.0f} pieces/s rated again, at least {RATE_BAR:,} (aim {RATE_AIM:,})"),
        (
            found.scenario < SCENARIO_BAR * found.pieces / 10_000,
            f"a scenario of {pieces} in {found.scenario:.2f} s ({parts}), under {SCENARIO_BAR:g} s for 10,000",
        ),
        (
            found.flat <= FLAT_BAR,
            f"an append costs {large:.2f} ms at {pieces}, {small:.2f} at 100: {flat}",
        ),
        (
            found.late <= LATE_BAR,
            f"late by a tenth of the history: {found.late:.2f} of the whole, at most {LATE_BAR:g}",
        ),
        (found.late_batch <= BATCH_BAR, f"fifty late pieces: {found.late_batch:.2f} times one, at most {BATCH_BAR:g}"),
    ]
