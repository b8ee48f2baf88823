"""A closed statement: the bodies of ``manifest``, ``closed`` and ``refused`` facts, and what makes its hash.

A ``closed`` fact says which statement was closed and what it came to; the rows themselves travel before it, in
``manifest`` facts that it names by their digests. Both outcomes have the id of the decision that they answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Literal

import msgspec

from streams.models.entry import Entry, Identity, encode_entry

CHUNK_BYTES = 200_000  # of rows in one manifest fact: far below what a broker takes as one record

RefusedReason = Literal[
    "different",  # the statement is not the one that finance looked at
    "stale",  # another close of this client came between
    "out_of_turn",  # an earlier period is open and has rows
    "already_closed",
    "unknown_client",
    "bad_period",
    "unknown_release",
]


class Closed(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Outcome of a close. ``until`` is the instant at which the period ends; ``release`` the number of the release
    it was closed under, 0 for none; ``chunks`` the digests of its manifest. Amounts in minor units by currency."""

    schema: int = 1
    client: str
    period: str
    number: int  # 1 for the client's first close
    hash: str
    until: int
    release: int = 0
    rows: int = 0
    worked_seconds: int = 0
    quantity_seconds: int = 0
    amounts: dict[str, int] = {}
    chunks: tuple[str, ...] = ()


class Refused(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Outcome of a decision that was refused, and how things stand: the statement's hash and sums, the number of the
    client's closes, the earliest period that is open and has rows."""

    schema: int = 1
    client: str
    period: str = ""
    reason: RefusedReason
    saw: str = ""  # the hash that the decision names
    hash: str = ""
    number: int = 0
    earliest: str = ""
    rows: int = 0
    worked_seconds: int = 0
    quantity_seconds: int = 0
    amounts: dict[str, int] = {}


_encoder = msgspec.json.Encoder()
_closed = msgspec.json.Decoder(Closed)
_refused = msgspec.json.Decoder(Refused)
_rows = msgspec.json.Decoder(tuple[Entry, ...])
_NOBODY = Identity("", "", "")


def encode_outcome(outcome: Closed | Refused) -> msgspec.Raw:
    return msgspec.Raw(_encoder.encode(outcome))


def decode_closed(data: bytes) -> Closed:
    return _closed.decode(data)


def decode_refused(data: bytes) -> Refused:
    return _refused.decode(data)


def decode_manifest(data: bytes) -> tuple[Entry, ...]:
    """The rows of one chunk."""
    return _rows.decode(data)


def encode_manifest(rows: Iterable[Entry]) -> list[msgspec.Raw]:
    """Rows in order, cut into chunks."""
    chunks: list[msgspec.Raw] = []
    texts: list[bytes] = []
    size = 0
    for row in rows:
        text = encode_entry(row)
        if texts and size + len(text) > CHUNK_BYTES:
            chunks.append(msgspec.Raw(b"[" + b",".join(texts) + b"]"))
            texts, size = [], 0
        texts.append(text)
        size += len(text) + 1
    return [*chunks, msgspec.Raw(b"[" + b",".join(texts) + b"]")] if texts else chunks


def substance(entry: Entry) -> bytes:
    """What is booked with a row: all but where it stands and how it is explained. Two rows with one substance need no
    correction."""
    return encode_entry(
        msgspec.structs.replace(
            entry, identity=_NOBODY, version=0, void=False, kind="", who="", zone="", recovered=False, path="none",
            candidates=(), flags=(), proof=(), trail=(), corrects="",
        )
    )  # fmt: skip


def content(entry: Entry) -> str:
    """32 hex digits that stand for a row's substance. A column of the table, so that the store can tell the hash of a
    statement."""
    return hashlib.blake2b(substance(entry), digest_size=16).hexdigest()


def statement_hash(rows: Iterable[tuple[str, str]]) -> str:
    """SHA-256 of (id, content) of all rows, in order of their ids: the same whatever the version and the order."""
    return hashlib.sha256("\n".join(sorted(f"{id_}:{what}" for id_, what in rows)).encode()).hexdigest()


def hash_of(entries: Iterable[Entry]) -> str:
    """The hash of a statement by its rows."""
    return statement_hash((entry.id, content(entry)) for entry in entries)


def amounts_of(entries: Iterable[Entry]) -> dict[str, int]:
    """Minor units by currency, in order of the currency."""
    sums: dict[str, int] = {}
    for entry in entries:
        if entry.currency:
            sums[entry.currency] = sums.get(entry.currency, 0) + entry.amount
    return dict(sorted(sums.items()))
