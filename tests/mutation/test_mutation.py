"""The hunt itself: a planted change is noticed, an endless one ends, the tree stays as it was, the list is honest."""

from __future__ import annotations

import hashlib
import math
import time

import pytest

from tests.mutation.equivalent import equivalents
from tests.mutation.mutants import MODULES, ROOT, Mutant, mutants_of
from tests.mutation.reach import reach
from tests.mutation.run import NOT_COVERED, run
from tests.mutation.stories import stories
from tests.mutation.trial import ENDLESS, SURVIVED

# (module, function, change, what must become of it under the story RD1: 5 min up to 15 at 100.00)
PLANTED: list[tuple[str, str, str, str]] = [
    ("billing/rounding.py", "up", "-seconds → seconds", "killed"),
    ("billing/rounding.py", "nearest", "2 * seconds + increment → 2 * seconds - increment", NOT_COVERED),
    ("billing/rounding.py", "quantity_of", "seconds <= 0 → seconds < 0", SURVIVED),
    ("billing/money.py", "_lowest", "scale and units % 10 == 0 → scale or units % 10 == 0", ENDLESS),
    ("billing/money.py", "", "HOUR = 3600 → HOUR = 3601", "killed"),
]


def tree() -> str:
    files = [path for folder in ("billing", "tests") for path in sorted((ROOT / folder).rglob("*.py"))]
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def planted(module: str, function: str, change: str) -> Mutant:
    return next(one for one in mutants_of(module) if (one.function, one.change) == (function, change))


def test_a_planted_change_is_noticed_and_the_tree_stays_as_it_was() -> None:
    before = tree()
    outcomes = {planted(module, function, change): outcome for module, function, change, outcome in PLANTED}
    reached = reach(stories(["RD1"]), ["billing/rounding.py", "billing/money.py"])
    trials = run(list(outcomes), reached, math.inf, 2)
    assert {one.mutant: one.outcome for one in trials} == outcomes
    assert tree() == before


def test_no_time_no_trial() -> None:
    reached = reach(stories(["RD1"]), ["billing/rounding.py"])
    assert run(mutants_of("billing/rounding.py"), reached, time.monotonic() - 1, 2) == []


def test_every_excuse_names_a_mutant_that_exists() -> None:
    there = {one.name for module in MODULES for one in mutants_of(module)}
    assert set(equivalents()) <= there, "no longer there: strike it out of equivalent.yaml, or name what became of it"
    assert all(len(reason) > 10 for reason in equivalents().values())


@pytest.mark.parametrize("module", MODULES)
def test_names_of_mutants_are_told_apart(module: str) -> None:
    names = [one.name for one in mutants_of(module)]
    assert len(set(names)) == len(names)
