"""`python -m benchmarks.hop`: bar 1, side by side. Exit 0 when the bar is met, 1 when it is not."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.hop import race, report
from benchmarks.hop.contenders import CONTENDERS, OURS, STREAMS, Contender, Place, compile_java
from benchmarks.hop.job import Job, make
from deploy.embedded import ports
from deploy.embedded.kafka import KafkaBroker

EVENTS, QUICK_EVENTS = 300_000, 4_000
RUN_SECONDS = 240.0
console = Console(stderr=True)


class Bench:
    """One topic of events, and all that run over it. ``folder`` holds logs and state."""

    def __init__(self, bootstrap: str, folder: Path, events: int) -> None:
        self.bootstrap = bootstrap
        self.folder = folder
        self.job: Job = make(events)
        self.events = f"bench.{uuid.uuid4().hex[:8]}.events"

    async def publish(self) -> None:
        await race.publish(self.bootstrap, self.events, self.job)

    def count(self, contender: Contender) -> int:
        return max(1000, int(len(self.job.records) * contender.share))

    def place(self, contender: Contender, number: int) -> Place:
        name = f"{CONTENDERS.index(contender)}.{number}"
        prefix = f"{self.events.removesuffix('events')}{name}."
        return Place(self.bootstrap, self.events, prefix, self.folder / name, self.folder / "classes")

    async def run(self, contender: Contender, number: int, seconds: float = RUN_SECONDS) -> race.Result:
        return await race.run(contender, self.place(contender, number), self.job, self.count(contender), seconds)

    async def restore(self, contender: Contender, number: int) -> float:
        return await race.restore(contender, self.place(contender, number), RUN_SECONDS)


async def quick(bench: Bench, contenders: Sequence[Contender], seconds: float = 60.0) -> dict[str, race.Result]:
    """Every contender once, at the same time: whether they work, never how fast. Raises race.RaceError."""
    await bench.publish()
    async with asyncio.TaskGroup() as group:
        tasks = {each.name: group.create_task(bench.run(each, 0, seconds)) for each in contenders}
    return {name: task.result() for name, task in tasks.items()}


async def measure(bench: Bench, contenders: Sequence[Contender], rounds: int) -> list[report.Line]:
    """All contenders in turn, ``rounds`` times; then how long a new process takes to have the state back."""
    console.print(f"{len(bench.job.records):,} events of {len(bench.job.records[0].value)} bytes")
    await bench.publish()
    results: defaultdict[str, list[race.Result]] = defaultdict(list)
    for number in range(rounds):
        for contender in contenders:
            result = await bench.run(contender, number)
            results[contender.name].append(result)
            console.print(
                f"round {number + 1}  {contender.name:24} {result.rate:9,.0f} events/s  {result.cpu:6.1f} s/M"
            )
    restored = {each.name: await bench.restore(each, rounds - 1) for each in contenders if each.restores}
    return report.lines(results, {each.name: bench.count(each) for each in contenders}, restored)


def present(names: Sequence[str] = ()) -> list[Contender]:
    """Who can run here; says who cannot, and why."""
    able = []
    for contender in CONTENDERS:
        if names and contender.name != OURS and not any(name.lower() in contender.name.lower() for name in names):
            continue
        if why := contender.missing():
            console.print(f"{contender.name} does not take part: {why}")
        else:
            able.append(contender)
    return able


def prepare_java(contenders: Sequence[Contender], folder: Path) -> None:
    (folder / "classes").mkdir()
    if any(contender.name == STREAMS for contender in contenders):
        compile_java(folder / "classes")


@contextmanager
def broker(folder: Path) -> Iterator[str]:
    port, controller = ports.free(2)
    started = KafkaBroker(folder / "kafka", port, controller, folder)
    started.start()
    try:
        started.wait_ready()
        yield started.bootstrap
    finally:
        started.stop()


def machine() -> Mapping[str, Any]:
    return {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "cores": os.cpu_count(),
        "load": [round(value, 1) for value in os.getloadavg()], "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hop", description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS, help="events on the topic (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME", help="ours and these")
    parser.add_argument("--quick", action="store_true", help="a smoke test: every contender once, nothing measured")
    parser.add_argument("--json", type=Path, default=Path("bench-hop.json"), metavar="FILE")
    chosen = parser.parse_args(arguments)
    contenders = present(chosen.only)
    before = machine()
    with tempfile.TemporaryDirectory(prefix="everyminute-bench-") as name, broker(Path(name)) as bootstrap:
        prepare_java(contenders, Path(name))
        if chosen.quick:
            for who, result in asyncio.run(quick(Bench(bootstrap, Path(name), QUICK_EVENTS), contenders)).items():
                console.print(f"{who}: {result.pairs:,} pairs, {result.seconds:,} s, as expected")
            return 0
        found = asyncio.run(measure(Bench(bootstrap, Path(name), chosen.events), contenders, chosen.rounds))
    Console(width=110).print(report.table(found))
    for met, text in report.verdicts(found):
        console.print(f"{'met   ' if met else 'MISSED'}  {text}")
    chosen.json.write_text(json.dumps(report.as_json(found, before), indent=1) + "\n")
    return 0 if all(met for met, _ in report.verdicts(found)) else 1


if __name__ == "__main__":
    sys.exit(main())
