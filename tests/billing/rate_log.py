"""A log, one owner that steps over it, and a store that keeps the largest version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from billing.book import CatalogState
from billing.outcome import Outcome
from billing.rate import RateState
from billing.statement import rate_client
from streams.models.entry import Entry, Identity
from streams.models.fact import Fact
from streams.models.work import Work, decode_work
from tests.billing.rate_kit import TENANT

Live = dict[Identity, Entry]


class Store:
    """The ledger as a reader sees it: of each identity the row with the largest version."""

    def __init__(self) -> None:
        self.rows: Live = {}

    def receive(self, outputs: Iterable[tuple[int, Entry]]) -> None:
        for number, entry in outputs:
            known = self.rows.get(entry.identity)
            if known is None or known.version <= number:
                self.rows[entry.identity] = entry

    def live(self) -> Live:
        return {one: content(entry) for one, entry in self.rows.items() if not entry.void}


class Log:
    """Feeds single facts; what the state appends is read right after."""

    def __init__(self, facts: Sequence[Fact]) -> None:
        self.state = RateState(TENANT, 0)
        self.store = Store()
        self.kept: list[tuple[str, bytes]] = []
        self.facts: list[Fact] = []
        self.sent: list[tuple[int, Entry]] = []
        for part in cut(facts):
            self.step(part)

    def feed(self, fact: Fact) -> list[Entry]:
        return [entry for _, entry in self.step([fact]).outputs]

    def step(self, facts: Sequence[Fact]) -> Outcome[Entry]:
        outcome = self.state.step(facts)
        self.facts.extend(facts)
        self.store.receive(outcome.outputs)
        self.sent.extend(outcome.outputs)
        self.kept.extend(outcome.kept)
        if outcome.appends:
            self.step(outcome.appends)
        return outcome

    def live(self) -> list[Entry]:
        return sorted(self.store.live().values(), key=lambda entry: (entry.start, entry.identity))

    def versions(self, identity: Identity) -> list[int]:
        return [number for number, entry in self.sent if entry.identity == identity]

    def voids(self) -> set[tuple[str, str, str]]:
        return {(one.client, one.period, one.work) for one, entry in self.store.rows.items() if entry.void}


def content(entry: Entry) -> Entry:
    return msgspec.structs.replace(entry, version=0)


def cut(facts: Sequence[Fact], sizes: Sequence[int] = ()) -> Iterator[list[Fact]]:
    """Batches of the given sizes (the last one of the rest), cut after every fact that ends a fold."""
    part: list[Fact] = []
    left = list(sizes)
    limit = left.pop(0) if left else len(facts)
    for fact in facts:
        part.append(fact)
        if fact.ends_fold or len(part) >= limit:
            yield part
            part = []
            limit = left.pop(0) if left else len(facts)
    if part:
        yield part


def truth(facts: Iterable[Fact]) -> Live:
    """The rows of a set of facts, computed at once by the definition: no index, no place, no batch."""
    book = CatalogState()
    best: dict[str, tuple[tuple[int, str], Work]] = {}
    for fact in facts:
        book.fold(fact)
        if fact.kind == "work":
            rank = fact.rev, fact.digest()
            if fact.id not in best or best[fact.id][0] < rank:
                best[fact.id] = rank, decode_work(bytes(fact.body))
    clients: dict[str, list[Work]] = {}
    for _, work in best.values():
        clients.setdefault(work.client or "", []).append(work)
    return {row.identity: row for client, works in clients.items() for row in rate_client(client, works, book)}
