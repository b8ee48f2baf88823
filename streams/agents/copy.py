"""copy: catalogue and decisions fan out into both logs, same key and bytes, in order. No state."""

from __future__ import annotations

from collections.abc import Callable, Generator

from billing.outcome import Counts
from streams.agents.facts import SEPARATOR, decode_record
from streams.hop import EVERYONE, Batch, Log, Record, Traffic, Write, park, parked_output, resolve, tenant_of
from streams.models.cloudevent import Problem
from streams.models.parked import Parked

NAME = "copy"
SOURCES = ("catalog", "decisions")
TARGETS = ("link-log", "rate-log")
OF_RATE = frozenset({"manifest", "closed", "refused"})  # outcomes: link reads none


class Copy:
    """``place`` gives the partition of a tenant; ``tenant`` is named where a broken key names none."""

    def __init__(
        self,
        log: Log,
        place: Callable[[str], int],
        tenant: str = "main",
        reached: Callable[[str], None] = lambda point: None,
    ) -> None:
        self.traffic = Traffic()
        self._log = log
        self._place = place
        self._tenant = tenant
        self._reached = reached

    def computing(self, batch: Batch) -> Generator[None, None, Batch]:
        """Nothing to compute ahead."""
        yield
        return batch

    async def write(self, batch: Batch) -> None:
        await self.take(batch)

    async def take(self, batch: Batch) -> None:
        """One batch, to its acknowledgement. Facts and parked are awaited together, then acknowledged."""
        facts: dict[tuple[str, int], list[Record]] = {}
        parked: dict[int, list[Record]] = {}
        for record in batch.records:
            found = decode_record(record)
            if isinstance(found, Problem):
                tenant = tenant_of(record.key, SEPARATOR)
                tenant = self._tenant if tenant in ("", EVERYONE) else tenant
                self._add(parked, park(batch, record, found, tenant))
                self.traffic.undecoded += 1
                continue
            tenant, fact = found
            partition = batch.partition if tenant == EVERYONE else self._place(tenant)
            for topic in TARGETS[1:] if fact.kind in OF_RATE else TARGETS:
                facts.setdefault((topic, partition), []).append(Record(record.key or b"", record.value or b""))
            if record.headers and (resolved := resolve(batch, record, SEPARATOR)):
                self._add(parked, resolved)
        writes = [Write(topic, partition, records) for (topic, partition), records in facts.items()]
        writes += [Write("parked", partition, records) for partition, records in parked.items()]
        if writes:
            await self._log.append(writes)
        self._reached("before_ack")
        batch.acknowledge()
        self.traffic.records += len(batch.records)
        self.traffic.batches += 1
        self._reached("after_ack")

    def counts(self) -> Counts:
        """Of this process: a copy keeps nothing."""
        read, parked = self.traffic.records, self.traffic.undecoded
        return Counts(received=read, done=read - parked, parked=parked)

    def _add(self, parked: dict[int, list[Record]], item: Parked) -> None:
        output = parked_output(item)
        parked.setdefault(self._place(output.tenant), []).append(output.record)
