"""The closed statements of a tenant, as their outcomes say: what was booked, piece by piece, and never changes.

Rows of closed statements stay in their encoded form; they are read one piece of work at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from billing.rate_index import CHARGE
from streams.models.closing import Closed, decode_closed, decode_manifest
from streams.models.entry import Entry, Identity, decode_entry, encode_entry
from streams.models.fact import Fact

Piece = tuple[str, str]  # (service period, work) at one client
_FIRST = {"regular": 0, "reversal": 1, "replacement": 2}


class Closing(NamedTuple):
    """One closed period: it ends at ``until``, and stands on this release."""

    period: str
    until: int
    release: int


@dataclass(slots=True)
class Statements:
    """The closed statements of one client, in the order of their numbers."""

    outcomes: list[Closed] = field(default_factory=list)
    rows: dict[str, list[tuple[int, bytes]]] = field(default_factory=dict)  # by work: (number of the close, row)

    @property
    def number(self) -> int:
        return len(self.outcomes)

    @property
    def through(self) -> str:
        """The last closed period; everything up to it is closed. "" for none."""
        return self.outcomes[-1].period if self.outcomes else ""

    @property
    def open(self) -> str:
        """The first open period, which takes corrections."""
        return month_after(self.through)

    def closings(self) -> tuple[Closing, ...]:
        return tuple(Closing(one.period, one.until, one.release) for one in self.outcomes)

    def add(self, outcome: Closed, chunks: list[bytes]) -> None:
        self.outcomes.append(outcome)
        self.outcomes.sort(key=lambda one: one.number)
        for chunk in chunks:
            for row in decode_manifest(chunk):
                self.rows.setdefault(row.identity.work, []).append((outcome.number, encode_entry(row)))

    def of(self, work: str) -> list[Entry]:
        """Closed rows of a piece of work, in the order in which they were booked."""
        found = [(number, decode_entry(row)) for number, row in self.rows.get(work, ())]
        found.sort(key=lambda one: (one[0], _FIRST[one[1].identity.row_class], one[1].identity))
        return [row for _, row in found]


def booked(rows: list[Entry]) -> dict[Piece, Entry]:
    """What stands of each piece after all its closed rows: a reversal takes back all that was booked before it, so
    the sum over the rows is the last of them that was not taken back."""
    standing: dict[Piece, Entry] = {}
    for row in rows:
        piece = row.identity.corrects_period or row.identity.period, row.identity.work
        if row.identity.row_class == "reversal":
            standing.pop(piece, None)
        else:
            standing[piece] = row
    return standing


def month_after(period: str) -> str:
    """ "2026-12" → "2027-01"; "" stays."""
    if not period:
        return ""
    year, month = int(period[:4]), int(period[5:])
    return f"{year + month // 12:04}-{month % 12 + 1:02}"


class Closes:
    """All closed statements of one tenant. Of two outcomes of one decision the first in the log holds."""

    def __init__(self) -> None:
        self.outcomes: dict[str, Fact] = {}  # by decision
        self._chunks: dict[str, Fact] = {}  # by digest, until their statement is known
        self._waiting: list[str] = []  # decisions whose chunks are not all here
        self._clients: dict[str, Statements] = {}
        self.sealed: dict[str, str] = {}  # by client: rows up to this period may be gone

    def of(self, client: str) -> Statements | None:
        return self._clients.get(client)

    def clients(self) -> Iterator[str]:
        yield from sorted(self._clients)

    def decides(self, fact: Fact) -> bool:
        """Whether a ``closed`` or ``refused`` fact is the outcome of its decision."""
        known = self.outcomes.get(fact.id)
        return known is None or known.key() == fact.key()

    def fold(self, fact: Fact) -> list[tuple[str, list[Fact]]]:
        """Take in an outcome that decides, or a chunk. Gives each client of which a statement is closed by it, with
        the facts that say so."""
        if fact.kind == "manifest":
            self._chunks[fact.digest()] = fact
        elif fact.id not in self.outcomes:
            self.outcomes[fact.id] = fact
            if fact.kind == "closed":
                self._waiting.append(fact.id)
        return self.complete()

    def complete(self) -> list[tuple[str, list[Fact]]]:
        """Statements of which all is here by now."""
        return [done for id_ in list(self._waiting) if (done := self._complete(id_))]

    def is_sealed(self, decision: str) -> bool:
        """Whether a decision closed a statement that is sealed by now."""
        fact = self.outcomes.get(decision)
        if fact is None or fact.kind != "closed":
            return False
        one = decode_closed(bytes(fact.body))
        return one.period <= self.sealed.get(one.client, "")

    def standing(self, wanted: Callable[[Identity], bool]) -> Iterator[Identity]:
        """Of the rows of closed statements those that are wanted. Of work all are, or none."""
        for statements in self._clients.values():
            for work, rows in statements.rows.items():
                if work.startswith(CHARGE) or wanted(Identity("", "", work)):
                    yield from (one for one in (decode_entry(row).identity for _, row in rows) if wanted(one))

    def forget(self, gone: Callable[[Identity], bool]) -> None:
        """Drop rows of closed statements, and what is left of manifests that were dropped."""
        for statements in self._clients.values():
            for work, rows in list(statements.rows.items()):
                if work.startswith(CHARGE):
                    left = [one for one in rows if not gone(decode_entry(one[1]).identity)]
                    statements.rows[work] = left
                if not statements.rows[work] or gone(Identity("", "", work)):
                    del statements.rows[work]
        self._chunks = {key: one for key, one in self._chunks.items() if not self.is_sealed(one.id.rpartition("/")[0])}

    def _complete(self, decision: str) -> tuple[str, list[Fact]] | None:
        fact = self.outcomes[decision]
        outcome = decode_closed(bytes(fact.body))
        if any(chunk not in self._chunks for chunk in outcome.chunks) and not self.is_sealed(decision):
            return None
        self._waiting.remove(decision)
        chunks = [self._chunks.pop(chunk) for chunk in outcome.chunks if chunk in self._chunks]
        statements = self._clients.setdefault(outcome.client, Statements())
        statements.add(outcome, [bytes(chunk.body) for chunk in chunks])
        return outcome.client, [*chunks, fact]
