"""A record of link-log or rate-log: one fact in one envelope."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from streams.models.ids import digest

SCHEMA = 1

FactKind = Literal[
    "interval",  # pair → link-log; body Interval; rev is pair's version
    "work",  # link → rate-log; body Work; rev is link's version
    "object",  # catalogue object; id "client/acme"; body CatalogObject
    "release",  # one catalogue release; body Release
    "decision",  # body Decision
    "manifest",  # rate's own: rows of a statement, before the ``closed`` that names them
    "closed",  # outcome of a close
    "refused",  # outcome of a decision that was refused
    "identity",  # rate's own: an output identity, before its first use
    "lapsed",  # link's own: an open interval reached its limit
    "export",  # which closed statements a batch holds; body Export; read by the writer alone
    "due",  # rate's own: a fee, expiry or commitment fell due
    "mark",  # clock mark; no fact: does not count, largest wins
    "seal",  # a day's facts may be forgotten
]


class Fact(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """``id`` is what the fact is about; of several with one kind and id the largest (rev, digest) holds."""

    schema: int = SCHEMA
    kind: FactKind
    tenant: str
    id: str
    rev: int = 0  # UInt64
    body: msgspec.Raw = msgspec.Raw(b"null")

    def digest(self) -> str:
        return digest(self.body)

    def key(self) -> str:
        """``tenant|kind|id|rev|digest``: written once, never rewritten."""
        return fact_key(self.tenant, self.kind, self.id, self.rev, self.digest())

    @property
    def counts(self) -> bool:
        return self.kind != "mark"

    @property
    def ends_fold(self) -> bool:
        """A release, a decision, a close or a clock mark ends the batch it stands in (design §3)."""
        return self.kind in ("release", "decision", "closed", "refused", "mark", "seal")


def fact_key(tenant: str, kind: FactKind, id_: str, rev: int, content_digest: str) -> str:
    """`Fact.key` of a fact with these parts."""
    return f"{tenant}|{kind}|{id_}|{rev}|{content_digest}"


_decoder = msgspec.json.Decoder(Fact)


encode_fact: Callable[[Fact], bytes] = msgspec.json.Encoder().encode


def decode_fact(data: bytes) -> Fact:
    return _decoder.decode(data)
