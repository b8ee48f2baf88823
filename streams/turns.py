"""Long computations as generators: at each pause somebody else may have a turn."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import TypeVar

R = TypeVar("R")


def exhausted(steps: Generator[None, None, R]) -> R:
    """What a generator returns, its pauses left out."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            value: R = end.value
            return value


async def in_turns(steps: Generator[None, None, R]) -> R:
    """What a generator returns; at each of its pauses the loop does what else there is to do."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            value: R = end.value
            return value
        await asyncio.sleep(0)
