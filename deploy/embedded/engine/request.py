"""What a request asks for: its parameters sorted into statement, bound values, settings and transport."""

import re
import uuid
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field

from aiohttp import BodyPartReader, hdrs, web

from deploy.embedded.engine import codec
from deploy.embedded.engine.errors import BAD_ARGUMENTS, NOT_IMPLEMENTED, QUERY_IS_TOO_LARGE, EngineError
from deploy.embedded.engine.sql import quote, split_list

LONGEST_STATEMENT = 64 * 1024 * 1024
_IGNORED = {
    "add_http_cors_header",
    "buffer_size",
    "cancel_http_readonly_queries_on_client_close",
    "client_protocol_version",
    "http_headers_progress_interval_ms",
    "http_zlib_compression_level",
    "password",
    "quota_key",
    "role",
    "send_progress_in_http_headers",
    "stacktrace",
    "user",
}
_SETTING = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")
_EXTERNAL = re.compile(r"^(?P<table>.+)_(?P<what>format|structure|types)$")


@dataclass
class External:
    """External data: a temporary table for one statement."""

    name: str
    data: bytes
    fmt: str = "TabSeparated"
    structure: str = ""


@dataclass
class Ask:
    """One request, read up to its body."""

    query: str = ""
    params: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    externals: dict[str, External] = field(default_factory=dict)
    database: str = ""
    default_format: str = "TabSeparated"
    query_id: str = ""
    session_id: str = ""
    session_timeout: float = 60.0
    session_check: bool = False
    close_session: bool = False
    buffered: bool = False
    coding: str | None = None
    read_only_method: bool = False

    def settings_clause(self) -> str:
        """The SET statement for this request's settings, or "" without settings."""
        pairs = [f"{name} = {quote(value)}" for name, value in self.settings.items()]
        return f"SET {', '.join(pairs)}" if pairs else ""


async def read_ask(request: web.Request) -> Ask:
    """Sort the URL parameters and the form; the body of anything but a form is left unread."""
    ask = Ask(
        default_format=request.headers.get("X-ClickHouse-Format", "TabSeparated"),
        database=request.headers.get("X-ClickHouse-Database", ""),
        read_only_method=request.method in (hdrs.METH_GET, hdrs.METH_HEAD),
    )
    pairs = list(request.query.items())
    if request.content_type == "multipart/form-data":
        pairs += [pair async for pair in _form(request, ask)]
    compressed = False
    for name, value in _externals_taken(ask, pairs):
        if name == "enable_http_compression":
            compressed = value == "1"
        else:
            _sort(ask, name, value)
    if compressed:
        ask.coding = codec.choose(request.headers.get(hdrs.ACCEPT_ENCODING, ""))
    ask.query_id = ask.query_id or str(uuid.uuid4())
    return ask


async def _form(request: web.Request, ask: Ask) -> AsyncIterator[tuple[str, str]]:
    reader = await request.multipart()
    left = LONGEST_STATEMENT
    async for part in reader:
        if not isinstance(part, BodyPartReader):
            raise EngineError(BAD_ARGUMENTS, "Nested multipart bodies are not supported")
        data = bytes(await part.read(decode=False))
        left -= len(data)
        if left < 0:
            raise EngineError(QUERY_IS_TOO_LARGE, f"The form is larger than {LONGEST_STATEMENT} bytes")
        name = part.name or ""
        if part.filename is not None:
            ask.externals[name] = External(name, data)
        else:
            yield name, data.decode("utf-8")


def _externals_taken(ask: Ask, pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for name, value in pairs:
        match = _EXTERNAL.match(name)
        table = ask.externals.get(match["table"]) if match else None
        if match is None or table is None:
            yield name, value
        elif match["what"] == "format":
            table.fmt = value
        elif match["what"] == "structure":
            table.structure = value
        else:
            table.structure = ", ".join(f"_{n} {kind}" for n, kind in enumerate(split_list(value), start=1))


def _sort(ask: Ask, name: str, value: str) -> None:
    if name.startswith("param_"):
        ask.params[name.removeprefix("param_")] = value
    elif name in ("query", "database", "default_format", "query_id", "session_id"):
        setattr(ask, name, value)
    elif name == "session_timeout":
        ask.session_timeout = _seconds(value)
    elif name == "session_check":
        ask.session_check = value == "1"
    elif name == "close_session":
        ask.close_session = value == "1"
    elif name == "wait_end_of_query":
        ask.buffered = value == "1"
    elif name in ("compress", "decompress"):
        if value != "0":
            raise EngineError(NOT_IMPLEMENTED, f"'{name}' is not supported: use Content-Encoding, Accept-Encoding")
    elif name not in _IGNORED:
        if not _SETTING.match(name):
            raise EngineError(BAD_ARGUMENTS, f"'{name}' is no setting")
        ask.settings[name] = value


def _seconds(value: str) -> float:
    try:
        return float(int(value))
    except ValueError:
        raise EngineError(BAD_ARGUMENTS, f"Invalid session timeout: '{value}'") from None
