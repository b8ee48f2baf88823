"""Content codings of HTTP bodies in both directions: lz4 (frames), zstd, gzip, deflate."""

import zlib
from collections.abc import Callable
from typing import Any, Protocol

import lz4.frame
import zstandard

from deploy.embedded.engine.errors import CANNOT_READ_ALL_DATA, NOT_IMPLEMENTED, EngineError


class Encoder(Protocol):
    """Compresses a stream."""

    def compress(self, data: bytes) -> bytes:
        """Compress the next piece; may return nothing yet."""
        ...

    def flush(self) -> bytes:
        """Return the rest and end the stream."""
        ...


class Plain:
    """No coding."""

    def compress(self, data: bytes) -> bytes:
        """Return data as it is."""
        return data

    def flush(self) -> bytes:
        """Nothing is held back."""
        return b""


class _Lz4:
    def __init__(self) -> None:
        self._frame = lz4.frame.LZ4FrameCompressor()
        self._begun = False

    def compress(self, data: bytes) -> bytes:
        start = b"" if self._begun else bytes(self._frame.begin())
        self._begun = True
        return start + bytes(self._frame.compress(data))

    def flush(self) -> bytes:
        start = b"" if self._begun else bytes(self._frame.begin())
        return start + bytes(self._frame.flush())


_ENCODERS: dict[str, Callable[[], Encoder]] = {
    "lz4": _Lz4,
    "zstd": lambda: zstandard.ZstdCompressor(level=1).compressobj(),
    "gzip": lambda: zlib.compressobj(level=1, wbits=31),
    "deflate": lambda: zlib.compressobj(level=1, wbits=15),
}
_DECODERS: dict[str, Callable[[], Any]] = {
    "lz4": lz4.frame.LZ4FrameDecompressor,
    "zstd": lambda: zstandard.ZstdDecompressor().decompressobj(),
    "gzip": lambda: zlib.decompressobj(wbits=31),
    "deflate": lambda: zlib.decompressobj(wbits=15),
}


def choose(accepted: str) -> str | None:
    """The first coding of an Accept-Encoding header that we write; None for an uncompressed response."""
    offered = [part.split(";")[0].strip().lower() for part in accepted.split(",")]
    return next((name for name in offered if name in _ENCODERS), None)


def encoder(name: str | None) -> Encoder:
    """A compressor for one response."""
    return _ENCODERS[name]() if name else Plain()


class Decoder:
    """Decompresses one request body, which may be several frames one after the other."""

    def __init__(self, name: str) -> None:
        coding = name.strip().lower() or "identity"
        if coding != "identity" and coding not in _DECODERS:
            known = ", ".join(_DECODERS)
            raise EngineError(NOT_IMPLEMENTED, f"Unknown Content-Encoding '{name}'; known: {known}")
        self._make = _DECODERS.get(coding)
        self._open: Any = None

    def feed(self, data: bytes) -> bytes:
        """Decompress the next piece of the body."""
        if self._make is None:
            return data
        out = bytearray()
        try:
            while data:
                self._open = self._open or self._make()
                out += self._open.decompress(data)
                data = self._open.unused_data or b"" if self._open.eof else b""
                if self._open.eof:
                    self._open = None
        except (RuntimeError, zstandard.ZstdError, zlib.error) as error:
            raise EngineError(CANNOT_READ_ALL_DATA, f"Cannot decompress the request body: {error}") from None
        return bytes(out)

    def end(self) -> None:
        """Raise EngineError when the body stopped within a frame: it is not whole."""
        if self._open is not None:
            raise EngineError(CANNOT_READ_ALL_DATA, "The compressed request body ends too early")
