"""Seals: what is left of work whose statements are closed and whose retention is over, and what becomes of facts that
come for it later.

A seal is decided once, by its place in the log, and kept with what it leaves: per piece of work its last revision and a
digest of what was billed. Of the facts behind it only their number stays; none of them is ever counted again, so a
worker that reads them once more, or restores them from a changelog that still holds them, arrives at the same count.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from billing.charge_plan import is_charge
from billing.closes import Closes
from billing.rate_forget import forget
from billing.rate_index import Index, identity_text, parse_identity
from billing.seal_cut import Cut, behind, named
from streams.models.entry import Identity
from streams.models.fact import Fact, decode_fact, encode_fact
from streams.models.ids import digest
from streams.models.seal import (
    Part,
    Remains,
    SealedWork,
    decode_part,
    decode_remains,
    decode_seal,
    encode_kept,
)
from streams.models.work import Work, encode_work

SEAL, PART, LATE = b"^", b"@", b"%"  # in the changelog: a seal with its outcome, what it keeps, a late piece of work
MANY = 1000  # pieces of work, or rows, in one part
Kept = tuple[str, bytes]


@dataclass(slots=True)
class Seals:
    """All seals of one tenant."""

    through: Cut = field(default_factory=dict)
    works: dict[str, SealedWork] = field(default_factory=dict)
    evidence: dict[str, str] = field(default_factory=dict)  # interval → the sealed work that rested on it
    booked: set[int] = field(default_factory=set)
    forgotten: int = 0  # facts
    late: dict[str, tuple[int, bool]] = field(default_factory=dict)  # by work: revision, and whether it is settled
    _seals: dict[str, Remains] = field(default_factory=dict)
    _parts: dict[str, Part] = field(default_factory=dict)

    def restore(self, key: str, value: bytes) -> bool:
        """Take back one kept value, in any order; True if it is a fact that counts."""
        if value[:1] == SEAL:
            self._seals[key] = decode_remains(value[1:])
        elif value[:1] == PART:
            self._parts[key] = decode_part(value[1:])
        else:
            work, rev, settled = msgspec.msgpack.decode(value[1:], type=tuple[str, int, bool])
            self.late[work] = max((rev, settled), self.late.get(work, (-1, False)))
        return value[:1] == SEAL

    def settle(self, index: Index, closes: Closes, keys: set[str]) -> None:
        """After restoring: what the seals left, and nothing of what they dropped."""
        holding = {key: one for key, one in self._seals.items() if one.holds}
        self.forgotten = sum(one.forgotten for one in holding.values())
        for name, part in list(self._parts.items()):
            if part.seal in holding:
                self._add(self._parts.pop(name))
        closes.sealed = {client: one.period for client, one in self.through.items()}
        for one in sorted(holding.values(), key=lambda one: one.fact):
            clients = decode_seal(bytes(decode_fact(one.fact).body)).clients
            closes.sealed |= {c: max(period, closes.sealed.get(c, "")) for c, period in clients.items()}
            closes.complete()
            self.through |= named(closes, self.through, clients)
        if holding:
            self._forget(index, closes, keys)

    def accept(self, fact: Fact, cut: Cut, index: Index, closes: Closes, keys: set[str]) -> Iterator[Kept]:
        """A seal that holds, from its place in the log on: what the changelog keeps of it."""
        key = fact.key()
        ids = sorted({held.work.id for client, one in cut.items() for _, held in behind(index, client, one.until)})
        works = [_sealed(index, id_) for id_ in ids]
        parts = [Part(key, works=tuple(works[at : at + MANY])) for at in range(0, len(works), MANY)]
        self.through |= cut
        self._add(Part(key, works=tuple(works)))
        booked = sorted(row_number(one) for one in closes.standing(self.is_behind))
        self.booked.update(booked)
        parts += [Part(key, booked=tuple(booked[at : at + MANY])) for at in range(0, len(booked), MANY)]
        for number, part in enumerate(parts):
            yield f"{key}/{number}", PART + encode_kept(part)
        closes.sealed = {client: one.period for client, one in self.through.items()}
        forgotten = self._forget(index, closes, keys)
        self.forgotten += forgotten
        self._seals[key] = Remains(encode_fact(fact), True, forgotten, len(parts))
        yield key, SEAL + encode_kept(self._seals[key])

    def refuse(self, fact: Fact) -> Kept:
        """A seal that something came between: as if it had never been written."""
        self._seals[fact.key()] = Remains(encode_fact(fact), False)
        return fact.key(), SEAL + encode_kept(self._seals[fact.key()])

    @property
    def parked(self) -> int:
        """Pieces of work of which the newest revision is parked."""
        return sum(not settled for _, settled in self.late.values())

    def decided(self, fact: Fact) -> bool:
        return fact.key() in self._seals

    def is_behind(self, identity: Identity) -> bool:
        """Whether a row is of work, or a charge, that was sealed."""
        if not is_charge(identity.work):
            return identity.work in self.works
        found = self.through.get(identity.client)
        return found is not None and (identity.corrects_period or identity.period) <= found.period

    def drops(self, key: str, closes: Closes) -> bool:
        """Whether a fact with this key is one of those that a seal drops."""
        _, kind, rest = key.split("|", 2)
        if kind not in ("work", "identity", "manifest"):
            return False
        id_ = rest.rsplit("|", 2)[0]
        if kind == "work":
            return id_ in self.works
        if kind == "identity":
            return self.is_behind(parse_identity(id_))
        return closes.is_sealed(id_.rpartition("/")[0])

    def rests_on(self, evidence: tuple[str, ...]) -> str:
        """The first piece of sealed work among what rests on any of these intervals, else ""."""
        found = (self.evidence.get(one, one) for one in evidence)
        return next((one for one in found if one in self.works), "")

    def is_before(self, work: Work) -> bool:
        """Whether work stands where everything is sealed."""
        found = self.through.get(work.client or "")
        return work.state == "done" and found is not None and work.start < found.until

    def _add(self, part: Part) -> None:
        self.works |= {one.id: one for one in part.works}
        self.evidence |= {interval: one.id for one in part.works for interval in one.evidence}
        self.booked |= set(part.booked)

    def _forget(self, index: Index, closes: Closes, keys: set[str]) -> int:
        gone = {key for key in keys if self.drops(key, closes)}
        keys -= gone
        forget(index, self.works, self.is_behind)
        closes.forget(self.is_behind)
        return len(gone)


def _sealed(index: Index, id_: str) -> SealedWork:
    held = index.works[id_]
    evidence = tuple(one.interval for one in held.work.proof if one.interval != id_)
    return SealedWork(id_, held.rank[0], matter(held.work), evidence)


def matter(work: Work) -> str:
    """A digest of all that a bill may depend on: not of explanations, nor of what sources call things."""
    bare = msgspec.structs.replace(
        work, who="", path="none", recovered=False, reason="", candidates=(), confidence=0, grounds=(), suggestions=(),
        flags=(), proof=(), trail=(),
    )  # fmt: skip
    return digest(encode_work(bare))


def row_number(identity: Identity) -> int:
    """64 bits that stand for a row."""
    return int(digest(identity_text(identity).encode()), 16)


def until_seals(facts: Sequence[Fact]) -> Iterator[Sequence[Fact]]:
    """The facts up to each seal, and what comes behind the last: what is before a seal is sent before it drops
    anything."""
    first = 0
    for number, fact in enumerate(facts, start=1):
        if fact.kind == "seal":
            yield facts[first:number]
            first = number
    if first < len(facts) or not facts:
        yield facts[first:]
