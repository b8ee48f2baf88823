"""`python -m benchmarks.kernel`: bars 4 and 5. Exit 0 when they are met, 1 when one is not."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.kernel.measure import measure, verdicts


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kernel", description=__doc__)
    parser.add_argument("--pieces", type=int, default=10_000, help="pieces of work in the ledger (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="the best of so many (%(default)s)")
    parser.add_argument("--json", type=Path, default=None, metavar="FILE")
    chosen = parser.parse_args(arguments)
    found = measure(chosen.pieces, chosen.rounds)
    judged = verdicts(found)
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {load}")
    for met, text in judged:
        print(f"{'met   ' if met else 'MISSED'}  {text}")
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(found._asdict() | {"flat": found.flat}, indent=1) + "\n")
    return 0 if all(met for met, _ in judged) else 1


if __name__ == "__main__":
    sys.exit(main())
