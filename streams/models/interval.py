"""What one timer, session or run amounts to: the output of the pair hop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from streams.models.event import Kind, Plain, Ref, TicketRef, TimeBasis

Span = tuple[int, int]  # seconds since 1970, half-open
Close = Literal["stop", "interval", "derived", "skew", "open", "orphan_stop", "void"]


class Interval(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """One activity. ``id`` is the activity's id. All instants are seconds since 1970 (floored).

    ``spans`` are the worked stretches that are closed; an open interval also has ``open_from``, the start of
    the stretch that still runs (None while paused). ``start``/``end`` are the outer bounds: pauses whose place
    the source does not tell lie inside them after the last span. ``last_seen`` is the last sign of activity.
    """

    schema: int = 1
    tenant: str
    id: str
    source: str
    kind: Kind
    service: str = ""
    technician: Ref | None = None
    device: Ref | None = None
    client: Ref | None = None
    ticket: TicketRef | None = None
    contact: str = ""
    start: int = 0
    end: int | None = None
    spans: tuple[Span, ...] = ()
    open_from: int | None = None
    last_seen: int = 0
    close: Close = "open"
    time_basis: TimeBasis = "server"
    billable: bool | None = None
    authenticated: bool = True
    flags: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()  # ids of the events it was made from
    native: dict[str, Plain] = {}

    @property
    def seconds(self) -> int:
        return sum(end - start for start, end in self.spans)

    @property
    def void(self) -> bool:
        return self.close == "void"


_decoder = msgspec.json.Decoder(Interval)


encode_interval: Callable[[Interval], bytes] = msgspec.json.Encoder().encode


def decode_interval(data: bytes) -> Interval:
    return _decoder.decode(data)
