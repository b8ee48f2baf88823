"""How tools prove a webhook is theirs: one verifier, a line of parameters a scheme (formats.md section 5).

Everything is computed from the raw bytes as received and compared in constant time, with each live secret. What is
compared is the whole text of the header as the tool would write it, so no second spelling of a signature passes.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from connectors.instants import NotAnInstant, parse_instant

MINUTES, HOURS = 60, 3600
FUTURE = 5 * MINUTES  # seconds a sender's clock may be ahead


@dataclass(frozen=True)
class Scheme:
    """``signed``: the parts that are signed, in order: "body", "id", "timestamp", or literal text. ``algorithm`` ""
    means that the header holds the secret itself. ``window``: seconds for which a signed timestamp is believed."""

    header: str
    algorithm: Literal["sha256", "sha1", ""]
    signed: tuple[str, ...]
    encodings: tuple[Literal["hex", "base64", "plain"], ...]
    prefixes: tuple[str, ...] = ("",)
    several: bool = False  # signatures separated by blanks
    key: Literal["text", "base64", "sha256", "app_key"] = "text"
    id: str = ""
    timestamp: str = ""
    unit: Literal["s", "ms", "iso"] = "s"
    window: int = 5 * MINUTES


SCHEMES: dict[str, Scheme] = {
    "standard": Scheme("webhook-signature", "sha256", ("id", ".", "timestamp", ".", "body"), ("base64",), ("v1,",),
                       several=True, key="base64", id="webhook-id", timestamp="webhook-timestamp"),
    "breeze": Scheme("x-breeze-signature", "sha256", ("timestamp", ".", "body"), ("hex",), ("sha256=",),
                     timestamp="x-breeze-signature-timestamp", unit="ms"),
    "zendesk": Scheme("x-zendesk-webhook-signature", "sha256", ("timestamp", "body"), ("base64",),
                      timestamp="x-zendesk-webhook-signature-timestamp", unit="iso"),
    "glpi": Scheme("x-glpi-signature", "sha256", ("body", "timestamp"), ("hex",), timestamp="x-glpi-timestamp",
                   window=24 * HOURS),
    "jira": Scheme("x-hub-signature", "sha256", ("body",), ("hex",), ("sha256=",)),
    "toggl": Scheme("x-webhook-signature-256", "sha256", ("body",), ("hex",), ("sha256=",)),
    "zammad": Scheme("x-hub-signature", "sha1", ("body",), ("hex",), ("sha1=",)),
    "freescout": Scheme("x-freescout-signature", "sha1", ("body",), ("base64",), key="app_key"),
    "connectwise": Scheme("x-content-signature", "sha256", ("body",), ("base64",), key="sha256"),
    "autotask": Scheme("x-hook-signature", "sha1", ("body",), ("base64", "hex"), ("sha1=", "")),
    "clockify": Scheme("clockify-signature", "", (), ("plain",)),
    "token": Scheme("authorization", "", (), ("plain",), ("Bearer ",)),
}  # fmt: skip
NONE = "none"  # nothing proves the sender: kept, and prices nothing until it is confirmed


@dataclass(frozen=True)
class Forged:
    """Not shown to be the tool's: what we saw, and what we expected."""

    saw: str
    expected: str


def verify(
    scheme: Scheme, secrets: Sequence[bytes], headers: Mapping[str, str], body: bytes, now: float
) -> Forged | None:
    """None when one of the secrets made the signature, and recently. ``headers`` by lower-case name; ``now`` in
    seconds. Nothing is accepted without a secret."""
    given = headers.get(scheme.header, "")
    if not given:
        return Forged(f"no header {scheme.header}", "a signed delivery")
    parts = _parts(scheme, headers, body, now)
    if isinstance(parts, Forged):
        return parts
    message = b"".join(parts)
    found = [text.encode() for text in (given.split(" ") if scheme.several else [given])][:20]
    right = False
    for secret in secrets:
        for wanted in _expected(scheme, secret, message):
            for one in found:
                right |= hmac.compare_digest(wanted, one)
    return (
        None if right else Forged(f"{scheme.header} that does not fit", "the signature of these bytes with our secret")
    )


def _parts(scheme: Scheme, headers: Mapping[str, str], body: bytes, now: float) -> list[bytes] | Forged:
    values = {"body": body}
    for name, header in (("id", scheme.id), ("timestamp", scheme.timestamp)):
        if header:
            if not (text := headers.get(header, "")):
                return Forged(f"no header {header}", "a signed delivery")
            values[name] = text.encode()
    if scheme.timestamp:
        at = _seconds(headers[scheme.timestamp], scheme.unit)
        if at is None or not now - scheme.window <= at <= now + FUTURE:
            return Forged(
                f"{scheme.timestamp} {headers[scheme.timestamp][:40]!r}",
                f"a time at most {scheme.window // 60} min ago",
            )
    return [values.get(part, part.encode()) for part in scheme.signed]


def _seconds(text: str, unit: str) -> float | None:
    if unit == "iso":
        try:
            readings = parse_instant(text).readings(None)
        except NotAnInstant:
            return None
        return readings[0] / 1000 if readings else None
    if not (text.isascii() and text.isdecimal() and len(text) <= 16):
        return None
    return int(text) / (1000 if unit == "ms" else 1)


def _expected(scheme: Scheme, secret: bytes, message: bytes) -> list[bytes]:
    """Every text of the header that is right."""
    if not scheme.algorithm:
        return [prefix.encode() + secret for prefix in scheme.prefixes]
    key = _key(scheme, secret)
    if key is None:
        return []
    made = hmac.digest(key, message, scheme.algorithm)
    texts = [made.hex().encode() if one == "hex" else b64encode(made) for one in scheme.encodings]
    return [prefix.encode() + text for prefix in scheme.prefixes for text in texts]


def _key(scheme: Scheme, secret: bytes) -> bytes | None:
    match scheme.key:
        case "base64":
            return standard_key(secret)
        case "sha256":
            return hashlib.sha256(secret).digest()
        case "app_key":  # FreeScout's own derivation
            return hashlib.md5(secret + b"webhook_key", usedforsecurity=False).hexdigest().encode()
    return secret


def standard_key(secret: bytes) -> bytes | None:
    """The bytes of a Standard Webhooks secret; None where it is none of 24 to 64 bytes."""
    try:
        key = b64decode(secret.removeprefix(b"whsec_"), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if 24 <= len(key) <= 64 else None
