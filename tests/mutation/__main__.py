"""`make mutants`: does any evidence notice when the arithmetic is changed?

    python -m tests.mutation [--seconds 1200] [--seed 1] [--sample N] [--module billing/cap.py ...] [--equivalent]

Every mutant has one change in a module that makes amounts. It is killed when a story, a hand-worked test or a law
notices; a survivor is a missing story, a bug, or stands in `equivalent.yaml` with the reason why it cannot matter.
Ends with 1 where a survivor has no such reason.
"""

from __future__ import annotations

import argparse
import random
import sys
import time

from tests.mutation.equivalent import equivalents
from tests.mutation.items import Item, with_items
from tests.mutation.mutants import MODULES, Mutant, mutants_of
from tests.mutation.reach import reach
from tests.mutation.report import report
from tests.mutation.run import run
from tests.mutation.stories import stories
from tests.mutation.trial import Evidence, prepare


def main() -> int:
    asked = _asked()
    known = equivalents()
    everything = [mutant for module in asked.module or MODULES for mutant in mutants_of(module)]
    mutants = [mutant for mutant in everything if asked.equivalent or mutant.name not in known]
    random.Random(asked.seed).shuffle(mutants)
    if asked.stories:
        return _hunt(asked, mutants[: asked.sample or None], len(everything), [])
    return with_items(lambda items: _hunt(asked, mutants[: asked.sample or None], len(everything), items))


def _hunt(asked: argparse.Namespace, mutants: list[Mutant], there: int, items: list[Item]) -> int:
    began = time.monotonic()
    evidence: list[Evidence] = [*stories(), *items]
    reached = reach(evidence, asked.module or MODULES)
    print(
        f"{there} mutants, {len(mutants)} drawn by seed {asked.seed}; {len(reached)} stories, tests and laws reach them"
    )
    print(f"map made in {time.monotonic() - began:.0f} s", flush=True)
    prepare()
    trials = run(mutants, reached, began + asked.seconds, asked.jobs)
    return report(trials, len(mutants), equivalents())


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description="Mutation testing of the kernel.")
    parser.add_argument("--seconds", type=float, default=1200, help="stop after so long; what is left is said")
    parser.add_argument("--seed", type=int, default=1, help="of the order in which mutants are tried")
    parser.add_argument("--sample", type=int, default=0, help="try so many only (0: all)")
    parser.add_argument("--module", action="append", choices=MODULES, help="this module only; may be repeated")
    parser.add_argument("--stories", action="store_true", help="ask the stories only, neither tables nor laws")
    parser.add_argument("--jobs", type=int, default=2, help="children at a time")
    parser.add_argument("--equivalent", action="store_true", help="try those of equivalent.yaml, too")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
