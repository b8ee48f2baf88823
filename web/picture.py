"""An entry as a picture: its evidence on one line of time, what the minutes became, and its rows in all statements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from jobs.output import duration
from streams.models.entry import Entry, Segment
from web.leakage import TINT
from web.ledger import Reading
from web.show import local
from web.words import KINDS, title

Span = tuple[int, int]
DAY, MOST_LANES, TICKS, SCALE = 86400, 10, 4, 1000

SPANS = """
SELECT id, arrayMap(at -> toUnixTimestamp(at), `spans.started_at`) AS starts,
       arrayMap(at -> toUnixTimestamp(at), `spans.ended_at`) AS ends
FROM intervals_live WHERE tenant = {tenant:String} AND id IN {ids:Array(String)}
"""
FAMILY = """
SELECT id, client, period, row_class, corrects_period, disposition, quantity_seconds, currency, exponent, amount
FROM entries_live WHERE tenant = {tenant:String} AND work = {work:String}
ORDER BY period, corrects_period, indexOf(['regular', 'reversal', 'replacement'], row_class), client
"""


@dataclass(frozen=True)
class Bar:
    """``left`` and ``width`` in thousandths of the picture; ``said`` in words."""

    left: int
    width: int
    tint: str
    said: str


@dataclass(frozen=True)
class Lane:
    title: str
    note: str
    bars: list[Bar]


@dataclass(frozen=True)
class Picture:
    """``ticks`` are clock times at equal distances, the first at the left edge and the last at the right."""

    lanes: list[Lane]
    ticks: list[str]
    dates: str
    hidden: int


@dataclass(frozen=True)
class Paper:
    """The stretch of time that is drawn."""

    start: int
    end: int
    zone: str

    def place(self, at: int) -> int:
        whole = max(1, self.end - self.start)
        return min(max(0, at - self.start), whole) * SCALE // whole

    def bar(self, span: Span, tint: str, said: str) -> Bar:
        left, right = self.place(span[0]), self.place(span[1])
        left = min(left, SCALE - 4)  # what is short is still seen
        return Bar(left, max(4, right - left), tint, f"{said}, {self.clock(span[0])} to {self.clock(span[1])}")

    def clock(self, at: int) -> str:
        return local(at, self.zone).strftime("%H:%M:%S")


def spans_of(reading: Reading, entry: Entry) -> dict[str, list[Span]]:
    """The worked stretches of each interval the entry rests on, in seconds."""
    ids = [proof.interval for proof in entry.proof]
    rows = reading.rows(SPANS, {"ids": ids}) if ids else []
    return {row["id"]: list(zip(row["starts"], row["ends"], strict=True)) for row in rows}


def picture(entry: Entry, spans: Mapping[str, list[Span]]) -> Picture | None:
    """None where there is no stretch of time: a charge, a stop without a start."""
    every = [span for some in spans.values() for span in some]
    lines = [(one.start, one.end) for one in entry.segments] or [(entry.start, entry.end)]
    start, end = min(at for at, _ in [*every, *lines]), max(at for _, at in [*every, *lines])
    if entry.charge or end <= start:
        return None
    paper = Paper(start, end, entry.zone)
    shown = entry.proof[:MOST_LANES]
    lanes = [
        Lane(KINDS.get(one.kind, one.kind), one.source, list(_evidence(paper, spans.get(one.interval, []))))
        for one in shown
    ]
    became = [paper.bar((one.start, one.end), _tint(entry, one), _said(entry, one)) for one in entry.segments]
    whole = [paper.bar((entry.start, entry.end), _tint(entry, None), title(entry.disposition))]
    lanes.append(Lane("Became", ", ".join(dict.fromkeys(_tier(one) for one in entry.segments)), became or whole))
    return Picture(lanes, _ticks(paper), _dates(paper), len(entry.proof) - len(shown))


def _evidence(paper: Paper, spans: list[Span]) -> Iterable[Bar]:
    """Worked stretches, and the pauses between them."""
    for place, span in enumerate(spans):
        if place and spans[place - 1][1] < span[0]:
            yield paper.bar((spans[place - 1][1], span[0]), "pause", "Paused")
        yield paper.bar(span, "evidence", f"{duration(span[1] - span[0])} h")


def _tint(entry: Entry, one: Segment | None) -> str:
    disposition = (one.disposition if one else "") or entry.disposition
    return "recovered" if disposition == "billed" and entry.recovered else TINT.get(disposition, "leak")


def _tier(one: Segment) -> str:
    return one.tier.replace("_", " ")


def _said(entry: Entry, one: Segment) -> str:
    return f"{_tier(one)}: {title(one.disposition or entry.disposition)} {duration(one.billed_seconds)} h"


def _ticks(paper: Paper) -> list[str]:
    form = "%d %b %H:%M" if paper.end - paper.start > DAY else "%H:%M"
    length = paper.end - paper.start
    return [local(paper.start + length * n // TICKS, paper.zone).strftime(form) for n in range(TICKS + 1)]


def _dates(paper: Paper) -> str:
    first, last = (local(at, paper.zone).strftime("%Y-%m-%d") for at in (paper.start, paper.end))
    return first if first == last else f"{first} to {last}"


def family(reading: Reading, entry: Entry) -> list[dict[str, Any]]:
    """All rows of the same work: in other months, at other clients, and what corrects them. Empty if it is the only
    one."""
    rows = reading.rows(FAMILY, {"work": entry.identity.work})
    return rows if len(rows) > 1 else []


def drawn(entry: Entry) -> dict[str, int]:
    """Seconds that the entry took from each balance."""
    found: dict[str, int] = {}
    for one in entry.segments:
        if one.drawn_seconds:
            found[one.lot] = found.get(one.lot, 0) + one.drawn_seconds
    return found
