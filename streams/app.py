"""The only wiring place. `python -m streams.app worker` runs all hops, `python -m streams.app clock` the scheduler."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

from aiokafka.errors import KafkaError
from pydantic import ValidationError

from streams import clock, topics
from streams.agents import copy
from streams.agents.link import link_plan
from streams.agents.pair import pair_plan
from streams.agents.rate import rate_plan
from streams.counters import EVERY_SECONDS, Report
from streams.crash import crash_points
from streams.hardened import WorkerLog, assert_hardened, fail_stop, is_ready, lag_of
from streams.hop import Hop, Plan
from streams.settings import Settings
from streams.shell import add_hop, new_app

EXIT_CONFIG = 78  # EX_CONFIG: starting again does not help
STOP_SECONDS = 9.0

logger = logging.getLogger("everyminute.worker")


def plans(settings: Settings) -> tuple[Plan[Any, Any], ...]:
    return (pair_plan(settings.epoch), link_plan(settings.epoch), rate_plan(settings.epoch))


def create_app(
    settings: Settings, only: Sequence[Plan[Any, Any]] | None = None
) -> tuple[Any, dict[str, Hop[Any, Any] | copy.Copy]]:
    """The Faust app with one agent a hop, and the hops by name. ``only`` these hops, without copy, is for tests."""
    app = new_app(settings)
    log = WorkerLog(app, settings.topic_prefix)
    place = partial(topics.partition_of, count=settings.partitions)
    points = crash_points(os.environ)
    hops: dict[str, Hop[Any, Any] | copy.Copy] = {}
    for plan in plans(settings) if only is None else only:
        hop = hops[plan.name] = Hop(plan, log, place, settings.tenant, points(plan.name))
        add_hop(app, settings, plan.name, plan.sources, hop, plan.changelog)
    if only is None:
        hops[copy.NAME] = copied = copy.Copy(log, place, settings.tenant, points(copy.NAME))
        add_hop(app, settings, copy.NAME, copy.SOURCES, copied)
    return app, hops


async def run_worker(settings: Settings, only: Sequence[Plan[Any, Any]] | None = None) -> int:
    """Until SIGTERM or SIGINT. Gives the exit code; any fault of the machinery ends the process itself."""
    if wrong := await topics.audit(settings):
        for finding in wrong:
            logger.error(finding)
        return EXIT_CONFIG
    app, hops = create_app(settings, only)
    report = Report(settings.home.expanduser() / "run", os.environ.get("EVERYMINUTE_WORKER", str(os.getpid())), hops)
    stop = stop_on_signals()
    await app.start()
    spare_collector()
    assert_hardened(app)
    sources = {name: hop.plan.sources if isinstance(hop, Hop) else copy.SOURCES for name, hop in hops.items()}
    ready_before = False
    while not stop.is_set():
        if app.crashed or app.should_stop:
            fail_stop("a service of the worker crashed")
        ready = is_ready(app)
        if ready and not ready_before:
            logger.info("ready")
        ready_before = ready
        report.write(ready, lambda name: lag_of(app, [settings.topic(topic) for topic in sources[name]]))
        await clock.wait(stop, EVERY_SECONDS if ready else 0.2)
    await stop_app(app)
    report.remove()
    return 0


def spare_collector() -> None:
    """Facts hold no cycles, so counting references frees them. Looking through them took a quarter of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


async def stop_app(app: Any) -> None:
    """Let steps under way come to their end, commit, leave the group; a step that takes longer is read again."""
    logger.info("stopping")
    try:
        await asyncio.wait_for(app.stop(), STOP_SECONDS)
    except TimeoutError:
        fail_stop(f"stopping took more than {STOP_SECONDS:.0f} s")


def stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


async def run_clock(settings: Settings) -> int:
    await clock.run(settings, stop_on_signals())
    return 0


COMMANDS = {"worker": run_worker, "clock": run_clock}


def main(arguments: Sequence[str]) -> int:
    set_up_logging()
    if len(arguments) != 1 or arguments[0] not in COMMANDS:
        logger.error("expected one of: %s", ", ".join(COMMANDS))
        return EXIT_CONFIG
    try:
        settings = Settings()
    except (ValidationError, OSError) as error:  # OSError: the file of a secret
        logger.error("%s", error)
        return EXIT_CONFIG
    try:
        return asyncio.run(COMMANDS[arguments[0]](settings))
    except KafkaError as error:
        logger.error("Kafka at %s: %r", settings.kafka, error)
        return 1


def set_up_logging() -> None:
    """Our own lines, and warnings of the libraries, to standard output; instants in UTC."""
    logging.Formatter.converter = time.gmtime
    logging.basicConfig(
        stream=sys.stdout, level=logging.WARNING, format="%(asctime)sZ %(levelname)s %(name)s: %(message)s",
        datefmt="%Y-%m-%dT%H:%M:%S",
    )  # fmt: skip
    logging.getLogger("everyminute").setLevel(logging.INFO)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
