"""chDB behind a small typed surface: open handles, run statements, stream results, push inserts.

The extension module is loaded without its Python package: that package starts a throw-away engine at import
and pulls in pyarrow, some 55 MiB and half a second that this process does not need.
"""

import ctypes
import importlib
import importlib.util
import sys
import types
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.embedded.engine.errors import QUERY_WITH_SAME_ID, UNKNOWN, EngineError, from_engine

# What a handle starts with. async_insert off: the writer batches, and an acknowledged insert must be a part.
# implicit_select and introspection are on in chDB and off in a server.
_DEFAULTS = "SET async_insert = 0, implicit_select = 0, allow_introspection_functions = 0"
_NOT_STREAMABLE = "Streaming query is not supported"
_RTLD_DEEPBIND = 0x00008
Blocks = Generator[bytes, None, None]


def load() -> Any:
    """Load chDB's extension module; raises ImportError when chdb is not installed."""
    spec = importlib.util.find_spec("chdb")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("chdb is not installed: install the extra 'embedded'")
    folder = spec.submodule_search_locations[0]
    package = types.ModuleType("chdb")
    package.__path__ = [folder]
    sys.modules["chdb"] = package
    if sys.platform == "linux":  # its own allocator must win over libstdc++'s, as chdb/__init__ arranges too
        ctypes.CDLL(str(Path(folder) / "_chdb.abi3.so"), mode=sys.getdlopenflags() | _RTLD_DEEPBIND)
    return importlib.import_module("chdb._chdb")


@dataclass
class Counts:
    """Rows and bytes a statement read, wrote and returned; seconds it took."""

    read_rows: int = 0
    read_bytes: int = 0
    written_rows: int = 0
    written_bytes: int = 0
    result_rows: int = 0
    result_bytes: int = 0
    elapsed: float = 0.0

    def add(self, result: Any) -> None:
        """Add the figures of one result, or of one chunk of a stream."""
        self.read_rows += result.storage_rows_read()
        self.read_bytes += result.storage_bytes_read()
        self.written_rows += result.rows_written()
        self.written_bytes += result.bytes_written()
        self.result_rows += result.rows_read()
        self.result_bytes += result.size()
        self.elapsed += result.elapsed()


@dataclass(frozen=True)
class Kind:
    """How the engine's own parser classes a statement."""

    read_only: bool
    known: bool
    statements: int


class Handle:
    """One connection to the engine: its own settings, current database and temporary tables."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self._open: Any = None  # the stream being read
        self.wedged = False
        self.run(_DEFAULTS)

    def call(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call the extension; an exception becomes an EngineError, and marks a handle that cannot be trusted."""
        try:
            return getattr(self._raw, method)(*args, **kwargs)
        except RuntimeError as error:
            known = from_engine(str(error))
            self.wedged = self.wedged or known.code in (UNKNOWN, QUERY_WITH_SAME_ID)
            raise known from None

    def classify(self, statement: str) -> Kind:
        """Class the statement with the engine's parser, without running it."""
        found = self.call("classify_query", statement)
        name = found["query_class"].name
        return Kind(name == "READ_ONLY", name != "UNKNOWN", found["statement_count"])

    def run(
        self, statement: str | bytes, fmt: str = "TabSeparated", params: Mapping[str, str] | None = None
    ) -> tuple[bytes, Counts]:
        """Run a statement and return its whole result in the format, with its counts."""
        result = self.call("query", statement, fmt, params=dict(params or {}))
        counts = Counts()
        counts.add(result)
        return bytes(result.bytes()), counts

    def stream(self, statement: str, fmt: str, params: Mapping[str, str], counts: Counts) -> Blocks | None:
        """Run a SELECT and yield its result block by block, adding to counts; None when it cannot be streamed."""
        try:
            state = self.call("send_query", statement, fmt, params=dict(params))
        except EngineError as error:
            if _NOT_STREAMABLE in error.message:
                return None
            raise
        self._open = state
        return self._blocks(state, counts)

    def _blocks(self, state: Any, counts: Counts) -> Blocks:
        try:
            while self._open is state:
                chunk = self.call("streaming_fetch_result", state)
                if chunk is None or chunk.rows_read() == 0:
                    self._open = None
                    return
                counts.add(chunk)
                yield bytes(chunk.bytes())
        except EngineError:
            self._open = None  # a stream that failed is over
            raise
        finally:
            self._end_stream(state)

    def _end_stream(self, state: Any) -> None:
        if self._open is state and state is not None:
            self._open = None
            self.call("streaming_cancel_query", state)

    def close(self) -> None:
        """Close the connection; settings and temporary tables go with it.

        A stream still open is ended first: to end it afterwards brings the whole engine down.
        """
        self._end_stream(self._open)
        self._raw.close()


class Engine:
    """The engine of one data directory. The root handle keeps it open while other handles come and go."""

    def __init__(self, data: Path, config: Path) -> None:
        self._module = load()
        self._address = f"{data}?config-file={config}"
        self._root = self.open()
        version, _ = self._root.run("SELECT version()")
        self.version = version.decode().strip()

    def open(self) -> Handle:
        """A fresh handle in a clean state (about 0.4 ms)."""
        try:
            return Handle(self._module.connect(self._address))
        except RuntimeError as error:
            raise from_engine(str(error)) from None

    def close(self) -> None:
        """Close the engine; handles still open keep it alive until they close."""
        self._root.close()
