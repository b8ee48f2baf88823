"""All mutants, a few children at a time, until all are tried or the time is up."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.mutation.mutants import Mutant
from tests.mutation.reach import Reached
from tests.mutation.trial import SURVIVED, start, verdict

NOT_COVERED = "not covered"


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of a mutant: killed, timed out, survived, not covered, broken; and by which evidence."""

    mutant: Mutant
    outcome: str
    by: str = ""

    @property
    def lives(self) -> bool:
        return self.outcome in (SURVIVED, NOT_COVERED)


@dataclass(frozen=True, slots=True)
class _Running:
    mutant: Mutant
    evidence: list[Reached]
    reading: int


def run(mutants: Sequence[Mutant], reached: Sequence[Reached], until: float, jobs: int) -> list[Trial]:
    """Trials in the order they end; mutants that no time was left for are missing."""
    done: list[Trial] = []
    running: dict[int, _Running] = {}
    waiting = list(reversed(mutants))
    killers: dict[tuple[str, str], dict[str, int]] = {}  # what noticed changes of this function before goes first
    while running or (waiting and time.monotonic() < until):
        while waiting and len(running) < jobs and time.monotonic() < until:
            mutant = waiting.pop()
            evidence = _ordered(mutant, reached, killers)
            if not evidence:
                done.append(Trial(mutant, NOT_COVERED))
                continue
            process, reading = start(mutant, evidence)
            running[process] = _Running(mutant, evidence, reading)
        if running:
            done.append(_ended(running, killers))
    return done


def _ordered(
    mutant: Mutant, reached: Sequence[Reached], killers: dict[tuple[str, str], dict[str, int]]
) -> list[Reached]:
    """What runs the changed statement: what killed its neighbours, then the quickest."""
    mine = killers.get((mutant.module, mutant.function), {})
    return sorted((one for one in reached if one.runs(mutant)), key=lambda one: -mine.get(one.evidence.name, 0))


def _ended(running: dict[int, _Running], killers: dict[tuple[str, str], dict[str, int]]) -> Trial:
    process, status = os.waitpid(-1, 0)
    one = running.pop(process)
    with os.fdopen(one.reading, "rb") as answer:
        told = answer.read()
    outcome, by = verdict(status, told, one.evidence)
    if outcome == "killed" and by:
        mine = killers.setdefault((one.mutant.module, one.mutant.function), {})
        mine[by] = mine.get(by, 0) + 1
    return Trial(one.mutant, outcome, by)
