"""What comes for work behind a seal: never computed, parked with its bytes; what changes no bill is let go."""

from __future__ import annotations

import msgspec

from billing.closes import Closes
from billing.outcome import Outcome
from billing.rate_index import parse_identity
from billing.seals import LATE, Seals, matter, row_number
from streams.models.decision import decode_decision
from streams.models.entry import Entry, Identity
from streams.models.fact import Fact, encode_fact
from streams.models.ids import derived_id, version
from streams.models.parked import MEANING, Parked, encode_parked, parked_id
from streams.models.work import Work, decode_work

TOPIC = "rate-log"


def admit(
    seals: Seals, fact: Fact, key: str, new: bool, closes: Closes, outcome: Outcome[Entry], strays: set[Identity]
) -> bool:
    """Whether a record may be folded. Else it counts nowhere: it is parked, or of no consequence. Rows that somebody
    announced and no closed statement has join ``strays``: they are void."""
    if fact.kind == "work":
        return _admit_work(seals, fact, new, outcome)
    if not new:
        return True
    if fact.kind == "decision":
        return _admit_decision(seals, fact, key, outcome)
    if not seals.drops(key, closes):
        return True
    if fact.kind == "identity" and row_number(identity := parse_identity(fact.id)) not in seals.booked:
        strays.add(identity)
    return False


def _admit_work(seals: Seals, fact: Fact, new: bool, outcome: Outcome[Entry]) -> bool:
    sealed = seals.works.get(fact.id)
    if sealed is not None and fact.rev <= sealed.rev:
        return False  # an older revision
    if sealed is None and not new:
        return True
    work = decode_work(bytes(fact.body))
    late = matter(work) != sealed.matter if sealed is not None else seals.is_before(work)
    if late or fact.id in seals.late:
        _tell(seals, fact, work, late, outcome)
    return sealed is None and not late


def _tell(seals: Seals, fact: Fact, work: Work, late: bool, outcome: Outcome[Entry]) -> None:
    """One item a piece of work, with the newest revision; void once nothing is missing."""
    row = Parked(
        tenant=fact.tenant, id=derived_id("sealed", fact.tenant, fact.id), version=max(1, fact.rev), void=not late,
        reason="sealed", topic=TOPIC,
    )  # fmt: skip
    if late:
        sealed = seals.through.get(work.client or "")
        until = f" of {work.client}, sealed through {sealed.period}" if sealed is not None else ""
        seconds = f"{work.seconds} s of work" if work.state == "done" else f"work that is {work.state} now"
        row = _filled(row, fact, f"{seconds}{until}: {fact.id}")
    outcome.parked.append(row)
    told = (fact.rev, not late)
    if told > seals.late.get(fact.id, (-1, False)):
        seals.late[fact.id] = told
        kept = msgspec.msgpack.encode((fact.id, *told))
        outcome.kept.append((f"{fact.tenant}|late|{fact.id}|{fact.rev}|", LATE + kept))


def _admit_decision(seals: Seals, fact: Fact, key: str, outcome: Outcome[Entry]) -> bool:
    """A decision about sealed work is parked; what else it is about follows it. A purchase or milestone of a sealed
    month changes nothing."""
    one = decode_decision(bytes(fact.body))
    through = seals.through.get(one.client)
    dated = one.kind in ("purchase", "milestone") and through is not None and one.on[:7] <= through.period
    work = seals.rests_on(one.evidence)
    if dated or work:
        value = encode_fact(fact)
        id_ = parked_id(fact.tenant, TOPIC, key.encode(), value)
        row = _filled(
            Parked(tenant=fact.tenant, id=id_, version=0, reason="sealed", topic=TOPIC),
            fact,
            f"{one.kind} about {work or one.on}, which is sealed",
        )
        outcome.parked.append(msgspec.structs.replace(row, version=version(0, 1, encode_parked(row))))
    return not dated


def _filled(row: Parked, fact: Fact, saw: str) -> Parked:
    return msgspec.structs.replace(
        row, saw=saw, expected="facts of months that are not sealed", remedy=MEANING["sealed"][1],
        key=fact.key().encode(), value=encode_fact(fact),
    )  # fmt: skip
