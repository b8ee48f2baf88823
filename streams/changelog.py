"""The records of a changelog: many kept facts in each, in input order, so that one costs next to nothing.

A record's key is the digest of its content: it is written once and never rewritten, so a changelog that keeps the last
record of a key keeps them all, and the state is their union, in any order and with repetitions. Changelogs of earlier
releases hold single facts, ``unit, separator, key of the fact``; they are read for ever.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from streams.models.ids import digest
from streams.ports import Record

SEPARATOR = "\x1f"  # between the unit, which is a tenant, "*" or "", and the rest
PACKED = "#"  # begins the key of a record that holds many: no tenant begins with it
SCHEMA = 1
FACTS = 512  # in a record, at most
BYTES = 192 * 1024  # of a record, where one fact alone is not larger

Kept = tuple[str, bytes]  # (key, value), opaque outside the kernel


class KeptFact(NamedTuple):
    """One fact of a changelog."""

    unit: str
    key: str
    value: bytes


class _Packed(msgspec.Struct, array_like=True, frozen=True):
    schema: int
    facts: Sequence[Kept]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Packed)


def pack(unit: str, kept: Sequence[Kept]) -> Iterator[Record]:
    """Records that hold these facts of one unit, in their order."""
    for first in range(0, len(kept), FACTS):
        yield from _packed(unit, kept[first : first + FACTS])


def _packed(unit: str, kept: Sequence[Kept]) -> Iterator[Record]:
    value = _encoder.encode(_Packed(SCHEMA, kept))
    if len(value) > BYTES and len(kept) > 1:
        half = len(kept) // 2
        yield from _packed(unit, kept[:half])
        yield from _packed(unit, kept[half:])
    else:
        yield Record(f"{unit}{SEPARATOR}{PACKED}{digest(value)}".encode(), value)


def unpack(key: bytes, value: bytes) -> Iterator[KeptFact]:
    """The facts of one record. Raises ValueError on one that no release of ours up to this one has written."""
    unit, found, rest = key.decode().partition(SEPARATOR)
    if not found:
        raise ValueError(f"a changelog record with the key {key[:80]!r}")
    if not rest.startswith(PACKED):
        yield KeptFact(unit, rest, value)
        return
    packed = _decoder.decode(value)
    if packed.schema != SCHEMA:
        raise ValueError(f"a changelog record of schema {packed.schema}, this release reads {SCHEMA}: upgrade it")
    for name, content in packed.facts:
        yield KeptFact(unit, name, content)
