"""The job on Bytewax: a stateful map, state in memory without recovery, default settings.

Arguments: bootstrap, topic of the events, topic of the pairs; the application id and state directory are not used.
"""

from __future__ import annotations

import sys
from typing import Any

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSink, KafkaSinkMessage, KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.testing import cluster_main

from benchmarks.hop.reading import read, write

Signal = tuple[str, int]


def keyed(message: Any) -> tuple[str, Signal]:
    session, phase, at = read(message.value)
    return session, (phase, at)


def pair(start: int | None, signal: Signal) -> tuple[int | None, tuple[int, int] | None]:
    phase, at = signal
    if phase == "start":
        return at, None
    return None, None if start is None else (start, at)


def written(item: tuple[str, tuple[int, int] | None]) -> Any:
    session, found = item
    return None if found is None else KafkaSinkMessage(f"main/{session}".encode(), write(session, *found))


def new_flow(bootstrap: str, events: str, pairs: str) -> Any:
    flow = Dataflow("pairs")
    stream = op.input("events", flow, KafkaSource([bootstrap], [events]))
    found = op.stateful_map("pair", op.map("read", stream, keyed), pair)
    op.output("pairs", op.filter_map("write", found, written), KafkaSink([bootstrap], pairs))
    return flow


if __name__ == "__main__":
    cluster_main(new_flow(*sys.argv[1:4]), [], 0)
