"""Ids and digests, derived from content and never drawn, so that the same facts meet the same row."""

from __future__ import annotations

from hashlib import blake2b, sha1
from urllib.parse import unquote
from uuid import UUID

import msgspec

NAMESPACE = UUID("6f0c4c2e-5f0a-5e0b-9d8e-2a1f7c3b9e01")
_SALT = NAMESPACE.bytes
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
SEPARATOR = "\x1f"  # cannot occur in an id, so ("a", "bc") and ("ab", "c") never meet


def derived_id(*parts: str) -> str:
    """UUIDv5 of the parts, in order. Used for events, activities, entries and parked items.

    Written out: every event needs one, and `uuid.uuid5` takes three times as long on its way through an integer.
    """
    text = sha1(_SALT + SEPARATOR.join(parts).encode(), usedforsecurity=False).hexdigest()
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{_VARIANT[text[16]]}{text[17:20]}-{text[20:32]}"


def label(id_: str) -> str:
    """What people call a thing that a tool reported: "~syncro:main:48129" is ticket 48129. Other ids stay."""
    return unquote(id_.split(":", 2)[2]) if id_.startswith("~") and id_.count(":") >= 2 else id_


def digest(content: bytes) -> str:
    """16 hex digits that stand for the content in a fact key."""
    return blake2b(content, digest_size=8).hexdigest()


class Content(msgspec.Struct, frozen=True, gc=False):
    """Encoded bytes with their digest."""

    data: bytes
    digest: str


def version(epoch: int, facts: int, content: bytes) -> int:
    """``epoch << 56 | facts << 24 | 24 bits of the content's digest`` (UInt64, design §3).

    ``facts`` counts the distinct fact keys of the whole entity, so whoever knows more always wins;
    no clock, offset or number of a source enters it.
    """
    return version_of(epoch, facts, digest(content))


def version_of(epoch: int, facts: int, content_digest: str) -> int:
    """`version` of a content whose digest is at hand."""
    if not (0 <= epoch < 256 and 0 <= facts < 4294967296):
        raise ValueError(f"epoch {epoch} or fact count {facts} does not fit into a version")
    return epoch << 56 | facts << 24 | int(content_digest[:6], 16)
