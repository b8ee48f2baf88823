"""Lag of the pipeline into the table `health`, for dashboards: ``python -m jobs.health``, beside the pipeline.

It writes no row of the ledger, and the pipeline does not need it.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import Sequence

from aiokafka.errors import KafkaError

from jobs.settled import measured
from sinks.clickhouse import connect, store_error
from sinks.store import StoreError
from streams.settings import Settings

EVERY_SECONDS = 15.0
COLUMNS = ("at", "consumer", "topic", "written", "done", "lag")
TYPES = ("DateTime64(3, 'UTC')", "LowCardinality(String)", "LowCardinality(String)", "UInt64", "UInt64", "UInt64")
Measured = tuple[str, str, int, int]  # consumer, topic, records written, records acknowledged


def store(settings: Settings, at: float, found: Sequence[Measured]) -> None:
    """One measurement, made at ``at`` seconds since 1970. Raises StoreError."""
    rows = [(int(at * 1000), group, topic, end, done, max(0, end - done)) for group, topic, end, done in found]
    client = connect(settings)
    try:
        client.insert("health", rows, column_names=COLUMNS, column_type_names=TYPES)
    except Exception as error:
        raise store_error(error) from error
    finally:
        client.close()


async def run(settings: Settings) -> None:
    """Until a signal comes."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    while not stop.is_set():
        found = await measured(settings)
        await asyncio.to_thread(store, settings, time.time(), found)
        try:
            await asyncio.wait_for(stop.wait(), EVERY_SECONDS)
        except TimeoutError:
            continue


def main() -> int:
    """Exit code 0 after a signal, 1 when Kafka or the store does not answer."""
    try:
        asyncio.run(run(Settings()))
    except (KafkaError, StoreError, OSError) as error:
        print(f"Lag cannot be measured: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
