"""Decisions about where work belongs, in the order of the log, and the identities of the pieces they cut.

A piece that a split cuts from an interval is a work of its own: ``interval#start-end``, instants in epoch seconds.
Whether it is there depends on more than its interval, so its identity is a fact of the log before its first use;
from then on it gets content or ``void`` whenever its interval is computed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from billing.decisions import Decisions, Made
from streams.models.decision import OF_LINK, Piece
from streams.models.fact import Fact

CUT = "#"


def piece_id(interval: str, piece: Piece) -> str:
    return f"{interval}{CUT}{piece.start}-{piece.end}"


def whole(id_: str) -> str:
    """The interval that a work's id or a piece's id belongs to."""
    return id_.partition(CUT)[0]


class LinkDecisions:
    """All decisions of one tenant, as link reads them, and the pieces that were ever sent."""

    def __init__(self) -> None:
        self._decisions = Decisions()
        self._by_interval: dict[str, list[Made]] = {}
        self._by_name: dict[tuple[str, str], set[str]] = {}  # intervals, by the tickets and clients decided for them
        self._pieces: dict[str, set[str]] = {}  # identities, by interval

    def fold(self, fact: Fact, new: bool) -> set[str]:
        """Take in a decision or an identity, known or not; gives the intervals concerned."""
        if fact.kind == "identity":
            self._pieces.setdefault(whole(fact.id), set()).add(fact.id)
            return {whole(fact.id)}
        made = self._decisions.fold(fact)
        if new:
            self._index(made)
        return {whole(id_) for id_ in made.decision.evidence}

    def kept(self, fact: Fact) -> bytes:
        return self._decisions.kept(fact)

    def restore(self, value: bytes) -> Fact:
        """Take back a kept decision, in any order, once."""
        fact = self._decisions.restore(value)
        self._index(self._decisions.fold(fact))
        return fact

    def of(self, ids: Iterable[str]) -> Sequence[Made]:
        """What was decided about these intervals or their pieces, in the order of the log."""
        if not self._by_interval:
            return ()
        return sorted({one.place: one for id_ in ids for one in self._by_interval.get(id_, ())}.values())

    def naming(self, names: Iterable[tuple[str, str]]) -> set[str]:
        """Intervals of which it was decided that they belong to one of these tickets or clients."""
        return {id_ for name in names for id_ in self._by_name.get(name, ())}

    def unsent(self, works: Collection[str]) -> list[str]:
        """Pieces ever sent of the intervals of these works that are not among them."""
        pieces = {piece for id_ in works for piece in self._pieces.get(whole(id_), ())}
        return sorted(pieces.difference(works))

    def unknown(self, works: Iterable[str]) -> list[str]:
        """Those that are pieces, and were never sent."""
        return [id_ for id_ in works if CUT in id_ and id_ not in self._pieces.get(whole(id_), ())]

    def _index(self, made: Made) -> None:
        decision = made.decision
        if decision.kind not in OF_LINK:
            return
        targets = [(decision.ticket, decision.client), *((one.ticket, one.client) for one in decision.pieces)]
        for id_ in {whole(id_) for id_ in decision.evidence}:
            held = self._by_interval.setdefault(id_, [])
            if made not in held:
                held.append(made)
            for ticket, client in targets:
                self._by_name.setdefault(("ticket", ticket), set()).add(id_)
                self._by_name.setdefault(("client", client), set()).add(id_)
