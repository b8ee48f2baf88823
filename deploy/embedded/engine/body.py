"""The request's body as it arrives: decompressed, cut into the statement and the data that follow it."""

from aiohttp import hdrs, web

from deploy.embedded.engine.codec import Decoder
from deploy.embedded.engine.errors import QUERY_IS_TOO_LARGE, EngineError
from deploy.embedded.engine.request import LONGEST_STATEMENT, Ask
from deploy.embedded.engine.sql import InsertHead, first_word, insert_head


class Body:
    """Reads one request's statement, then its data, without ever holding the whole of them."""

    def __init__(self, request: web.Request, ask: Ask) -> None:
        self._request = request
        self._decoder = Decoder(request.headers.get(hdrs.CONTENT_ENCODING, ""))
        self._buffer = bytearray()
        self._ended = request.content_type == "multipart/form-data"
        self._url_query = ask.query.encode()

    async def statement(self) -> tuple[bytes, InsertHead | None]:
        """The statement; with the head of an INSERT when its data follow and are still to be read."""
        await self._more()
        if self._url_query:
            self._buffer[:0] = self._url_query + (b"\n" if self._buffer else b"")
        is_insert = first_word(self._buffer[:65536].decode("latin-1")) == "INSERT"
        while True:
            head = insert_head(bytes(self._buffer), self._ended) if is_insert else False
            if isinstance(head, InsertHead):
                text = bytes(self._buffer[: head.data])
                del self._buffer[: head.data]
                return text, head
            if head is False:
                break
            await self._more()
        while not self._ended:
            await self._more()
        return bytes(self._buffer), None

    async def _more(self) -> None:
        piece = await self._read()
        while not piece and not self._ended:
            piece = await self._read()
        self._buffer += piece
        if len(self._buffer) > LONGEST_STATEMENT:
            raise EngineError(QUERY_IS_TOO_LARGE, f"The statement is longer than {LONGEST_STATEMENT} bytes")

    async def _read(self) -> bytes:
        if self._ended:
            return b""
        raw = await self._request.content.readany()
        if not raw:
            self._ended = True
            self._decoder.end()
            return b""
        return self._decoder.feed(raw)

    async def data(self, size: int) -> bytes:
        """The next data, about size bytes of it; empty at the end. Raises when the body is not whole."""
        while len(self._buffer) < size and not self._ended:
            self._buffer += await self._read()
        data = bytes(self._buffer)
        self._buffer.clear()
        return data
