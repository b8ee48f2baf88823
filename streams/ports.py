"""What lies between a hop and the world. Topic names come without prefix."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import msgspec

from streams.models.cloudevent import Header


class Incoming(Protocol):
    """A record as read. Bytes as they are: nothing but the hop decodes them."""

    @property
    def offset(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[Header]: ...


class Record(msgspec.Struct, frozen=True, gc=False):
    key: bytes
    value: bytes


class Write(NamedTuple):
    topic: str  # without prefix
    partition: int
    records: Sequence[Record]


class Log(Protocol):
    async def append(self, writes: Sequence[Write]) -> None:
        """Returns once every record of every write is acknowledged. Never called with nothing to write."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive records of one partition. ``topic`` without prefix."""

    topic: str
    partition: int
    records: Sequence[Incoming]
    acknowledge: Callable[[], None]


class Output(msgspec.Struct, frozen=True, gc=False):
    topic: str
    tenant: str  # decides the partition
    record: Record


@dataclass(slots=True)
class Traffic:
    """What a hop has read since the process started; ``undecoded`` of it was parked before any kernel saw it."""

    records: int = 0
    batches: int = 0
    undecoded: int = 0
