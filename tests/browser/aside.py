"""Work beside the browser's driver, which runs an event loop in the thread of the tests."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def aside(work: Callable[[], T]) -> T:
    """In a thread of its own, which may run a loop of its own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()
