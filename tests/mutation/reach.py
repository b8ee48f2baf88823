"""Which evidence runs which lines, and how long each takes: a map made once, in a child that is thrown away."""

from __future__ import annotations

import math
import os
import pickle
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any

import pytest

from tests.mutation.mutants import ROOT, Mutant
from tests.mutation.trial import Evidence

Line = tuple[str, int]
SLOW = (
    1.5  # seconds of processor time with lines noted; what takes longer is not asked: 2,000 mutants would wait for it
)


class TooSlow(BaseException):
    """Ends a test that is not asked; no test catches it."""


@dataclass(frozen=True, slots=True)
class Reached:
    """A piece of evidence, the seconds of processor time it took while its lines were noted, and the lines it runs."""

    evidence: Evidence
    seconds: float
    lines: frozenset[Line]

    def runs(self, mutant: Mutant) -> bool:
        first, last = mutant.lines
        return not mutant.function or any((mutant.module, line) in self.lines for line in range(first, last + 1))


def reach(evidence: Sequence[Evidence], modules: Sequence[str]) -> list[Reached]:
    """All evidence that runs a line of the modules, the quickest first, without what is too slow. Evidence that fails
    unchanged is an error."""
    reading, writing = os.pipe()
    process = os.fork()
    if not process:
        os.close(reading)
        try:
            with os.fdopen(writing, "wb") as out:
                pickle.dump([_measure(one, modules) for one in evidence], out)
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        told: list[tuple[bool, float, frozenset[Line]]] = pickle.load(answer)
    os.waitpid(process, 0)
    broken = [one.name for one, (holds, _, _) in zip(evidence, told, strict=True) if not holds]
    if broken:
        raise pytest.UsageError("fails without any mutant: " + ", ".join(broken))
    slow = sum(seconds == math.inf for _, seconds, _ in told)
    if slow:
        print(f"{slow} of {len(evidence)} tests are not asked: they take more than {SLOW} s")
    found = [
        Reached(one, seconds, lines)
        for one, (_, seconds, lines) in zip(evidence, told, strict=True)
        if lines and seconds < math.inf
    ]
    return sorted(found, key=lambda one: (one.seconds, one.evidence.name))


def _measure(one: Evidence, modules: Sequence[str]) -> tuple[bool, float, frozenset[Line]]:
    files = {str(ROOT / module): module for module in modules}
    lines: set[Line] = set()

    def inside(frame: FrameType, event: str, _: Any) -> Any:
        lines.add((files[frame.f_code.co_filename], frame.f_lineno))
        return inside

    def entered(frame: FrameType, event: str, value: Any) -> Any:
        return inside if frame.f_code.co_filename in files else None

    late = False

    def stop(*_: object) -> None:
        nonlocal late
        late = True
        raise TooSlow

    before = time.process_time()
    signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, SLOW)
    sys.settrace(entered)
    try:
        holds = one.holds()
    except TooSlow:
        holds = False
    finally:
        sys.settrace(None)
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    seconds = math.inf if late else time.process_time() - before
    return holds or late, seconds, frozenset(lines)
