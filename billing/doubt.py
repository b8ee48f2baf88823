"""Facts of an activity that cannot hold, or could not with fewer facts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from billing.signals import SKEW_MS, Reading, too_early
from streams.models.event import Event, encode_event
from streams.models.ids import digest
from streams.models.parked import Reason

Rank = tuple[bool, int, str]  # (authenticated, revision, digest): the largest holds


class Known(msgspec.Struct, gc=False):
    """A fact with what it is compared by. ``value``: its canonical bytes."""

    event: Event
    id: str
    value: bytes
    _rank: Rank | None = None

    @property
    def rank(self) -> Rank:
        """Only an activity that has several facts of one id asks for it: most never pay for the digest."""
        if self._rank is None:
            self._rank = (self.event.authenticated, self.event.revision, digest(self.value))
        return self._rank


class Doubt(NamedTuple):
    """A fact that is impossible, or would have been with fewer facts. ``void``: it is not, or no longer."""

    event: Event
    reason: Reason
    void: bool
    saw: str = ""


def known(event: Event, value: bytes | None = None) -> Known:
    """``value``: its canonical bytes, where they are at hand."""
    return Known(event, event.id, encode_event(event) if value is None else value)


def negative(event: Event) -> bool:
    """An interval that ends before it starts by more than clocks explain."""
    if event.phase != "interval" or event.ended_at is None or event.started_at is None:
        return False
    return event.started_at - event.ended_at > SKEW_MS


def doubts(
    facts: Sequence[Known], current: Sequence[Known], holder: Known | None, reading: Reading | None
) -> tuple[Doubt, ...]:
    """One doubt for each fact that some part of ``facts`` makes impossible, in the order of their ids."""
    suspect = [fact for fact in facts if fact.event.phase in ("stop", "interval")]
    if suspect:
        opened = max([fact.event.at or 0 for fact in facts if fact.event.phase in ("start", "resume")], default=0)
        suspect = [fact for fact in suspect if negative(fact.event) or too_early(fact.event, opened)]
    if not suspect:
        return ()
    ranks = {fact.id: fact.rank for fact in current}
    found = []
    for fact in sorted(suspect, key=lambda fact: (fact.id, fact.rank)):
        event, holds = fact.event, ranks[fact.id] == fact.rank
        if negative(event):
            live = holds and (holder is None or holder.rank < fact.rank)
            found.append(Doubt(event, "negative_duration", not live, _minus(event) if live else ""))
        else:
            live = holds and holder is None and reading is not None and event in reading.parked
            found.append(Doubt(event, "stop_before_start", not live, _before(event, reading) if live else ""))
    return tuple(found)


def _minus(event: Event) -> str:
    assert event.started_at is not None
    assert event.ended_at is not None
    return f"an interval that ends {(event.started_at - event.ended_at) // 1000} s before it starts"


def _before(event: Event, reading: Reading | None) -> str:
    assert reading is not None
    assert event.at is not None
    return f"a stop {reading.start - event.at // 1000} s before the first start"
