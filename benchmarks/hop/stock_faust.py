"""The job on stock Faust: an agent, a memory table with its changelog, one event at a time, default settings.

Arguments: bootstrap, topic of the events, topic of the pairs, application id, state directory.
"""

from __future__ import annotations

import sys
from typing import Any

import faust

from benchmarks.hop.reading import read, write


def new_app(bootstrap: str, events: str, pairs: str, name: str, folder: str) -> Any:
    app = faust.App(
        name, broker=f"kafka://{bootstrap}", store="memory://", datadir=folder, web_enabled=False,
        topic_partitions=1, topic_replication_factor=1, consumer_auto_offset_reset="earliest", value_serializer="raw",
    )  # fmt: skip
    opened = app.Table("sessions", default=int, partitions=1)
    source = app.topic(events, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
    target = app.topic(pairs, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")

    async def pair(stream: Any) -> None:
        async for key, value in stream.items():
            session, phase, at = read(value)
            if phase == "start":
                opened[session] = at
            elif session in opened:
                await target.send(key=key, value=write(session, opened.pop(session), at))

    app.agent(source, name="pair")(pair)
    return app


if __name__ == "__main__":
    app = new_app(*sys.argv[1:6])
    sys.argv[1:] = ["worker", "-l", "warn", "--without-web"]
    app.main()
