"""A seal: the body of a ``seal`` fact. Behind it the facts of work are dropped; what comes for them later is parked."""

from __future__ import annotations

import msgspec


class Seal(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """``clients``: through which closed period each is sealed, "2026-03"."""

    schema: int = 1
    clients: dict[str, str]


class Remains(msgspec.Struct, frozen=True, array_like=True):
    """What a seal that holds keeps of the facts it drops: how many they were, and the number of its parts."""

    fact: bytes
    holds: bool
    forgotten: int = 0
    parts: int = 0


class SealedWork(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The last revision of a piece of work, a digest of what was billed of it, and the evidence it rested on beside its
    own."""

    id: str
    rev: int
    matter: str
    evidence: tuple[str, ...] = ()


class Part(msgspec.Struct, frozen=True, array_like=True):
    """Some of what a seal keeps: work, and rows that stand in closed statements, as 64 bits of their identity."""

    seal: str  # key of the seal
    works: tuple[SealedWork, ...] = ()
    booked: tuple[int, ...] = ()


_json = msgspec.json.Decoder(Seal)
_encoder = msgspec.msgpack.Encoder()
_remains = msgspec.msgpack.Decoder(Remains)
_part = msgspec.msgpack.Decoder(Part)


def encode_seal(seal: Seal) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(seal))


def decode_seal(data: bytes) -> Seal:
    return _json.decode(data)


def encode_kept(one: Remains | Part) -> bytes:
    return _encoder.encode(one)


def decode_remains(data: bytes) -> Remains:
    return _remains.decode(data)


def decode_part(data: bytes) -> Part:
    return _part.decode(data)
