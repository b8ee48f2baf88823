"""The lock on a data directory: one engine process per directory, and a clear message for the second."""

import fcntl
import os
from pathlib import Path
from typing import IO


class DirectoryInUseError(Exception):
    """Another process owns the directory; the text says which and what to do."""


class DirectoryLock:
    """Holds `engine.lock` in the directory; the kernel releases it when the process ends, however it ends."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "engine.lock"
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        """Take the lock and write our pid into it; raises DirectoryInUseError when another process has it."""
        file = self._path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            pid = file.read().strip() or "unknown"
            file.close()
            raise DirectoryInUseError(
                f"The engine directory {self._path.parent} is in use by process {pid}. "
                "Stop that process, or use another directory."
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        self._file = file

    def release(self) -> None:
        """Give the lock back; harmless when it is not held."""
        if self._file is not None:
            self._file.truncate(0)
            self._file.close()
            self._file = None
