"""What a run found: figures by module, then every survivor by place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from tests.mutation.run import NOT_COVERED, Trial
from tests.mutation.trial import BROKEN, ENDLESS, SURVIVED

COLUMNS = ("killed", ENDLESS, SURVIVED, NOT_COVERED, BROKEN)


def report(trials: Sequence[Trial], drawn: int, known: Collection[str]) -> int:
    """Print it; 1 where something lives that nobody has given a reason for."""
    modules = sorted({one.mutant.module for one in trials})
    print(f"{'':34}" + "".join(f"{name:>13}" for name in COLUMNS))
    for module in modules:
        _line(module, [one for one in trials if one.mutant.module == module])
    _line("together", trials)
    alive = sorted((one for one in trials if one.lives or one.outcome == BROKEN), key=_place)
    for one in alive:
        print(f"{one.outcome}: {one.mutant.module}:{one.mutant.line} {one.mutant.function}: {one.mutant.change}")
    wrongly = [one.mutant.name for one in trials if one.mutant.name in known and not one.lives]
    for name in wrongly:
        print(f"listed in equivalent.yaml, yet noticed: {name}")
    if len(trials) < drawn:
        print(f"time was up after {len(trials)} of {drawn} mutants")
    return int(bool(wrongly) or any(one.mutant.name not in known for one in alive))


def _place(one: Trial) -> tuple[str, int, str]:
    return one.mutant.module, one.mutant.line, one.mutant.change


def _line(name: str, trials: Sequence[Trial]) -> None:
    counts = Counter(one.outcome for one in trials)
    noticed = counts["killed"] + counts[ENDLESS]
    share = f"{100 * noticed / len(trials):6.1f} %" if trials else ""
    print(f"{name:34}" + "".join(f"{counts[column]:13}" for column in COLUMNS) + share)
