"""What the ledger would be: both logs of a tenant through the same kernel in memory, then facts that are not sent.

Nothing is written. The rows before are what the worker computes from the same log; so closed periods, decisions and
everything else count as they do there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from billing.book import CatalogState
from billing.link import LinkState
from billing.outcome import Outcome
from billing.rate import RateState
from jobs.catalog_topic import read_log
from jobs.simulate import work_fact
from streams.models.entry import Entry
from streams.models.fact import Fact
from streams.models.work import Work, decode_work
from streams.settings import Settings
from streams.topics import LINK_LOG, RATE_LOG

BATCH = 20_000


class Preview:
    """One tenant's ledger as it stands, and as further facts would make it."""

    def __init__(self, tenant: str) -> None:
        self.tenant = tenant
        self._link = LinkState(tenant, 0)
        self._rate = RateState(tenant, 0)
        self._entries: dict[str, Entry] = {}
        self._works: dict[str, tuple[int, str, Work]] = {}
        self.book = CatalogState()

    @classmethod
    async def read(cls, settings: Settings, tenant: str) -> Preview:
        """Replay the tenant's logs. Raises UserError when Kafka does not answer."""
        preview = cls(tenant)
        preview.fold(await read_log(settings, tenant, LINK_LOG), await read_log(settings, tenant, RATE_LOG))
        return preview

    def fold(self, link: Iterable[Fact], rate: Iterable[Fact]) -> None:
        """Records of the two logs, as they stand there; what a hop sent to its own log is among them."""
        for batch in batches(link):
            self._link.step(batch)
        for batch in batches(rate):  # what rate appended then, it does not append again
            self._hold(self._rate.step(batch))

    def add(self, facts: Iterable[Fact]) -> None:
        """Facts of the catalogue or decisions that nobody has sent: link sees them, then rate, with what link made."""
        sent = list(facts)
        work = [work_fact(version, one) for batch in batches(sent) for version, one in self._linked(batch)]
        self._step([*sent, *work])

    def entries(self) -> list[Entry]:
        """Rows that hold, by id."""
        return [entry for _, entry in sorted(self._entries.items()) if not entry.void]

    def works(self) -> list[Work]:
        """Pieces of work as they stand, by id."""
        return [work for _, (_, _, work) in sorted(self._works.items())]

    def _linked(self, batch: list[Fact]) -> Iterator[tuple[int, Work]]:
        """Work of one step of link, and of those that answer what it appended."""
        while batch:
            outcome = self._link.step(batch)
            yield from outcome.outputs
            batch = outcome.appends

    def _step(self, facts: Iterable[Fact]) -> None:
        for batch in batches(facts):
            following = batch
            for fact in batch:
                self._note(fact)
            while following:
                outcome = self._rate.step(following)
                self._hold(outcome)
                following = outcome.appends

    def _hold(self, outcome: Outcome[Entry]) -> None:
        for _, entry in outcome.outputs:
            self._entries[entry.id] = entry

    def _note(self, fact: Fact) -> None:
        """The catalogue, and of each piece of work the largest revision."""
        if fact.kind in ("object", "release"):
            self.book.fold(fact)
        elif fact.kind == "work":
            rank = fact.rev, fact.digest()
            if fact.id not in self._works or self._works[fact.id][:2] <= rank:
                self._works[fact.id] = (*rank, decode_work(bytes(fact.body)))


def batches(facts: Iterable[Fact]) -> Iterator[list[Fact]]:
    """Cut as a hop cuts: after what ends a fold, and at most so many."""
    batch: list[Fact] = []
    for fact in facts:
        batch.append(fact)
        if fact.ends_fold or len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
