"""A piece of work: evidence of one technician joined, and linked to a client and a ticket."""

from __future__ import annotations

from typing import Literal, get_args

import msgspec

from streams.models.event import Kind
from streams.models.interval import Span

State = Literal["done", "running", "absorbed", "void"]
Path = Literal["decision", "ticket", "timer", "device_ticket", "contact_ticket", "client_ticket", "alias", "none"]
PATHS: tuple[Path, ...] = get_args(Path)  # the strongest first


class Suggestion(msgspec.Struct, frozen=True, omit_defaults=True):
    """A ticket that work without one could belong to. ``confidence`` per mille; ``why`` in words of docs/linking.md."""

    ticket: str
    confidence: int
    why: tuple[str, ...] = ()


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step of an explanation: what was, what became of it, by which rule, and why the others lost. A link also
    tells its confidence, what it rests on, and without a ticket which could be meant."""

    op: str
    before: str = ""
    after: str = ""
    rule: str = ""
    why: str = ""
    lost: tuple[str, ...] = ()
    confidence: int = 0  # per mille
    grounds: tuple[str, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()


class Proof(msgspec.Struct, frozen=True, omit_defaults=True):
    """One interval that this work rests on, and how many of its seconds are here."""

    interval: str
    source: str
    kind: Kind
    seconds: int


class Urgency(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the ticket said from instant ``at`` (seconds) on; None where nobody said it. ``response_target`` in
    minutes."""

    at: int
    priority: str | None = None
    requested_by: str | None = None
    scheduled: bool | None = None
    response_target: int | None = None
    waivers: tuple[str, ...] = ()


class Script(msgspec.Struct, frozen=True, omit_defaults=True):
    """A run of a script that costs something beside people: what policies may call it, the stretches the machine ran
    that nobody's evidence covers, and the run over many devices it belongs to."""

    names: tuple[str, ...] = ()
    machine: tuple[Span, ...] = ()
    run: str = ""

    @property
    def seconds(self) -> int:
        return sum(end - start for start, end in self.machine)


class Work(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """``id`` is the id of the interval that leads. Instants in seconds; ``spans`` sorted and disjoint.

    ``client``, ``ticket``, ``device`` and ``technician`` are catalogue ids, None where unknown; ``who`` is the
    technician as the source names it. ``shared`` are stretches that another piece of work of the same
    technician counts as worked hours already (other client, policy ``bill_each``). ``urgency`` are the ticket's
    facts by the instant from which they hold; before the first nothing is known.
    """

    schema: int = 1
    tenant: str
    id: str
    state: State = "done"
    kind: Kind
    service: str = ""
    technician: str | None = None
    who: str = ""
    client: str | None = None
    ticket: str | None = None
    device: str | None = None
    ticket_type: str = ""  # as the ticket says it
    site: str = ""  # of the client: the ticket's, else the device's
    spans: tuple[Span, ...] = ()
    shared: tuple[Span, ...] = ()
    parallel: tuple[tuple[int, int, int], ...] = ()  # start, end, and how many clients the technician works for then
    recovered: bool = False  # evidence that no timer covers
    path: Path = "none"
    reason: str = ""  # why it is not linked, or what absorbed it
    candidates: tuple[str, ...] = ()  # tickets that were plausible
    confidence: int = 0  # per mille, that the link is right
    grounds: tuple[str, ...] = ()  # what the link rests on, in words of docs/linking.md
    suggestions: tuple[Suggestion, ...] = ()  # where there is no ticket: the likeliest first
    urgency: tuple[Urgency, ...] = ()
    billable: bool | None = None
    script: Script | None = None  # such a run: ``spans`` are its first instant, no human second
    authenticated: bool = True
    flags: tuple[str, ...] = ()
    proof: tuple[Proof, ...] = ()
    trail: tuple[Step, ...] = ()

    @property
    def start(self) -> int:
        return self.spans[0][0] if self.spans else 0

    @property
    def seconds(self) -> int:
        return sum(end - start for start, end in self.spans)


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Work)


def encode_work(work: Work) -> bytes:
    return _encoder.encode(work)


def decode_work(data: bytes) -> Work:
    return _decoder.decode(data)
