"""What could not go on: exact bytes, the reason, and what to do about it."""

from __future__ import annotations

from typing import Literal

import msgspec

from streams.models.ids import derived_id

Reason = Literal[
    "not_json", "wrong_shape", "unknown_field", "unknown_schema", "missing_key", "empty_value", "too_large",
    "not_utf8", "instant_out_of_range", "negative_duration", "wrong_tenant", "stop_before_start", "bad_row",
    "refused_by_store", "sealed",
]  # fmt: skip


class Parked(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One parked item, addressed by ``id``; a versioned row, ``void`` once it is resolved.

    ``key`` and ``value`` are the original bytes. ``saw``, ``expected`` and ``remedy`` speak to the person who
    must fix it. ``place`` is where it came from ("events.session/3@1042", "mesh.json:17").
    ``attempt`` counts replays: parked again after replay n has version 2n+1, resolved by replay n is 2n.
    """

    schema: int = 1
    tenant: str
    id: str
    version: int = 1
    void: bool = False
    reason: Reason
    saw: str = ""
    expected: str = ""
    remedy: str = ""
    topic: str = ""
    place: str = ""
    connector: str = ""
    key: bytes = b""
    value: bytes = b""
    attempt: int = 0


def parked_id(tenant: str, topic: str, key: bytes, value: bytes) -> str:
    """The same bytes on the same topic are the same item, however often they come."""
    return derived_id("parked", tenant, topic, key.hex(), value.hex())


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Parked)


def encode_parked(parked: Parked) -> bytes:
    return _encoder.encode(parked)


def decode_parked(data: bytes) -> Parked:
    return _decoder.decode(data)
