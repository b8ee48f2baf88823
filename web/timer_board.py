"""One technician's timers as their events tell, right after a click: grow-only, any order, read anew on each change."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from billing.doubt import Known, known
from billing.pairing import pair
from billing.signals import ordered
from billing.spans import Spans
from streams.models.event import Event, encode_event
from streams.models.interval import Interval
from streams.models.work import Work

State = Literal["running", "paused", "stopped", "superseded", "forgotten"]


class Rules(NamedTuple):
    """What the organisation says. Seconds."""

    single: bool = True
    cap: int = 28_800


@dataclass
class Timer:
    """One timer: the facts about it, and what they amount to."""

    id: str
    activity: str
    facts: dict[bytes, Known] = field(default_factory=dict)
    note: tuple[int, str, str] = (0, "", "")  # ms, key, text: the last holds
    _interval: Interval | None = None

    def add(self, event: Event) -> bool:
        """Whether it is new."""
        value = encode_event(event)
        if value in self.facts:
            return False
        self.facts[value] = known(event, value)
        self._interval = None
        return True

    def has(self, event_id: str) -> bool:
        return any(fact.id == event_id for fact in self.facts.values())

    def signals(self) -> list[Event]:
        """The current form of each event, in order."""
        best: dict[str, Known] = {}
        for fact in self.facts.values():
            if fact.id not in best or best[fact.id].rank < fact.rank:
                best[fact.id] = fact
        return ordered([(fact.id, fact.event) for fact in best.values()])

    def keys(self) -> list[str]:
        """Of the clicks that are known."""
        events = [fact.event for fact in self.facts.values()]
        ids = [event.source_event_id.split(":") for event in events]
        found = {parts[1] for parts in ids if len(parts) == 3}
        return sorted(found | {str(event.native["correction_key"]) for event in events if event.correction})

    @property
    def started(self) -> bool:
        return any(fact.event.phase == "start" for fact in self.facts.values())

    @property
    def interval(self) -> Interval:
        if self._interval is None:
            self._interval = pair(list(self.facts.values())).interval
        return self._interval


class Shown(NamedTuple):
    """A timer at an instant. Seconds; ``spans`` are closed, ``open_from`` is the stretch that runs.

    ``estimated``: where the pipeline thinks it ended, None while it does not say. ``capped``: nothing told it.
    """

    timer: Timer
    state: State
    spans: Spans
    open_from: int | None = None
    ended: int | None = None
    estimated: int | None = None
    capped: bool = False


def show(timers: Iterable[Timer], works: dict[str, Work], rules: Rules, now: int) -> list[Shown]:
    """All started timers of one technician by (start, id), each as it stands at ``now`` (seconds). ``works``: what
    link made of them so far, by activity; it knows of other tools' timers, and when one was given up."""
    known = sorted(
        (timer for timer in timers if timer.started), key=lambda timer: (timer.interval.start, timer.activity)
    )
    starts = [(timer.interval.start, timer.activity) for timer in known]
    return [_shown(timer, starts, works.get(timer.activity), rules, now) for timer in known]


def _shown(timer: Timer, starts: Sequence[tuple[int, str]], work: Work | None, rules: Rules, now: int) -> Shown:
    interval = timer.interval
    spans, opened = interval.spans, interval.open_from
    if interval.end is not None:
        return Shown(timer, "stopped", spans, ended=interval.end)
    anchor = opened if opened is not None else spans[-1][1] if spans else interval.start
    following = bisect_right(starts, (anchor, timer.activity)) if rules.single else len(starts)
    rival = starts[following][0] if following < len(starts) else None  # when the next timer was started
    limit = max(interval.start, opened or interval.start) + rules.cap
    if rival is not None and rival < limit:
        if opened is None:
            return Shown(timer, "paused", spans, ended=anchor)
        return Shown(timer, "superseded", (*spans, (opened, rival)), ended=rival)
    ended = _verdict(work, anchor)
    if ended is not None and work is not None and "superseded" in work.flags:
        closed = spans if opened is None else (*spans, (opened, ended))
        return Shown(timer, "superseded", closed, ended=ended)
    if opened is None:
        return Shown(timer, "paused", spans, ended=anchor)
    if ended is not None or now >= limit:
        capped = work is not None and "capped_end" in work.flags
        return Shown(timer, "forgotten", spans, opened, estimated=ended, capped=capped)
    return Shown(timer, "running", spans, opened)


def _verdict(work: Work | None, anchor: int) -> int | None:
    """Where link ended a timer that is open here; None where it did not, or did so before a later click."""
    if work is None or work.state != "done" or not work.spans or work.spans[-1][1] < anchor:
        return None
    ended = {"superseded", "estimated_end", "capped_end"}
    return work.spans[-1][1] if ended.intersection(work.flags) else None
