"""Each published vector is accepted, and with any one bit of what is signed changed it is refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.signatures import FUTURE, SCHEMES, Scheme, verify

FILE = Path(__file__).parent / "webhooks" / "vectors.json"
SCHEME_OF = {"standard-webhooks": "standard", "connectwise-psa": "connectwise"}
VECTORS: dict[str, dict[str, Any]] = {
    SCHEME_OF.get(one["name"], one["name"]): one
    for one in json.loads(FILE.read_text())
    if not one["scheme"].startswith("OUTGOING")
}


def parts(name: str) -> tuple[Scheme, bytes, dict[str, str], bytes, float]:
    one = VECTORS[name]
    headers = {key.lower(): text for key, text in one["headers"].items()}
    return SCHEMES[name], one["secret"].encode(), headers, one["body"].encode(), signed_at(SCHEMES[name], headers)


def signed_at(scheme: Scheme, headers: dict[str, str]) -> float:
    text = headers.get(scheme.timestamp, "0")
    if scheme.unit == "iso" and text != "0":
        return datetime.fromisoformat(text).timestamp()
    return int(text) / (1000 if scheme.unit == "ms" else 1)


def flipped(data: bytes) -> list[bytes]:
    """Every byte, with its lowest bit and with the one between small and large letters."""
    return [data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :] for at in range(len(data)) for bit in (0x01, 0x20)]


def test_there_is_a_vector_for_every_scheme() -> None:
    assert set(VECTORS) == set(SCHEMES) - {"token"}, "token is a bearer header, as of our own interface"


@pytest.mark.parametrize("name", VECTORS)
def test_a_vector_is_accepted(name: str) -> None:
    scheme, secret, headers, body, now = parts(name)
    assert verify(scheme, [secret], headers, body, now) is None


@pytest.mark.parametrize("name", [name for name in VECTORS if SCHEMES[name].algorithm])
def test_with_any_byte_of_the_body_flipped_it_is_refused(name: str) -> None:
    scheme, secret, headers, body, now = parts(name)
    for changed in flipped(body):
        assert verify(scheme, [secret], headers, changed, now), changed
    assert verify(scheme, [secret], headers, body + b"\n", now)
    assert verify(scheme, [secret], headers, body[:-1], now)
    assert verify(scheme, [secret], headers, json.dumps(json.loads(body), indent=1).encode(), now), "written anew"


@pytest.mark.parametrize("name", VECTORS)
def test_with_any_byte_of_a_header_that_counts_flipped_it_is_refused(name: str) -> None:
    scheme, secret, headers, body, now = parts(name)
    for header in filter(None, (scheme.header, scheme.id, scheme.timestamp)):
        for changed in flipped(headers[header].encode()):
            wrong = headers | {header: changed.decode("latin-1")}
            assert verify(scheme, [secret], wrong, body, now), (header, changed)
        assert verify(scheme, [secret], {key: text for key, text in headers.items() if key != header}, body, now)
        assert verify(scheme, [secret], headers | {header: ""}, body, now)


@pytest.mark.parametrize("name", VECTORS)
def test_with_any_byte_of_the_secret_flipped_it_is_refused(name: str) -> None:
    scheme, secret, headers, body, now = parts(name)
    prefix = len(b"whsec_") if name == "standard" else 0
    for changed in flipped(secret[prefix:]):
        assert verify(scheme, [secret[:prefix] + changed], headers, body, now), changed
    assert verify(scheme, [], headers, body, now), "without a secret nothing is accepted"


@pytest.mark.parametrize("name", VECTORS)
def test_two_secrets_hold_while_one_is_exchanged(name: str) -> None:
    scheme, secret, headers, body, now = parts(name)
    other = b"whsec_" + base64.b64encode(b"x" * 32)
    assert verify(scheme, [other, secret], headers, body, now) is None
    assert verify(scheme, [secret, other], headers, body, now) is None
    assert verify(scheme, [other], headers, body, now)


@pytest.mark.parametrize("name", [name for name in VECTORS if SCHEMES[name].timestamp])
def test_a_delivery_is_believed_for_a_while(name: str) -> None:
    scheme, secret, headers, body, now = parts(name)
    for late, holds in ((scheme.window, True), (scheme.window + 1, False), (-FUTURE, True), (-FUTURE - 1, False)):
        assert (verify(scheme, [secret], headers, body, now + late) is None) is holds, late


def test_standard_webhooks_may_carry_several_signatures() -> None:
    scheme, secret, headers, body, now = parts("standard")
    right = headers[scheme.header]
    for text, holds in ((f"v1,AAAA {right}", True), (f"v1a,AAAA {right}", True), ("v1,AAAA v2,BBBB", False)):
        assert (verify(scheme, [secret], headers | {scheme.header: text}, body, now) is None) is holds
    many = " ".join(["v1,AAAA"] * 1000 + [right])
    assert verify(scheme, [secret], headers | {scheme.header: many}, body, now), "no more than a few are tried"


def test_autotask_may_write_hex_and_leave_the_prefix_out() -> None:
    scheme, secret, headers, body, now = parts("autotask")
    made = hmac.digest(secret, body, "sha1")
    for text in (made.hex(), f"sha1={made.hex()}", base64.b64encode(made).decode()):
        assert verify(scheme, [secret], headers | {scheme.header: text}, body, now) is None
    for text in (made.hex().upper(), f"sha256={made.hex()}", ""):
        assert verify(scheme, [secret], headers | {scheme.header: text}, body, now)


def test_a_secret_of_standard_webhooks_is_long_enough() -> None:
    scheme, _, headers, body, now = parts("standard")
    for weak in (b"", b"whsec_", b"whsec_QUJD", b"whsec_!!!!"):
        key = b"" if weak in (b"", b"whsec_") else b"ABC"
        message = b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body])
        made = base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()
        assert verify(scheme, [weak], headers | {scheme.header: f"v1,{made}"}, body, now)


@given(st.sampled_from(sorted(VECTORS)), st.text(max_size=80), st.binary(max_size=80), st.binary(max_size=40))
@settings(deadline=None, max_examples=300)
def test_whatever_comes_is_refused_and_never_an_error(name: str, text: str, body: bytes, secret: bytes) -> None:
    scheme, _, headers, _, now = parts(name)
    for header in filter(None, (scheme.header, scheme.id, scheme.timestamp)):
        if scheme.algorithm or text.encode(errors="replace") != secret:
            assert verify(scheme, [secret], headers | {header: text}, body, now)
