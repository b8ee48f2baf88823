"""One hop: decode → fold and step → appends → outputs → changelog → ack (design §3, §5). No Faust, no Kafka client.

The ports (streams/ports.py), all there is between a hop and the world; a simulation has them in a few lines:

`Incoming`  a record as read: ``offset``, ``key``, ``value``, ``headers``. aiokafka's ConsumerRecord is one.
`Batch`     consecutive records of one partition, and ``acknowledge()``: the range may be committed from now on.
`Log`       ``await append(writes)`` returns when the broker has acknowledged every record of all writes. Within one
            (topic, partition) the order given is kept, between two it is free; a crash leaves any prefix of each.
            Topic names come without prefix. The changelog is a topic like the others, named by ``Plan.changelog``.
`Kernel`    what billing/ folds facts into: ``restore``, ``step``, ``counts``.
`Plan`      what makes a hop this hop: its topics, its decoder, its kernel, where its outputs go.

``Hop.take(batch)`` is ``compute`` and ``write``: it awaits at most one ``append`` for the appends, one for the outputs
with the parked, one for the changelog, in this order, for each round of the batch; then it acknowledges. ``compute``
touches nothing outside and may run ahead by a batch while the one before is written; writes never overtake. A batch is
one round, and one more for each fact that ends a fold or fills a round, tenant by tenant. ``reached(point)`` is called
after each effect (`POINTS`): tests kill there. ``Hop.restore(partition, key, value)`` takes a record of the changelog,
in any order and any number of times; ``Hop.drop(partition)`` forgets a partition that moved away. A batch that did not
come to its end leaves its partition unusable until it is dropped and restored: its memory is ahead of the changelog.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar, cast

from billing.outcome import Counts, Outcome
from streams.changelog import pack, unpack
from streams.models.cloudevent import Problem
from streams.models.fact import Fact, decode_fact, encode_fact
from streams.models.ids import Content
from streams.models.parked import Parked
from streams.parking import EVERYONE, is_tenant, park, parked_output, resolve, tenant_of
from streams.ports import Batch, Incoming, Log, Output, Record, Traffic, Write
from streams.turns import exhausted

__all__ = [
    "EVERYONE", "POINTS", "Batch", "Hop", "Incoming", "Kernel", "Log", "Output", "Plan", "Record", "Traffic", "Write",
    "fact_record", "is_tenant", "park", "parked_output", "resolve", "tenant_of",
]  # fmt: skip

M = TypeVar("M")
M_contra = TypeVar("M_contra", contravariant=True)
T = TypeVar("T")

PAUSE = 256  # records decoded between two pauses
POINTS = ("after_appends", "after_outputs", "after_changelog", "before_ack", "after_ack")


class Kernel(Protocol[M_contra, T]):
    def restore(self, key: str, value: bytes) -> None: ...
    def step(self, facts: Sequence[M_contra]) -> Outcome[T]: ...
    def counts(self) -> Counts: ...


@dataclass(frozen=True, slots=True)
class Plan(Generic[M, T]):
    """A hop's own parts. ``decode`` gives (unit, message) or what is wrong with the record; the unit is the tenant,
    or "" where one kernel holds the whole partition. ``separator`` ends the tenant in a record's key."""

    name: str
    sources: tuple[str, ...]
    changelog: str
    log: str  # where its appends go: its own input, read again by whoever owns the partition
    separator: str
    decode: Callable[[Incoming], tuple[str, M] | Problem]
    begin: Callable[[str], Kernel[M, T]]
    emit: Callable[[int, T], Output]
    ends_fold: Callable[[M], bool] | None = None
    most: int = sys.maxsize  # messages of one unit in a round: between two rounds the process shows that it lives
    mark: Callable[[M], int | None] = lambda _: None  # the instant, when the message is a clock mark
    emit_content: Callable[[int, T, Content], Output] | None = None  # `emit` where the kernel has encoded the output
    one_unit: bool = False  # one kernel holds the whole partition, no message is a clock mark or ends a fold


Round = dict[str, list[M]]  # messages by unit, in order


@dataclass(slots=True)
class _Partition(Generic[M, T]):
    kernels: dict[str, Kernel[M, T]] = field(default_factory=dict)
    mark: M | None = None  # the largest; concerns tenants that come later, too
    broken: bool = False  # one of them never will be: memory is ahead of the changelog


@dataclass(frozen=True, slots=True)
class Computed:
    """What a batch comes to: for each round its appends, outputs and changelog."""

    batch: Batch
    rounds: list[tuple[list[Write], list[Write], list[Write]]]
    state: _Partition[Any, Any]  # from which it was computed, whatever has become of the partition since


class Hop(Generic[M, T]):
    """One hop of one process, over all partitions the process owns."""

    def __init__(
        self,
        plan: Plan[M, T],
        log: Log,
        place: Callable[[str], int],
        tenant: str = "main",
        reached: Callable[[str], None] = lambda point: None,
    ) -> None:
        """``place`` gives the partition of a tenant; ``tenant`` is named where a broken key names none."""
        self.plan = plan
        self.traffic = Traffic()
        self._log = log
        self._place = place
        self._tenant = tenant
        self._reached = reached
        self._partitions: dict[int, _Partition[M, T]] = {}
        self.unrestored: set[int] = set()  # partitions taken over whose changelog was not read yet: nothing is computed

    async def take(self, batch: Batch) -> None:
        """One batch, to its acknowledgement. Raises what the log raises: then nothing is acknowledged."""
        await self.write(self.compute(batch))

    def compute(self, batch: Batch) -> Computed:
        """Decode and step a batch, in order; nothing of it is outside yet. May run while the one before is written."""
        return exhausted(self.computing(batch))

    def computing(self, batch: Batch) -> Generator[None, None, Computed]:
        """`compute`, with pauses in which the one before may be sent and acknowledged."""
        if batch.partition in self.unrestored:
            raise RuntimeError(f"{self.plan.name}/{batch.partition}: a batch came before the state was restored")
        owned = self._partitions.setdefault(batch.partition, _Partition())
        messages, parked = yield from self._decode(batch)
        if owned.broken:
            raise RuntimeError(f"{self.plan.name}/{batch.partition}: the step before did not come to its end")
        known = owned.mark
        rounds = self._rounds(owned, messages) or [{}]
        effects = [
            self._round(batch.partition, owned, steps, [] if number else parked) for number, steps in enumerate(rounds)
        ]
        if owned.mark is not None and owned.mark is not known:
            kept = list(pack(EVERYONE, [("mark", encode_fact(cast(Fact, owned.mark)))]))
            effects[-1][2].append(Write(self.plan.changelog, batch.partition, kept))
        return Computed(batch, effects, owned)

    async def write(self, computed: Computed) -> None:
        """Write what was computed, batch after batch, then acknowledge it."""
        batch, owned = computed.batch, computed.state
        try:
            for effects in computed.rounds:
                for point, writes in zip(POINTS, effects, strict=False):
                    if writes:
                        await self._log.append(writes)
                    self._reached(point)
            self._reached("before_ack")
            batch.acknowledge()
        except BaseException:
            owned.broken = True
            raise
        self.traffic.records += len(batch.records)
        self.traffic.batches += 1
        self._reached("after_ack")

    def restore(self, partition: int, key: bytes, value: bytes) -> None:
        """A record of the changelog. A batch may be on its way out: after a rebalance that left the partition here the
        changelog is read on from where restoring once ended, and facts only ever join others."""
        owned = self._partitions.setdefault(partition, _Partition())
        if owned.broken:
            raise RuntimeError(f"{self.plan.name}/{partition}: restored after a step that did not come to its end")
        for unit, kept, content in unpack(key, value):
            if unit == EVERYONE:
                self._keep_mark(owned, cast(M, decode_fact(content)))
            else:
                self._kernel(owned, unit).restore(kept, content)

    def drop(self, partition: int) -> None:
        """Forget a partition that another process owns now."""
        self._partitions.pop(partition, None)

    @property
    def partitions(self) -> set[int]:
        return set(self._partitions)

    def counts(self) -> Counts:
        """Over all kernels, and what was parked undecoded: ``received = done + waiting + parked``."""
        total = Counts(received=self.traffic.undecoded, parked=self.traffic.undecoded)
        for owned in self._partitions.values():
            for kernel in owned.kernels.values():
                counts = kernel.counts()
                total.received += counts.received
                total.done += counts.done
                total.waiting += counts.waiting
                total.parked += counts.parked
        return total

    def _decode(self, batch: Batch) -> Generator[None, None, tuple[list[tuple[str, M]], list[Parked]]]:
        messages: list[tuple[str, M]] = []
        parked: list[Parked] = []
        decode = self.plan.decode
        for number, record in enumerate(batch.records):
            if number % PAUSE == 0:
                yield
            found = decode(record)
            if isinstance(found, Problem):
                parked.append(park(batch, record, found, self._tenant_of(record)))
                self.traffic.undecoded += 1
            else:
                messages.append(found)
                if record.headers and (resolved := resolve(batch, record, self.plan.separator)):
                    parked.append(resolved)
        return messages, parked

    def _tenant_of(self, record: Incoming) -> str:
        tenant = tenant_of(record.key, self.plan.separator)
        return self._tenant if tenant in ("", EVERYONE) else tenant

    def _rounds(self, owned: _Partition[M, T], messages: list[tuple[str, M]]) -> list[Round[M]]:
        """Cut after each fact that ends a fold, and where a round is full, unit by unit; a clock mark goes to every
        unit of the partition."""
        rounds: list[Round[M]] = []
        turn: dict[str, int] = {}

        ends_fold = self.plan.ends_fold
        if self.plan.one_unit:
            return [{messages[0][0]: [message for _, message in messages]}] if messages else []

        def put(unit: str, message: M) -> None:
            if unit not in turn:
                turn[unit] = 0
                if unit not in owned.kernels and owned.mark is not None:
                    put(unit, owned.mark)
            while len(rounds) <= turn[unit]:
                rounds.append({})
            rounds[turn[unit]].setdefault(unit, []).append(message)
            full = len(rounds[turn[unit]][unit]) >= self.plan.most
            if full or (ends_fold is not None and ends_fold(message)):
                turn[unit] += 1

        for unit, message in messages:
            if unit != EVERYONE:
                put(unit, message)
                continue
            for each in sorted(owned.kernels.keys() | turn.keys()):
                put(each, message)
            self._keep_mark(owned, message)
        return rounds

    def _keep_mark(self, owned: _Partition[M, T], message: M) -> None:
        at = self.plan.mark(message)
        largest = -1 if owned.mark is None else self.plan.mark(owned.mark) or 0
        if at is not None and at > largest:
            owned.mark = message

    def _round(
        self, partition: int, owned: _Partition[M, T], steps: Round[M], parked: list[Parked]
    ) -> tuple[list[Write], list[Write], list[Write]]:
        """Step one round; its appends, outputs and changelog, each to be acknowledged before the next is written."""
        outcomes = [(unit, self._kernel(owned, unit).step(messages)) for unit, messages in steps.items()]
        appends = [fact_record(fact) for _, outcome in outcomes for fact in outcome.appends]
        outputs = [output for _, outcome in outcomes for output in self._outputs(outcome)]
        recorded = [fact for _, outcome in outcomes for fact in outcome.recorded]
        outputs += [Output("decisions", fact.tenant, fact_record(fact)) for fact in recorded]
        outputs += map(parked_output, parked)
        outputs += [parked_output(item) for _, outcome in outcomes for item in outcome.parked]
        kept = [record for unit, outcome in outcomes for record in pack(unit, outcome.kept)]
        return (
            [Write(self.plan.log, partition, appends)] if appends else [],
            self._writes(outputs) if outputs else [],
            [Write(self.plan.changelog, partition, kept)] if kept else [],
        )

    def _outputs(self, outcome: Outcome[T]) -> list[Output]:
        emit, ready = self.plan.emit, self.plan.emit_content
        if ready is None:
            return [emit(version, output) for version, output in outcome.outputs]
        sent = zip(outcome.outputs, outcome.contents, strict=True)
        return [ready(version, output, content) for (version, output), content in sent]

    def _writes(self, outputs: Sequence[Output]) -> list[Write]:
        writes: dict[tuple[str, int], list[Record]] = {}
        lists: dict[tuple[str, str], list[Record]] = {}  # the same, by tenant: placing one takes long
        for output in outputs:
            place = output.topic, output.tenant
            records = lists.get(place)
            if records is None:
                records = lists[place] = writes.setdefault((output.topic, self._place(output.tenant)), [])
            records.append(output.record)
        return [Write(topic, partition, records) for (topic, partition), records in writes.items()]

    def _kernel(self, owned: _Partition[M, T], unit: str) -> Kernel[M, T]:
        kernel = owned.kernels.get(unit)
        if kernel is None:
            kernel = owned.kernels[unit] = self.plan.begin(unit)
        return kernel


def fact_record(fact: Fact) -> Record:
    return Record(fact.key().encode(), encode_fact(fact))
