"""pair: the events of many activities, each folded into its interval."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from billing.doubt import Doubt, Known, known
from billing.outcome import Counts, Outcome
from billing.pairing import weigh
from billing.plain import plain
from streams.models.cloudevent import encode_cloudevent
from streams.models.event import TOPIC_OF_KIND, Event, decode_event, encode_event
from streams.models.ids import Content, digest, version, version_of
from streams.models.interval import Interval, encode_interval
from streams.models.parked import Parked, encode_parked, parked_id

WARM = 4096  # activities whose facts stay decoded, and as many before: a running session sends a heartbeat a minute
FEW = 16  # facts of an activity that are looked through one by one

EXPECTED = {
    "negative_duration": "an end at most 120 s before its start",
    "stop_before_start": "a stop at most 120 s before its start",
}
REMEDY = {
    "negative_duration": "Correct the times at the source, or void the record; a newer revision replaces this one.",
    "stop_before_start": "Check the source's clock, or send the start that belongs to this stop.",
}


class PairState:
    """All activities of one partition. An activity's facts are told apart by their canonical bytes."""

    def __init__(self, epoch: int = 0) -> None:
        self._epoch = epoch
        self._facts: dict[str, list[bytes]] = {}  # by tenant/activity; written once, grows only
        self._many: dict[str, set[bytes]] = {}  # the same, where they are too many to look through
        self._received = 0  # facts
        self._warm: dict[str, list[Known]] = {}  # touched last
        self._cool: dict[str, list[Known]] = {}  # touched before those
        self._tallies: dict[str, tuple[int, int]] = {}  # waiting and parked facts of an activity that has some
        self._stale: set[str] = set()  # restored, not tallied yet

    def restore(self, key: str, value: bytes) -> None:
        """Take back one kept fact, in any order. ``key`` is its tenant/activity, and more in older changelogs."""
        entity = key.partition("|")[0]
        held = self._facts.get(entity)
        if held is None:
            self._facts[entity] = [value]
        elif not self._add(entity, held, value):
            return
        self._received += 1
        self._warm.pop(entity, None)
        self._cool.pop(entity, None)
        self._stale.add(entity)

    def step(self, facts: Sequence[Event]) -> Outcome[Interval]:
        """Fold the events; every touched activity is computed and sent again, known or not, changed or not."""
        if len(self._warm) > WARM:
            self._warm, self._cool = {}, self._warm
        outcome: Outcome[Interval] = Outcome()
        kept, every, warm = outcome.kept, self._facts, self._warm
        touched: dict[str, None] = {}
        for event in facts:
            entity, value = event.entity, encode_event(event)
            touched[entity] = None
            held = every.get(entity)
            if held is None:
                every[entity] = [value]
                warm[entity] = [Known(event, event.id, value)]
            elif not self._add(entity, held, value):
                continue
            elif (decoded := warm.get(entity) or self._warmed(entity)) is not None:
                decoded.append(Known(event, event.id, value))
            kept.append((entity, value))
        self._received += len(kept)
        for entity in touched:
            self._compute(entity, outcome)
        return outcome

    def _add(self, entity: str, held: list[bytes], value: bytes) -> bool:
        """Whether it is new. An activity with many facts keeps a set besides: looking through them would take long."""
        if len(held) < FEW:
            if value in held:
                return False
        else:
            many = self._many.get(entity)
            if many is None:
                many = self._many[entity] = set(held)
            if value in many:
                return False
            many.add(value)
        held.append(value)
        return True

    def _warmed(self, entity: str) -> list[Known] | None:
        """An activity's decoded facts, moved to those touched last."""
        found = self._cool.pop(entity, None)
        if found is not None:
            self._warm[entity] = found
        return found

    def counts(self) -> Counts:
        """Facts of activities that may go on wait; facts that cannot hold are parked."""
        for entity in sorted(self._stale):
            self._compute(entity, Outcome())
        waiting = sum(tally[0] for tally in self._tallies.values())
        parked = sum(tally[1] for tally in self._tallies.values())
        return Counts(self._received, self._received - waiting - parked, waiting, parked)

    def _compute(self, entity: str, outcome: Outcome[Interval]) -> None:
        facts = self._warm.get(entity) or self._decoded(entity)
        interval = plain(facts)
        doubts: tuple[Doubt, ...] = ()
        if interval is None:
            interval, doubts = weigh(facts)
        count = len(facts)
        content = encode_interval(interval)
        found = digest(content)
        outcome.outputs.append((version_of(self._epoch, count, found), interval))
        outcome.contents.append(Content(content, found))
        if doubts:
            outcome.parked.extend(self._parked(doubt, count) for doubt in doubts)
        parked = sum(not doubt.void for doubt in doubts) if doubts else 0
        waiting = interval.close in ("open", "orphan_stop")
        if waiting or parked:
            self._tallies[entity] = (count - parked if waiting else 0, parked)
        elif self._tallies:
            self._tallies.pop(entity, None)
        if not waiting:
            del self._warm[entity]  # rarely touched again
        if self._stale:
            self._stale.discard(entity)

    def _decoded(self, entity: str) -> list[Known]:
        found = self._warmed(entity)
        if found is None:
            found = self._warm[entity] = [known(decode_event(value), value) for value in self._facts[entity]]
        return found

    def _parked(self, doubt: Doubt, count: int) -> Parked:
        event = doubt.event
        topic, key, value = TOPIC_OF_KIND[event.kind], event.entity.encode(), encode_cloudevent(event)
        row = Parked(
            tenant=event.tenant,
            id=parked_id(event.tenant, topic, key, value),
            version=0,
            void=doubt.void,
            reason=doubt.reason,
            saw=doubt.saw,
            expected="" if doubt.void else EXPECTED[doubt.reason],
            remedy="" if doubt.void else REMEDY[doubt.reason],
            topic=topic,
            connector=event.source.split(":", 1)[0],
            key=key,
            value=value,
        )
        return msgspec.structs.replace(row, version=version(self._epoch, count, encode_parked(row)))
