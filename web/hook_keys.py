"""Signing keys that a tool serves at an address. Only addresses an operator wrote down are ever asked, word for word:
the sender names one in the body, and whoever may choose the address chooses the key.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

import httpx
import msgspec

from web.problems import Refused

KEPT = 3600.0  # seconds a key is believed
AGAIN = 60.0  # seconds between two fetches because a signature did not fit
FETCH_SECONDS = 5.0
LARGEST = 16 * 1024

log = logging.getLogger(__name__)


class _Key(msgspec.Struct):
    signing_key: str


class Keys:
    """Keys by address, fetched once an hour."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[bytes, float]] = {}

    async def get(self, url: str, allowed: Sequence[str], *, anew: bool = False) -> bytes | None:
        """The key; with ``anew`` one that is not known yet, else None. Refuses what is not allowed or not there."""
        if url not in allowed:
            log.warning(
                "a webhook names the key %.200r, which is not the one of `everyminute webhook add --key-url`", url
            )
            raise Refused(
                401, "The key is not the one we know", "Metadata.key_url is another one.",
                "If it is right: everyminute webhook remove, then add it with --key-url.",
            )  # fmt: skip
        key, at = self._held.get(url, (b"", 0.0))
        now = time.monotonic()
        if key and now - at < (AGAIN if anew else KEPT):
            return None if anew else key
        found = await _fetched(url)
        self._held[url] = found, now
        return found if not anew or found != key else None


async def _fetched(url: str) -> bytes:
    try:
        async with (
            httpx.AsyncClient(follow_redirects=False, timeout=FETCH_SECONDS) as client,
            client.stream("GET", url) as answer,
        ):
            answer.raise_for_status()
            body = b""
            async for part in answer.aiter_bytes():
                body += part
                if len(body) > LARGEST:
                    raise ValueError("too large for a key")
        return msgspec.json.decode(body, type=_Key).signing_key.encode()
    except (httpx.HTTPError, ValueError, msgspec.DecodeError) as error:
        log.error("the key at %s cannot be fetched: %r", url, error)
        raise Refused(
            503, "The key cannot be fetched", f"Its address does not give one ({type(error).__name__}).",
            "Send the same again later.", headers={"Retry-After": "60"},
        ) from None  # fmt: skip
