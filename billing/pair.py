"""pair: the events of many activities, each folded into its interval."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import msgspec

from billing.doubt import Doubt, Known, known
from billing.outcome import Counts, Outcome
from billing.pairing import pair
from streams.models.cloudevent import encode_cloudevent
from streams.models.event import TOPIC_OF_KIND, Event, decode_event, encode_event
from streams.models.ids import version
from streams.models.interval import Interval, encode_interval
from streams.models.parked import Parked, encode_parked, parked_id

WARM = 4096  # activities whose facts stay decoded: a running session sends a heartbeat a minute

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
        self._facts: dict[str, dict[bytes, None]] = {}  # by tenant/activity; written once, grows only
        self._received = 0  # facts
        self._warm: OrderedDict[str, list[Known]] = OrderedDict()  # the last touched at the end
        self._tallies: dict[str, tuple[int, int]] = {}  # waiting and parked facts of an activity that has some
        self._stale: set[str] = set()  # restored, not tallied yet

    def restore(self, key: str, value: bytes) -> None:
        """Take back one kept fact, in any order."""
        entity = key.split("|", 1)[0]
        held = self._facts.setdefault(entity, {})
        self._received += value not in held
        held[value] = None
        self._warm.pop(entity, None)
        self._stale.add(entity)

    def step(self, facts: Sequence[Event]) -> Outcome[Interval]:
        """Fold the events; every touched activity is computed and sent again, known or not, changed or not."""
        outcome: Outcome[Interval] = Outcome()
        touched: dict[str, None] = {}
        for event in facts:
            entity, value = event.entity, encode_event(event)
            touched[entity] = None
            held = self._facts.setdefault(entity, {})
            if value in held:
                continue
            fact = known(event, value)
            if not held:
                self._warm[entity] = [fact]
            elif entity in self._warm:
                self._warm[entity].append(fact)
            held[value] = None
            self._received += 1
            outcome.kept.append((fact.key(entity), value))
        for entity in touched:
            self._compute(entity, outcome)
        return outcome

    def counts(self) -> Counts:
        """Facts of activities that may go on wait; facts that cannot hold are parked."""
        for entity in sorted(self._stale):
            self._compute(entity, Outcome())
        waiting = sum(tally[0] for tally in self._tallies.values())
        parked = sum(tally[1] for tally in self._tallies.values())
        return Counts(self._received, self._received - waiting - parked, waiting, parked)

    def _compute(self, entity: str, outcome: Outcome[Interval]) -> None:
        facts = self._decoded(entity)
        interval, doubts = pair(facts)
        count = len(facts)
        outcome.outputs.append((version(self._epoch, count, encode_interval(interval)), interval))
        if doubts:
            outcome.parked.extend(self._parked(doubt, count) for doubt in doubts)
        parked = sum(not doubt.void for doubt in doubts) if doubts else 0
        waiting = interval.close in ("open", "orphan_stop")
        if waiting or parked:
            self._tallies[entity] = (count - parked if waiting else 0, parked)
        else:
            self._tallies.pop(entity, None)
        if not waiting:
            self._warm.pop(entity, None)  # rarely touched again
        self._stale.discard(entity)

    def _decoded(self, entity: str) -> list[Known]:
        found = self._warm.get(entity)
        if found is None:
            found = self._warm[entity] = [known(decode_event(value), value) for value in self._facts[entity]]
        self._warm.move_to_end(entity)
        while len(self._warm) > WARM:
            self._warm.popitem(last=False)
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
