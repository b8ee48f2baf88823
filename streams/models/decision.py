"""What a person decided about the ledger: the body of a ``decision`` fact, and of the outcomes that answer it.

A decision names the evidence it saw (interval ids), never a row: it applies to whatever work holds that evidence. If
the seconds or the client changed since, the work is flagged ``decision_outdated`` and the decision still holds. Of
several decisions of one group about one piece of work, the last in the log holds.
"""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Literal

import msgspec

DecisionKind = Literal[
    "write_off",  # of rate: nothing is asked for it, disposition written_off
    "billable",  # of rate: billed although evidence or service say otherwise
    "non_billable",  # of rate
    "approve",  # of rate: looked at and found right; takes back write_off, billable and non_billable
    "confirm",  # of link and rate: evidence of a source that cannot be authenticated, or an estimated end, is right
    "relink",  # of link: to this ticket and client
    "split",  # of link: cut into pieces, each with a ticket or client of its own
    "purchase",  # of rate: a lot for a contract
    "milestone",  # of rate: a milestone of a project is reached
    "close",  # of rate: answered by ``closed`` or ``refused``
    "rerate",  # of rate: closed periods from a date on follow the newest release
]

DATED: frozenset[DecisionKind] = frozenset({"purchase", "milestone", "rerate"})  # need a day
ABOUT_EVIDENCE: frozenset[DecisionKind] = frozenset(
    {"write_off", "billable", "non_billable", "approve", "confirm", "relink", "split"}
)  # name evidence
OF_LINK: frozenset[DecisionKind] = frozenset({"relink", "split", "confirm"})


class Piece(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """``[start, end)`` in epoch seconds, and where it belongs."""

    start: int
    end: int
    ticket: str = ""
    client: str = ""


class Decision(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """``by`` who decided, ``at`` when the door took it (epoch seconds; shown, never computed with)."""

    schema: int = 1
    kind: DecisionKind
    by: str = ""
    at: int = 0
    reason: str = ""
    evidence: tuple[str, ...] = ()  # interval ids
    seconds: int | None = None  # worked seconds that the decider saw
    client: str = ""  # relink: where to; close, rerate, purchase, milestone: whose
    seen_client: str = ""  # the client that the decider saw
    ticket: str = ""  # relink: where to
    pieces: tuple[Piece, ...] = ()  # split
    period: str = ""  # close: "2026-03"
    hash: str = ""  # close: of the statement that was looked at
    before: int = 0  # close: number of the client's close before it, 0 for the first
    contract: str = ""  # purchase
    hours: str = ""  # purchase: exact decimal text; one of hours, money and incidents
    money: str = ""
    incidents: int = 0
    price: str = ""  # purchase: what was paid for the lot
    on: str = ""  # purchase: first day of the lot; milestone: the day; rerate: from this day on ("2026-01-15")
    until: str = ""  # purchase: the day after the last
    project: str = ""
    milestone: str = ""
    release: int = 0  # rerate: number of the newest release then


def problem_of(decision: Decision) -> str:
    """Why a door does not take this relink or split; "" where it does."""
    if decision.kind == "relink" and not (decision.ticket or decision.client):
        return "relink needs a ticket or a client"
    if decision.kind != "split":
        return ""
    if not decision.pieces:
        return "split needs pieces"
    if any(one.end <= one.start for one in decision.pieces):
        return "a piece ends before it starts"
    if not all(one.ticket or one.client for one in decision.pieces):
        return "a piece needs a ticket or a client"
    ordered = sorted((one.start, one.end) for one in decision.pieces)
    if any(one[1] > other[0] for one, other in pairwise(ordered)):
        return "two pieces share time"
    return ""


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Decision)


def encode_decision(decision: Decision) -> msgspec.Raw:
    return msgspec.Raw(_encoder.encode(decision))


def decode_decision(data: bytes) -> Decision:
    """Raises ValidationError, or ValueError where a day or a month is none."""
    decision = _decoder.decode(data)
    for day in (decision.on, decision.until, f"{decision.period}-01" if decision.period else ""):
        if day and date.fromisoformat(day).isoformat() != day:
            raise ValueError(f"{day!r} is no date")
    if (decision.kind in DATED and not decision.on) or (decision.kind == "close" and not decision.period):
        raise ValueError(f"a {decision.kind} without its {'period' if decision.kind == 'close' else 'day'}")
    return decision
