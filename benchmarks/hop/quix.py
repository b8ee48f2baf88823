"""The job on Quix Streams: a stateful function, RocksDB with its changelog, default settings.

Arguments: bootstrap, topic of the events, topic of the pairs, application id, state directory.
"""

from __future__ import annotations

import sys
from typing import Any

from quixstreams import Application

from benchmarks.hop.reading import read, write


def pair(value: bytes, state: Any) -> bytes | None:
    session, phase, at = read(value)
    if phase == "start":
        state.set("start", at)
        return None
    start = state.get("start")
    state.delete("start")
    return None if start is None else write(session, start, at)


def run(bootstrap: str, events: str, pairs: str, name: str, folder: str) -> None:
    app = Application(
        broker_address=bootstrap, consumer_group=name, auto_offset_reset="earliest", state_dir=folder,
        loglevel="WARNING",
    )  # fmt: skip
    source = app.topic(events, key_deserializer="bytes", value_deserializer="bytes")
    target = app.topic(pairs, key_serializer="bytes", value_serializer="bytes")
    frame = app.dataframe(source).apply(pair, stateful=True)
    frame[frame.apply(lambda value: value is not None)].to_topic(target)
    app.run()


if __name__ == "__main__":
    run(*sys.argv[1:6])
