"""Medians, ratios, the table, and whether the bar is met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from rich.table import Table

from benchmarks.hop.contenders import CONTENDERS, FAUST, OURS, STREAMS
from benchmarks.hop.race import Result

CPU_BAR = 12.0  # seconds per million events
FAUST_BAR = 20.0  # times stock Faust
STREAMS_BAR = 1.0  # times Kafka Streams
STREAMS_AIM = 1.4


@dataclass(frozen=True, slots=True)
class Line:
    """One contender over all rounds. ``ratio`` is ours ÷ its own rate; ``restore`` in seconds, None if not timed."""

    name: str
    durable: bool
    events: int
    rate: float
    rates: tuple[float, ...]
    cpu: float
    ratio: float
    restore: float | None


def lines(
    results: Mapping[str, Sequence[Result]], events: Mapping[str, int], restored: Mapping[str, float]
) -> list[Line]:
    ours = median(result.rate for result in results[OURS])
    made = []
    for contender in CONTENDERS:
        rounds = results.get(contender.name)
        if rounds:
            rates = tuple(round(result.rate) for result in rounds)
            rate = median(result.rate for result in rounds)
            made.append(Line(
                contender.name, contender.durable, events[contender.name], rate, rates,
                median(result.cpu for result in rounds), ours / rate if rate else 0.0, restored.get(contender.name),
            ))  # fmt: skip
    return made


def verdicts(found: Sequence[Line]) -> list[tuple[bool, str]]:
    """What the bar asks for, each with whether it is met. A peer that did not run is not judged."""
    by_name = {line.name: line for line in found}
    ours = by_name[OURS]
    said = [(ours.cpu <= CPU_BAR, f"CPU {ours.cpu:.1f} s per million events, at most {CPU_BAR:.0f}")]
    for peer, bar in ((STREAMS, STREAMS_BAR), (FAUST, FAUST_BAR)):
        if peer in by_name:
            ratio = by_name[peer].ratio
            said.append((ratio >= bar, f"{ratio:.2f} times {peer}, at least {bar:g}"))
    return said


def table(found: Sequence[Line]) -> Table:
    drawn = Table(title="Durable hop: pair starts with stops (median of the rounds)")
    for heading in ("contender", "keeps its state", "events", "events/s", "ours ÷ it", "CPU s per million", "restore"):
        drawn.add_column(heading, justify="left" if heading in ("contender", "keeps its state") else "right")
    for line in found:
        drawn.add_row(
            line.name, "yes" if line.durable else "no", f"{line.events:,}", f"{line.rate:,.0f}", f"{line.ratio:.2f}",
            f"{line.cpu:.1f}", "–" if line.restore is None else f"{line.restore:.1f} s",
        )  # fmt: skip
    return drawn


def as_json(found: Sequence[Line], machine: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "bench": "hop",
        "machine": dict(machine),
        "contenders": [asdict(line) for line in found],
        "bar": [{"met": met, "text": text} for met, text in verdicts(found)],
    }
