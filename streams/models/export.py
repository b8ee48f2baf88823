"""A batch of usage: which closed statements it holds. The body of an ``export`` fact.

A statement belongs to the first batch in the log that names it, so no two batches share a line, whoever made them at
the same time. What a batch holds is fixed by that, and its lines are those of closed statements: they never change.
"""

from __future__ import annotations

import msgspec

LAYOUT = 1  # of the columns; a batch keeps the one it was made with


class Statement(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """A closed statement: ``number`` counts the closes of its client, ``hash`` is the one that was closed."""

    client: str
    period: str
    number: int
    hash: str


class Export(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """``by`` who made it, ``at`` when (epoch seconds; shown, never computed with)."""

    schema: int = 1
    by: str = ""
    at: int = 0
    layout: int = LAYOUT
    statements: tuple[Statement, ...] = ()


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Export)


def encode_export(export: Export) -> msgspec.Raw:
    return msgspec.Raw(_encoder.encode(export))


def decode_export(data: bytes) -> Export:
    return _decoder.decode(data)
