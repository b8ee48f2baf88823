"""Asking an HTTP API, one request at a time: no redirects, bounded answers, and refusals in words."""

from __future__ import annotations

import ssl
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Self

import httpx
import msgspec

from connectors.live.source import Target, Trouble, is_local, ssl_of, tls_trouble

LARGEST = 64 * 1024 * 1024  # bytes of an answer
ADDRESS = "Is --url the address of the API, such as https://api.example.com, and not that of the pages?"


class Api:
    """``permission``: what to do when the key may not read something. Every method raises Trouble."""

    def __init__(self, target: Target, headers: dict[str, str], permission: str, seconds: float) -> None:
        self._target, self._permission = target, permission
        try:
            self._client = httpx.AsyncClient(
                base_url=target.url, headers=headers | {"Accept": "application/json"}, timeout=seconds,
                verify=ssl_of(target) or True, trust_env=not is_local(target.url), follow_redirects=False,
            )  # fmt: skip
        except UnicodeEncodeError:
            raise Trouble("The key has characters that no key has.", "Set it anew.", refused=True) from None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def server_now(self, path: str) -> int:
        """The server's clock, ms, to the second: the Date of its answer."""
        answer, _ = await self._ask("GET", path)
        at = _date(answer.headers.get("date", ""))
        if at is None:
            raise Trouble(f"{self._target.shown_url} does not say what time it is (no Date in its answer).", ADDRESS)
        return at

    async def get(self, path: str, query: dict[str, str] | None = None) -> bytes:
        return _json(self._target, *await self._ask("GET", path, params=query or {}))

    async def patch(self, path: str, body: dict[str, Any], *, may_be_forbidden: bool = False) -> bytes | None:
        """None where the key may not read this and need not."""
        answer, data = await self._ask("PATCH", path, forbidden=may_be_forbidden, json=body)
        return None if answer.status_code == 403 else _json(self._target, answer, data)

    async def _ask(
        self, method: str, path: str, *, forbidden: bool = False, **more: Any
    ) -> tuple[httpx.Response, bytes]:
        where = f"{self._target.shown_url}{path}"
        try:
            async with self._client.stream(method, path, **more) as answer:
                data = bytearray()
                async for part in answer.aiter_bytes():
                    data += part
                    if len(data) > LARGEST:
                        raise Trouble(f"{where} answers with more than {LARGEST >> 20} MiB.", "")
        except httpx.TimeoutException:
            raise Trouble(f"{where} did not answer in time.", "") from None
        except httpx.HTTPError as error:
            cause = _ssl_error(error)
            raise (
                tls_trouble(self._target, cause) if cause else Trouble(f"{where} cannot be reached: {error}.", "")
            ) from None
        if answer.status_code != 200 and not (forbidden and answer.status_code == 403):
            raise self._refusal(answer, bytes(data), where)
        return answer, bytes(data)

    def _refusal(self, answer: httpx.Response, data: bytes, where: str) -> Trouble:
        status, why = answer.status_code, _detail(data)
        if status == 401 or (status == 403 and "token" in why.lower()):
            return Trouble(
                f"{where} does not accept the key{why}.",
                "Make a new one in Tactical (Settings > Global settings > API keys), and: everyminute live secret.",
                refused=True,
            )
        if status == 403:
            return Trouble(f"{where} may not be read with this key{why}.", self._permission, refused=True)
        if status == 404 or answer.is_redirect:
            return Trouble(f"{where} answers {status}.", ADDRESS, refused=True)
        after = _wait(answer) if status in (429, 503) else None
        asked = f" and asks us to wait {after} s" if after is not None else ""
        return Trouble(f"{where} answers {status}{asked}{why}.", "", after=after)


def _json(target: Target, answer: httpx.Response, data: bytes) -> bytes:
    if data.lstrip()[:1] not in (b"[", b"{"):
        kind = answer.headers.get("content-type", "no type")[:60]
        raise Trouble(f"{target.shown_url} answers with {kind} instead of JSON.", ADDRESS, refused=True)
    return data


def _detail(data: bytes) -> str:
    """What the API says of its refusal, short."""
    try:
        told = msgspec.json.decode(data[:2000])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    text = told.get("detail", "") if isinstance(told, dict) else told
    return f" ({text[:120].rstrip('.')})" if isinstance(text, str) and text.isprintable() and text else ""


def _date(text: str) -> int | None:
    try:
        return int(parsedate_to_datetime(text).timestamp()) * 1000
    except (ValueError, TypeError, OverflowError):
        return None


def _wait(answer: httpx.Response) -> int | None:
    """Seconds of Retry-After; a date in it is taken by the server's own clock."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return int(text[:6])
    until, now = _date(text), _date(answer.headers.get("date", ""))
    return None if until is None or now is None else max(0, (until - now) // 1000)


def _ssl_error(error: BaseException | None) -> ssl.SSLError | None:
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return error
