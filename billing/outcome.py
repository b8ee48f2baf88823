"""What one step of a hop gives: three lists, written to the outside in this order (design §3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from streams.models.fact import Fact
from streams.models.ids import Content
from streams.models.parked import Parked

T = TypeVar("T")


@dataclass(slots=True)
class Outcome(Generic[T]):
    """1. ``appends``: new identities and derived facts, to the hop's own log, awaited.
    2. ``outputs`` and ``parked``: everything computed, awaited. Each output is (version, record); ``contents`` are
       their bytes in the same order, where the kernel has encoded them already, else it is empty. With them
       ``recorded``: outcomes that came back through the log, for the topic of decisions, so that a rebuild has them.
    3. ``kept``: facts for the changelog in input order, (key, value), opaque outside the kernel, awaited.
    4. Then the batch is acknowledged.
    """

    appends: list[Fact] = field(default_factory=list)
    outputs: list[tuple[int, T]] = field(default_factory=list)
    contents: list[Content] = field(default_factory=list)
    parked: list[Parked] = field(default_factory=list)
    recorded: list[Fact] = field(default_factory=list)
    kept: list[tuple[str, bytes]] = field(default_factory=list)


@dataclass(slots=True)
class Counts:
    """Of the distinct facts a hop holds: ``received = done + waiting + parked``."""

    received: int = 0
    done: int = 0
    waiting: int = 0
    parked: int = 0
