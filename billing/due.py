"""What falls due: charges whose instant a clock mark passed. The mark itself makes nothing; the fact does, read back.

A ``due`` fact has the id ``client|owner|what|date`` and the instant as its revision: where a zone changed, the same
date is another instant, which falls due for itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from billing.book import CatalogState
from billing.charge_plan import Planned, charged_clients, plan
from billing.rate_terms import ClientTerms
from streams.models.fact import Fact

Key = tuple[str, int]  # id and instant


@dataclass(slots=True)
class Dues:
    """The ``due`` facts of one tenant, by client."""

    known: dict[str, set[Key]] = field(default_factory=dict)

    def fold(self, fact: Fact) -> str:
        """Take in a fact, known or not; the client whose charge it is."""
        client = fact.id.split("|", 1)[0]
        self.known.setdefault(client, set()).add((fact.id, fact.rev))
        return client

    def holding(self, terms: ClientTerms) -> Iterator[Planned]:
        """What the terms ask for now, as far as it fell due. Where they ask for it no longer, it is gone."""
        known = self.known.get(terms.client, set())
        last = max((at for _, at in known), default=-1)
        return (one for one in plan(terms, last) if (one.due_id(terms.client), one.at) in known)

    def falling(
        self, tenant: str, facts: Sequence[Fact], book: CatalogState, terms_of: Callable[[str], ClientTerms], mark: int
    ) -> Iterator[Fact]:
        """``due`` for what the largest mark passed: of all clients after what may concern them all, else of those among
        the ``facts``. It counts, and holds, when it comes back through the log."""
        if any(fact.kind in ("mark", "release", "decision", "closed") for fact in facts):
            clients = charged_clients(book) | self.known.keys()
        else:
            clients = {fact.id.removeprefix("client/") for fact in facts if fact.id.startswith("client/")}
        for client in sorted(clients):
            yield from self._missing(tenant, terms_of(client), mark)

    def _missing(self, tenant: str, terms: ClientTerms, mark: int) -> Iterator[Fact]:
        """A fact for everything that is due at a mark and has none."""
        known = self.known.get(terms.client, set())
        for one in plan(terms, mark):
            id_ = one.due_id(terms.client)
            if one.at <= mark and (id_, one.at) not in known:
                yield Fact(kind="due", tenant=tenant, id=id_, rev=one.at)
