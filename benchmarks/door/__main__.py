"""`python -m benchmarks.door`: bar 4, on the embedded stack. Exit 0 when the bar is met, 1 when it is not."""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from benchmarks.door.cpu import between, spent
from benchmarks.door.load import CLIENTS, SOURCE, TECHNICIANS, TENANTS, Answers, make, send
from benchmarks.door.watch import Ledger
from deploy.embedded import ports
from jobs.access import Access
from jobs.tokens import create
from streams.settings import Settings

ROOT = Path(__file__).parents[2]
RATE, SECONDS, WARM_SECONDS = 300.0, 60, 5
DOOR_P99, VISIBLE_P99 = 0.150, 2.0  # seconds
SETTLE_SECONDS = 120.0


@dataclass(frozen=True)
class Figures:
    """Seconds. ``lost``: acknowledged, and not in the ledger. ``cpu`` until all was in the ledger, by component."""

    sent: int
    failed: list[str]
    lost: int
    door: list[float]
    visible: list[float]
    cpu: dict[str, float]

    @property
    def met(self) -> bool:
        enough = bool(self.door) and bool(self.visible) and not self.failed and not self.lost
        return enough and at(self.door, 0.99) < DOOR_P99 and at(self.visible, 0.99) < VISIBLE_P99


def at(values: list[float], share: float) -> float:
    """The value that this share of all does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@contextmanager
def stack(home: Path) -> Iterator[Settings]:
    """`everyminute up` with a home and ports of its own."""
    kafka, controller, engine, web = ports.free(4)
    environment = {name: text for name, text in os.environ.items() if not name.startswith("EVERYMINUTE_")} | {
        "EVERYMINUTE_HOME": str(home), "EVERYMINUTE_KAFKA_PORT": str(kafka),
        "EVERYMINUTE_KAFKA_CONTROLLER_PORT": str(controller), "EVERYMINUTE_CLICKHOUSE_PORT": str(engine),
        "EVERYMINUTE_WEB_PORT": str(web),
    }  # fmt: skip
    os.environ.update(environment)
    try:
        everyminute("up", "--detach")
        yield Settings()
    finally:
        everyminute("down")


def everyminute(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "jobs", *arguments], cwd=ROOT, check=True, stdout=sys.stderr)


def catalogue(folder: Path) -> None:
    """A made-up MSP: clients with a contract and a rate each, technicians by their logins."""
    folder.mkdir()
    shutil.copy(ROOT / "examples" / "catalogue" / "organisation.yaml", folder)
    clients = [{"id": f"c{number}", "aliases": {SOURCE: [f"c{number}"]}} for number in range(CLIENTS)]
    people = [{"id": f"tech{number}", "aliases": {SOURCE: [f"tech{number}"]}} for number in range(TECHNICIANS)]
    cards = [{"id": "standard", "from": "2026-01-01", "lines": [{"service": "*", "rate": 120}]}]
    contracts = [{"id": f"{one['id']}-hourly", "client": one["id"], "from": "2026-01-01"} for one in clients]
    made = {"clients": clients, "technicians": people, "rate_cards": cards, "contracts": contracts}
    (folder / "all.yaml").write_text(yaml.safe_dump(made))


async def measure(settings: Settings, tokens: list[str], rate: float, seconds: int) -> Figures:
    ledger = Ledger(f"http://127.0.0.1:{settings.clickhouse_port}/", settings.clickhouse_database)
    warm = make(int(rate * WARM_SECONDS), tokens)
    await send(settings.web_port, warm, rate)
    await ledger.wait_for({one.name for one in warm}, SETTLE_SECONDS)
    stop, before = asyncio.Event(), spent(settings)
    watching = asyncio.create_task(ledger.watch(stop))
    answers = await send(settings.web_port, make(int(rate * seconds), tokens, len(warm)), rate)
    stored = set(answers.late)
    lost = await ledger.wait_for(stored, SETTLE_SECONDS)
    stop.set()
    await watching
    return figures(answers, ledger, lost, between(before, spent(settings)))


def figures(answers: Answers, ledger: Ledger, lost: set[str], cpu: dict[str, float]) -> Figures:
    visible = [ledger.seen[name] - answers.due[name] for name in answers.late if name in ledger.seen]
    return Figures(len(answers.due), answers.failed, len(lost), list(answers.late.values()), visible, cpu)


def report(found: Figures, rate: float, seconds: float) -> None:
    print(
        f"{found.sent:,} events, {rate:.0f}/s for {seconds:.0f} s; one minute's load before: {os.getloadavg()[0]:.1f}"
    )
    print(f"refused {len(found.failed)}, lost {found.lost}")
    for text in dict.fromkeys(found.failed[:1000]):
        print(f"  {text}")
    for name, values, bar in (("door", found.door, DOOR_P99), ("in the ledger", found.visible, VISIBLE_P99)):
        if values:
            shown = "  ".join(f"{label} {at(values, share) * 1000:,.0f}" for label, share in SHARES)
            print(f"{name:14} ms  {shown}   bar: p99 under {bar * 1000:,.0f}")
    shown = ", ".join(f"{name} {seconds:.1f}" for name, seconds in found.cpu.items())
    print(f"CPU s          {sum(found.cpu.values()):.1f} ({shown})")
    print("met" if found.met else "missed")


SHARES = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1.0))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.door", description=__doc__)
    parser.add_argument("--rate", type=float, default=RATE, help="events a second")
    parser.add_argument("--seconds", type=int, default=SECONDS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="everyminute-door-") as folder:
        catalogue(Path(folder) / "catalogue")
        with stack(Path(folder) / "home") as settings:
            for number in range(TENANTS):
                everyminute("catalog", "apply", str(Path(folder) / "catalogue"), "--tenant", f"t{number}")
            access = Access(settings)
            tokens = [create(access, "bench", f"t{number}", ("events:write",)) for number in range(TENANTS)]
            began = time.monotonic()
            found = asyncio.run(measure(settings, tokens, options.rate, options.seconds))
            print(f"took {time.monotonic() - began:.0f} s", file=sys.stderr)
    report(found, options.rate, options.seconds)
    sys.exit(0 if found.met else 1)


if __name__ == "__main__":
    main()
