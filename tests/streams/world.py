"""A tiny kernel and a world in memory: what a hop needs to be watched without Kafka."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from billing.outcome import Counts, Outcome
from streams.agents import facts, pair
from streams.hop import Batch, Output, Plan, Record, Write
from streams.models.event import Event
from streams.models.fact import Fact, decode_fact, encode_fact

Row = tuple[str, int, list[str]]  # tenant, version, sorted ids of all facts seen


@dataclass
class Tally:
    """Counts the facts of an activity: an output tells all of them, at version their number."""

    seen: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def restore(self, key: str, value: bytes) -> None:
        self.seen[key.split("|")[0]].add(key)

    def step(self, facts: Sequence[Event]) -> Outcome[Row]:
        outcome: Outcome[Row] = Outcome()
        touched: dict[str, str] = {}
        for event in facts:
            key = event.fact_key()
            if key not in self.seen[event.entity]:
                self.seen[event.entity].add(key)
                outcome.kept.append((key, b"1"))
            touched[event.entity] = event.tenant
        for entity, tenant in touched.items():
            known = sorted(self.seen[entity])
            outcome.outputs.append((len(known), (tenant, len(known), known)))
        return outcome

    def counts(self) -> Counts:
        total = sum(map(len, self.seen.values()))
        return Counts(received=total, done=total)


def tally_plan() -> Plan[Event, Row]:
    """Reads events as pair does, writes rows to `entries`, keeps its facts in `pair-facts`."""
    return Plan(
        name="tally", sources=("events.timer", "events.session"), changelog="pair-facts", log="", separator="/",
        decode=pair.decode_record, begin=lambda _: Tally(), emit=emit_row,
    )  # fmt: skip


def emit_row(version: int, row: Row) -> Output:
    tenant, _, known = row
    return Output("entries", tenant, Record(known[0].split("|")[0].encode(), json.dumps([version, known]).encode()))


@dataclass
class Chain:
    """Per tenant: appends a fact of its own for each decision, outputs what each step was given."""

    tenant: str
    steps: list[list[str]] = field(default_factory=list)
    restored: list[str] = field(default_factory=list)

    def restore(self, key: str, value: bytes) -> None:
        self.restored.append(decode_fact(value).id)

    def step(self, facts: Sequence[Fact]) -> Outcome[list[str]]:
        ids = [fact.id for fact in facts]
        self.steps.append(ids)
        return Outcome(
            appends=[Fact(kind="lapsed", tenant=self.tenant, id=f.id) for f in facts if f.kind == "decision"],
            outputs=[(len(self.steps), ids)],
            kept=[(fact.key(), encode_fact(fact)) for fact in facts if fact.counts],
        )

    def counts(self) -> Counts:
        return Counts()


def chain_plan() -> Plan[Fact, list[str]]:
    return Plan(
        name="chain", sources=("link-log",), changelog="link-facts", log="link-log", separator="|",
        decode=facts.decode_record, begin=Chain,
        emit=lambda version, ids: Output("rate-log", "main", Record(b"k", f"{version}:{','.join(ids)}".encode())),
        ends_fold=lambda fact: fact.ends_fold, mark=lambda fact: fact.rev if fact.kind == "mark" else None,
    )  # fmt: skip


@dataclass(frozen=True)
class Read:
    """A record as a hop reads it."""

    key: bytes | None
    value: bytes | None
    offset: int = 0
    headers: Sequence[tuple[str, bytes]] = ()


@dataclass
class Memory:
    """`streams.hop.Log` that remembers what was appended, in one list, and may fail at the n-th append."""

    written: list[tuple[str, int, Record]] = field(default_factory=list)
    appends: int = 0
    fail_at: int = 0

    async def append(self, writes: Sequence[Write]) -> None:
        self.appends += 1
        if self.appends == self.fail_at:
            raise TimeoutError("no broker")
        self.written += [(topic, partition, record) for topic, partition, records in writes for record in records]

    def on(self, topic: str) -> list[Record]:
        return [record for name, _, record in self.written if name == topic]

    def acknowledge(self) -> None:
        self.written.append(("ack", 0, Record(b"", b"")))

    def batch(self, *records: Read, topic: str = "link-log", partition: int = 0) -> Batch:
        return Batch(topic, partition, records, self.acknowledge)


def read(fact: Fact, offset: int = 0) -> Read:
    return Read(fact.key().encode(), encode_fact(fact), offset)
