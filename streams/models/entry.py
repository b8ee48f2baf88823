"""A rated row of the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

import msgspec

from streams.models.event import Kind
from streams.models.ids import derived_id
from streams.models.work import Path, Proof, Step

RowClass = Literal["regular", "reversal", "replacement"]
Disposition = Literal[
    "billed", "covered", "no_charge", "non_billable", "written_off", "capped", "concurrency_cap",
    "unlinked", "unpriced", "no_rate_path", "orphan_stop", "unconfirmed", "absorbed", "void",
]  # fmt: skip
MAIN_FIRST: tuple[Disposition, ...] = (
    "billed", "covered", "no_charge", "capped", "concurrency_cap", "written_off", "non_billable", "no_rate_path",
    "unpriced", "unlinked", "unconfirmed", "orphan_stop",
)  # fmt: skip
"""Of what became of the parts of a row, the first of these is the row's own disposition."""
Charge = Literal[
    "fee", "overage", "breakage", "true_up", "discount", "milestone", "trip", "call_out", "script_fee",
]  # fmt: skip
"""What is asked for, or booked, beside work: rows of their own, without seconds."""
OUTSIDE_SUMS: tuple[Disposition, ...] = ("absorbed", "void")


class Identity(msgspec.Struct, frozen=True, order=True):
    """What a row is. Every column of the sorting and partition key is part of it (design §4, §6)."""

    client: str  # "" where no client is known
    period: str  # "2026-03", the client's local month
    work: str
    row_class: RowClass = "regular"
    corrects_period: str = ""

    def row_id(self, tenant: str) -> str:
        return derived_id("entry", tenant, self.client, self.period, self.work, self.row_class, self.corrects_period)


class Segment(msgspec.Struct, frozen=True, omit_defaults=True):
    """The rated line: one tier, one rate, one quantity. ``amount`` in minor units of the row's currency.

    ``start``/``end`` bound it (seconds), ``seconds`` were worked, ``billed_seconds`` is the quantity after
    rounding. ``rate`` is the exact hourly price as decimal text, ``exact`` the unrounded amount in major units
    to six places, for display only. Where not all of a row became the same, each of its segments has a
    ``disposition``, a ``reason`` and a ``risk_amount`` of its own; else they are empty and the row's hold.
    """

    tier: str
    start: int
    end: int
    seconds: int
    billed_seconds: int
    rate: str = ""
    amount: int = 0
    exact: str = "0"
    line: str = ""  # the rate line that priced it
    disposition: Disposition | Literal[""] = ""
    reason: str = ""
    risk_amount: int = 0
    drawn_seconds: int = 0  # what a covered segment took from ``lot``, after multipliers
    lot: str = ""
    fee: str = ""  # of the amount, what does not depend on time: a flat amount, a trip fee, in major units


class Outcome(NamedTuple):
    """What became of a part of a row: seconds worked, their quantity after rounding, money in minor units."""

    disposition: Disposition
    reason: str
    worked: int
    quantity: int
    amount: int
    risk: int


class Entry(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One row: a piece of work in one statement (client, period), or a charge.

    Seconds: ``worked_seconds`` + ``rounding_seconds`` = ``quantity_seconds``, which belongs to ``disposition``, or
    to those of the segments where they have any;
    ``overlap_seconds`` are worked seconds that another row of the same technician counts as hours already.
    Money in minor units of ``currency`` (``exponent`` decimals). ``risk_amount`` is what an unbilled row would
    have brought at the best candidate rate. A charge is no work: ``identity.work`` is ``charge:owner:what:date``, it
    has no seconds, and ``amount`` may be negative.
    """

    schema: int = 1
    tenant: str
    identity: Identity
    version: int = 0
    void: bool = False
    kind: Kind | Literal[""] = ""
    service: str = ""
    technician: str = ""
    who: str = ""
    ticket: str = ""
    device: str = ""
    contract: str = ""
    zone: str = ""
    local_date: str = ""  # of the first second in this period, in the client's zone
    start: int = 0
    end: int = 0
    worked_seconds: int = 0
    rounding_seconds: int = 0
    quantity_seconds: int = 0
    overlap_seconds: int = 0
    machine_seconds: int = 0  # that a script ran; part of no sum
    recovered: bool = False
    disposition: Disposition = "void"
    reason: str = ""
    currency: str = ""
    exponent: int = 2
    amount: int = 0
    exact: str = "0"
    risk_amount: int = 0
    risk_currency: str = ""
    path: Path = "none"
    candidates: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    proof: tuple[Proof, ...] = ()
    segments: tuple[Segment, ...] = ()
    trail: tuple[Step, ...] = ()
    corrects: str = ""  # of a reversal or replacement: id of the closed row that it takes back or stands for
    charge: Charge | Literal[""] = ""  # "" for work
    project: str = ""  # or project/change order
    cost: int | None = None  # minor units of cost_currency; None: ``cost_reason`` says why it is not known
    cost_currency: str = ""
    cost_reason: str = ""  # also why there is no margin

    @property
    def id(self) -> str:
        return self.identity.row_id(self.tenant)

    @property
    def margin(self) -> int | None:
        """What is left of the amount after cost; None where cost is not known, or in another currency."""
        return self.amount - self.cost if self.cost is not None and self.cost_currency == self.currency else None

    @property
    def mixed(self) -> bool:
        """Whether parts of the row became different things."""
        return any(one.disposition for one in self.segments)

    @property
    def drawn_seconds(self) -> int:
        """What the row took from balances of hours."""
        return sum(one.drawn_seconds for one in self.segments)

    def outcomes(self) -> Iterator[Outcome]:
        """What became of the row, in parts that add up to it: one, or one a segment."""
        if not self.mixed:
            yield Outcome(
                self.disposition, self.reason, self.worked_seconds, self.quantity_seconds, self.amount, self.risk_amount
            )
            return
        for one in self.segments:
            what = one.disposition or self.disposition
            yield Outcome(what, one.reason, one.seconds, one.billed_seconds, one.amount, one.risk_amount)

    def seconds_of(self, disposition: Disposition) -> int:
        """Of the quantity, what became this."""
        return sum(one.quantity for one in self.outcomes() if one.disposition == disposition)


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Entry)


def encode_entry(entry: Entry) -> bytes:
    return _encoder.encode(entry)


def decode_entry(data: bytes) -> Entry:
    return _decoder.decode(data)
