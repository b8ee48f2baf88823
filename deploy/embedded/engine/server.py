"""The HTTP interface: one request, one statement, as a ClickHouse server answers it."""

import asyncio
import json
import logging
import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import IO, Any, TypeVar

from aiohttp import web

from deploy.embedded.engine import codec, execute, sessions
from deploy.embedded.engine.access import Accounts, User, refuse_browsers
from deploy.embedded.engine.body import Body
from deploy.embedded.engine.errors import ABORTED, UNKNOWN, EngineError
from deploy.embedded.engine.execute import Outcome
from deploy.embedded.engine.faults import FaultResponseError, Faults, reset
from deploy.embedded.engine.native import Blocks, Counts, Engine, Handle
from deploy.embedded.engine.request import LONGEST_STATEMENT, Ask, read_ask

log = logging.getLogger("engine")
T = TypeVar("T")
_MIB = 1024 * 1024
_STARTED = "response has begun: an error can only cut the connection"
_WORKERS = 8
_FAILED = 3  # exit code
_SESSION_SWEEP_S = 5.0


class Server:
    """Answers requests with the engine. Engine calls block, so they run in a small pool of threads."""

    def __init__(self, engine: Engine, accounts: Accounts, faults: Faults | None) -> None:
        self._engine = engine
        self._accounts = accounts
        self._faults = faults
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="engine")
        self._streams: set[asyncio.Transport] = set()
        self._sessions = sessions.Sessions(asyncio.get_running_loop().time)
        self._sweeper = asyncio.create_task(self._sweep())

    def application(self) -> web.Application:
        """The web application with its routes."""
        app = web.Application(client_max_size=2 * LONGEST_STATEMENT)
        app.router.add_get("/ping", self._ping)
        if self._faults is not None:
            app.router.add_route("*", "/_fault", self._fault)
        app.router.add_get("/", self._statement)
        app.router.add_post("/", self._statement)
        app.router.add_post("/{path:.*}", self._statement)
        return app

    def cut_streams(self) -> None:
        """Cut the results being read, at a stop: a slow reader must not hold the process. Inserts go on."""
        for transport in self._streams:
            transport.abort()

    async def close(self) -> None:
        """Stop the sweeper and close the sessions; requests must be over."""
        self._sweeper.cancel()
        self._sessions.close()
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SESSION_SWEEP_S)
            self._sessions.sweep()

    async def _run(self, function: Callable[..., T], *args: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, function, *args)

    async def _ping(self, _request: web.Request) -> web.Response:
        return web.Response(text="Ok.\n")

    async def _fault(self, request: web.Request) -> web.Response:
        assert self._faults is not None
        if request.method == "POST":
            self._faults.plant(json.loads(await request.content.read()))
        elif request.method == "DELETE":
            self._faults.clear()
        return web.json_response(self._faults.report())

    async def _statement(self, request: web.Request) -> web.StreamResponse:
        ask = Ask()
        try:
            refuse_browsers(request.headers)
            user = self._accounts.authenticate(request.headers, request.query)
            if request.method == "GET" and "query" not in request.query:
                return web.Response(text="Ok.\n")
            ask = await read_ask(request)
            async with self._handle(ask, user) as handle:
                return await self._answer(request, ask, user, handle)
        except EngineError as error:
            if error.code == ABORTED:  # the engine met a fatal error: nothing but a new process helps
                log.critical("the engine has failed: %s", error.message)
                os._exit(_FAILED)
            return self._error(error, ask)
        except FaultResponseError as planted:
            return planted.response
        except (ConnectionResetError, asyncio.CancelledError):
            raise
        except Exception as error:  # a defect of ours must not look like a broken network to the driver
            log.exception("unexpected error")
            if request.get(_STARTED):
                reset(request)
            return self._error(EngineError(UNKNOWN, f"{type(error).__name__}: {error}"), ask)

    @asynccontextmanager
    async def _handle(self, ask: Ask, user: User) -> AsyncIterator[Handle]:
        if not ask.session_id:
            handle = self._engine.open()
            try:
                yield handle
            finally:
                await self._run(handle.close)
            return
        key = (user.name, ask.session_id)
        session = self._sessions.enter(key, ask.session_timeout, ask.session_check, self._engine.open)
        try:
            if user.read_only:  # a reader cannot keep anything, and its rights cannot be taken back from a handle
                async with self._handle(Ask(), user) as handle:
                    yield handle
            elif ask.settings or ask.database or ask.externals:
                before = await self._run(execute.remember, session.handle, ask)
                try:
                    yield session.handle
                finally:
                    await self._run(execute.restore, session.handle, before, list(ask.externals))
            else:
                yield session.handle
        finally:
            self._sessions.leave(key, ask.close_session)

    async def _answer(self, request: web.Request, ask: Ask, user: User, handle: Handle) -> web.StreamResponse:
        body = Body(request, ask)
        text, head = await body.statement()
        fault = self._faults.take(text.decode("utf-8", "replace")) if self._faults else None
        if self._faults:
            await self._faults.meet(request, fault)
        if head is None:
            outcome = await self._run(execute.start, handle, ask, user, text)
        else:
            execute.check_insert(ask, user)
            with tempfile.NamedTemporaryFile(prefix="insert-") as file:
                while data := await body.data(_MIB):
                    await self._run(file.write, data)
                await self._run(file.flush)
                outcome = await self._run(execute.insert, handle, ask, user, head, file.name)
        try:
            if self._faults:
                self._faults.meet_after(request, fault)
            return await self._respond(request, ask, outcome)
        finally:
            await self._run(outcome.blocks.close)

    def _headers(self, ask: Ask, fmt: str | None, counts: Counts | None) -> dict[str, str]:
        headers = {
            "X-ClickHouse-Server-Display-Name": "everyminute",
            "X-ClickHouse-Query-Id": ask.query_id,
            "X-ClickHouse-Timezone": "UTC",
        }
        if fmt:
            headers["X-ClickHouse-Format"] = fmt
        if counts:
            headers["X-ClickHouse-Summary"] = json.dumps(_summary(counts))
        return headers

    def _error(self, error: EngineError, ask: Ask) -> web.Response:
        headers = self._headers(ask, None, None)
        headers["X-ClickHouse-Exception-Code"] = str(error.code)
        return web.Response(status=error.status, headers=headers, text=error.body(self._engine.version) + "\n")

    async def _respond(self, request: web.Request, ask: Ask, outcome: Outcome) -> web.StreamResponse:
        encoder = codec.encoder(ask.coding)
        if ask.buffered or outcome.fmt is None:
            with tempfile.SpooledTemporaryFile(max_size=4 * _MIB) as spool:
                size = await self._run(_spool, outcome.blocks, encoder, spool)
                return await self._send_spool(request, ask, outcome, spool, size)
        return await self._send_stream(request, ask, outcome, encoder)

    async def _send_spool(
        self, request: web.Request, ask: Ask, outcome: Outcome, spool: IO[bytes], size: int
    ) -> web.StreamResponse:
        headers = self._headers(ask, outcome.fmt, outcome.counts)
        if ask.coding and size:
            headers["Content-Encoding"] = ask.coding
        response = web.StreamResponse(headers=headers)
        response.content_type = "application/octet-stream"
        response.content_length = size
        request[_STARTED] = True
        await response.prepare(request)
        while piece := spool.read(_MIB):
            await response.write(piece)
        await response.write_eof()
        return response

    async def _send_stream(
        self, request: web.Request, ask: Ask, outcome: Outcome, encoder: codec.Encoder
    ) -> web.StreamResponse:
        tag = secrets.token_hex(8)
        headers = self._headers(ask, outcome.fmt, None) | {"X-ClickHouse-Exception-Tag": tag}
        if ask.coding:
            headers["Content-Encoding"] = ask.coding
        response = web.StreamResponse(headers=headers)
        response.content_type = "application/octet-stream"
        response.enable_chunked_encoding()
        request[_STARTED] = True
        await response.prepare(request)
        transport = request.transport
        if transport is None:
            raise ConnectionResetError("the client has gone")
        self._streams.add(transport)
        try:
            while (piece := await self._run(_next, outcome.blocks, encoder)) is not None:
                await response.write(piece)
            await response.write(encoder.flush())
        except EngineError as error:
            marker = _marker(error.body(self._engine.version), tag)
            await response.write(encoder.compress(marker) + encoder.flush())
            transport.close()  # no last chunk: the client must not take this for a whole result
            return response
        finally:
            self._streams.discard(transport)
        await response.write_eof()
        return response


def _next(blocks: Blocks, encoder: codec.Encoder) -> bytes | None:
    block = next(blocks, None)
    return None if block is None else encoder.compress(block)


def _spool(blocks: Blocks, encoder: codec.Encoder, spool: IO[bytes]) -> int:
    """Write the encoded blocks to the spool; return its size, 0 when there was no output at all."""
    anything = False
    for block in blocks:
        anything = anything or bool(block)
        spool.write(encoder.compress(block))
    if not anything:
        return 0
    spool.write(encoder.flush())
    size = spool.tell()
    spool.seek(0)
    return size


def _summary(counts: Counts) -> dict[str, str]:
    return {
        "read_rows": str(counts.read_rows),
        "read_bytes": str(counts.read_bytes),
        "written_rows": str(counts.written_rows),
        "written_bytes": str(counts.written_bytes),
        "total_rows_to_read": "0",
        "result_rows": str(counts.result_rows),
        "result_bytes": str(counts.result_bytes),
        "elapsed_ns": str(int(counts.elapsed * 1e9)),
    }


def _marker(message: str, tag: str) -> bytes:
    """The end of a result that failed half-way, as servers since 25.11 write it."""
    return (f"\r\n__exception__\r\n{tag}\r\n{message}\n{len(message) + 1} {tag}\r\n__exception__\r\n").encode()
