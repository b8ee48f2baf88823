"""Decisions and their outcomes in the state of rate: folded, kept, answered.

A close is answered against the statement as it stands at its place in the log, one of a client after the other: while
an outcome has not come back, the client's next close waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from billing.book import CatalogState
from billing.closes import Closes
from billing.contracts.purchases import purchases_of
from billing.decisions import Decisions, Made
from billing.layers import Layers, Rerate
from billing.outcome import Outcome
from billing.rate_index import EVERYTHING, Index
from billing.rate_terms import ClientTerms
from billing.rate_touched import Touched, touch_work
from streams.models.closing import Refused, decode_closed, decode_refused, encode_outcome
from streams.models.entry import Entry
from streams.models.fact import Fact, decode_fact, encode_fact

KINDS = ("decision", "manifest", "closed", "refused")
HOLDS, SECOND = b"!", b"~"  # outcomes in the changelog: the first of its decision, and any other


class Decided:
    """All decisions of one tenant with their outcomes."""

    def __init__(self, tenant: str) -> None:
        self._tenant = tenant
        self.decisions = Decisions()
        self.closes = Closes()

    def restore(self, value: bytes) -> Fact:
        """Take back one kept value, in any order."""
        if value[:1] == b"#":
            return self.decisions.restore(value)
        fact = decode_fact(value[1:])
        if value[:1] == HOLDS:
            self.closes.fold(fact)
        return fact

    def fold(self, fact: Fact, new: bool, index: Index, touched: dict[str, Touched], outcome: Outcome[Entry]) -> bytes:
        """Take in a fact of ``KINDS``; gives what the changelog keeps of it."""
        if fact.kind == "decision":
            self._touch(self.decisions.fold(fact), index, touched)
            return self.decisions.kept(fact)
        if fact.kind == "manifest" and not new:
            return b""
        if fact.kind != "manifest" and not self.closes.decides(fact):
            return SECOND + encode_fact(fact)
        for client, facts in self.closes.fold(fact):
            touched.setdefault(client, Touched()).since(EVERYTHING)
            outcome.recorded += facts
        if fact.kind == "closed" and not new:
            touched.setdefault(decode_closed(bytes(fact.body)).client, Touched()).since(EVERYTHING)
        if fact.kind == "refused" and new:
            outcome.recorded.append(fact)
        return HOLDS + encode_fact(fact)

    def terms(self, book: CatalogState, client: str) -> ClientTerms:
        """What holds for a client: the newest release, and for closed periods the one they stand on."""
        closed = self.closes.of(client)
        bought = purchases_of((one.id, one.decision) for one in self.decisions.purchases(client))
        if closed is None:
            terms = ClientTerms(book, client, bought)
        else:
            moves = [Rerate(one.decision.on, one.decision.release) for one in self.decisions.rerates(client)]
            rerates = [one for one in moves if one.release > 0]
            terms = Layers(book, client, bought, closed.closings(), rerates)
        terms.verdict_of = self.decisions.of
        made = [one.decision for one in self.decisions.milestones(client)]
        for layer in terms.layers():
            layer.milestones = {(one.project, one.milestone): one.on for one in made}
        return terms

    def answer(self, facts: Iterable[Fact], close: Callable[[Made], list[Fact]]) -> list[Fact]:
        """Outcomes of what waits for one because of these facts. ``close`` decides a close."""
        found: list[Fact] = []
        for client in sorted({client for fact in facts for client in self._concerned(fact)}):
            waiting = [one for one in self.decisions.closes(client) if one.id not in self.closes.outcomes]
            if waiting:
                found += close(waiting[0])
        for fact in facts:
            if fact.kind == "decision":
                found += self._refuse(self.decisions.fold(fact))
        return found

    def _concerned(self, fact: Fact) -> list[str]:
        """The client whose closes a fact may set in motion."""
        if fact.kind == "decision":
            made = self.decisions.fold(fact)
            return [made.decision.client] if made.decision.kind == "close" else []
        if fact.kind == "closed":
            return [decode_closed(bytes(fact.body)).client]
        return [decode_refused(bytes(fact.body)).client] if fact.kind == "refused" else []

    def _refuse(self, made: Made) -> list[Fact]:
        """A re-rating names the release that it moves to: read from the log, it would depend on the order."""
        one = made.decision
        if one.kind != "rerate" or one.release > 0 or made.id in self.closes.outcomes:
            return []
        body = encode_outcome(Refused(client=one.client, reason="unknown_release"))
        return [Fact(kind="refused", tenant=self._tenant, id=made.id, body=body)]

    def _touch(self, made: Made, index: Index, touched: dict[str, Touched]) -> None:
        one = made.decision
        if one.kind == "rerate":
            for client in [one.client] if one.client else self.closes.clients():
                touched.setdefault(client, Touched()).since(EVERYTHING)
        elif one.kind in ("purchase", "milestone"):
            touched.setdefault(one.client, Touched()).since(EVERYTHING)
        for held in index.resting_on(one.evidence):
            touch_work(held, touched)
