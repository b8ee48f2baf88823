"""What people decided about the ledger, in the order of the log, as rate reads it.

A decision names evidence; of several of one group about one piece of work the last in the log holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from streams.models.decision import Decision, DecisionKind, decode_decision
from streams.models.fact import Fact, decode_fact, encode_fact
from streams.models.work import Step, Work

DISPOSING: frozenset[DecisionKind] = frozenset({"write_off", "billable", "non_billable", "approve"})
OUTDATED = "decision_outdated"


class Made(NamedTuple):
    """A decision and its place among all of the tenant's."""

    place: int
    id: str
    decision: Decision


class Verdict(NamedTuple):
    """What people decided about one piece of work: what becomes of it ("" for nothing), whether its evidence is
    confirmed, what the row shows of it."""

    what: DecisionKind | str = ""
    confirmed: bool = False
    flags: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()


UNDECIDED = Verdict()


def undecided(_: Work) -> Verdict:
    return UNDECIDED


class Decisions:
    """All decisions of one tenant."""

    def __init__(self) -> None:
        self._made: dict[str, Made] = {}  # by fact key
        self._by_evidence: dict[str, list[Made]] = {}

    def fold(self, fact: Fact) -> Made:
        """Take in a decision, known already or not."""
        return self._made.get(fact.key()) or self._add(len(self._made), fact)

    def kept(self, fact: Fact) -> bytes:
        """What the changelog keeps: the decision with its place, which only the log could tell."""
        return b"#%d " % self._made[fact.key()].place + encode_fact(fact)

    def restore(self, value: bytes) -> Fact:
        """Take back one kept value, in any order."""
        place, _, body = value[1:].partition(b" ")
        fact = decode_fact(body)
        if fact.key() not in self._made:
            self._add(int(place), fact)
        return fact

    def of(self, work: Work) -> Verdict:
        """What holds for a piece of work."""
        if not self._by_evidence:
            return UNDECIDED
        evidence = {work.id, *(one.interval for one in work.proof)}
        made = sorted({one.place: one for id_ in evidence for one in self._by_evidence.get(id_, ())}.values())
        disposing = [one for one in made if one.decision.kind in DISPOSING][-1:]
        confirming = [one for one in made if one.decision.kind == "confirm"][-1:]
        held = sorted([*disposing, *confirming])
        if not held:
            return UNDECIDED
        what = disposing[0].decision.kind if disposing else ""
        flags = ["approved"] if what == "approve" else []
        flags += [OUTDATED] if any(differs(one.decision, work.seconds, work.client) for one in held) else []
        return Verdict(what, bool(confirming), tuple(flags), tuple(_step(one) for one in held))

    def about(self, evidence: str) -> list[Made]:
        return self._by_evidence.get(evidence, [])

    def purchases(self, client: str) -> list[Made]:
        """Lots bought for contracts of a client, in the order of the log."""
        return list(self._of("purchase", client))

    def milestones(self, client: str) -> list[Made]:
        """Milestones of a client's projects that were reached, in the order of the log."""
        return list(self._of("milestone", client))

    def closes(self, client: str) -> list[Made]:
        return list(self._of("close", client))

    def rerates(self, client: str) -> list[Made]:
        """Re-ratings of this client or of all."""
        return sorted([*self._of("rerate", client), *(self._of("rerate", "") if client else ())])

    def _of(self, kind: DecisionKind, client: str) -> Iterator[Made]:
        found = (one for one in self._made.values() if one.decision.kind == kind and one.decision.client == client)
        yield from sorted(found)

    def _add(self, place: int, fact: Fact) -> Made:
        made = self._made[fact.key()] = Made(place, fact.id, decode_decision(bytes(fact.body)))
        for id_ in made.decision.evidence:
            self._by_evidence.setdefault(id_, []).append(made)
        return made


def differs(decision: Decision, seconds: int, client: str | None) -> bool:
    """Whether the seconds or the client that the decider saw are others by now."""
    if decision.seconds is not None and decision.seconds != seconds:
        return True
    return bool(decision.seen_client) and decision.seen_client != (client or "")


def why(decision: Decision) -> str:
    """The reason, and who says so."""
    return f"{decision.reason} ({decision.by})".strip() if decision.by else decision.reason


def _step(made: Made) -> Step:
    return Step("decision", after=made.decision.kind, rule=made.id, why=why(made.decision))
