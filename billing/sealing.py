"""When a seal is written, and whether it holds at its place in the log."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from billing.book import CatalogState
from billing.closes import Closes, Closing
from billing.outcome import Outcome
from billing.rate_index import Index
from billing.rate_terms import ClientTerms
from billing.seal_cut import Cut, has_end, largest, named, over, settled
from billing.seals import Kept, Seals
from streams.models.entry import Entry
from streams.models.fact import Fact
from streams.models.seal import Seal, decode_seal, encode_seal


@dataclass(frozen=True, slots=True)
class Known:
    """What rate knows of a tenant, as far as seals concern it; ``keys`` are those of its facts."""

    tenant: str
    keys: set[str]
    index: Index
    book: CatalogState
    closes: Closes


class Sealing:
    """Of one tenant. ``rows_of`` gives all rows of a client, as they follow from the facts."""

    def __init__(
        self, seals: Seals, known: Known, terms_of: Callable[[str], ClientTerms], rows_of: Callable[[str], list[Entry]]
    ) -> None:
        self._seals, self._known = seals, known
        self._terms_of, self._rows_of = terms_of, rows_of

    def settle(self) -> None:
        """After restoring."""
        self._seals.settle(self._known.index, self._known.closes, self._known.keys)

    def follow(self, facts: Iterable[Fact], mark: int, outcome: Outcome[Entry]) -> None:
        """After the facts of a step: seals that a clock mark asks for, and those that came through the log."""
        for fact in facts:
            if fact.kind == "mark":
                outcome.appends += self.propose(mark)
            elif fact.kind == "seal":
                outcome.kept += self.decide(fact)

    def propose(self, mark: int) -> Iterator[Fact]:
        """A seal over all whose retention a clock mark ended, as far as it may be sealed. It holds, or not, when it
        comes back through the log."""
        days = self._known.book.organisation.retention_days
        if days is None:
            return
        wanted = over(self._known.closes, self._seals.through, days, mark)
        if cut := self._largest(wanted):
            body = encode_seal(Seal(clients={client: one.period for client, one in sorted(cut.items())}))
            yield Fact(kind="seal", tenant=self._known.tenant, id="seal", rev=mark, body=body)

    def decide(self, fact: Fact) -> Iterator[Kept]:
        """Whether a seal holds: all that it names may still be sealed, whatever came between. Gives what the changelog
        keeps; known seals are not decided again."""
        if self._seals.decided(fact):
            return
        known = self._known
        cut = named(known.closes, self._seals.through, decode_seal(bytes(fact.body)).clients)
        if cut and self._largest(cut) == cut:
            yield from self._seals.accept(fact, cut, known.index, known.closes, known.keys)
        else:
            yield self._seals.refuse(fact)

    def _largest(self, wanted: Cut) -> Cut:
        """The largest cut that work and statements allow."""
        rows: dict[str, list[Entry]] = {}

        def may(client: str, behind: Closing) -> bool:
            if not has_end(self._terms_of(client)):
                return False
            if client not in rows:
                rows[client] = self._rows_of(client)
            statements = self._known.closes.of(client)
            return statements is not None and settled(rows[client], behind, statements.through)

        return largest(self._known.index, self._known.closes, wanted, may)
