"""The project's own pair hop: a real worker with that hop alone, on the shared topic of events.

Arguments: the shared topic, the prefix of this run's topics. The rest is in the environment (`Settings`).
"""

from __future__ import annotations

import asyncio
import sys

from streams.agents.pair import pair_plan
from streams.app import run_worker, set_up_logging
from streams.settings import Settings


class SharedEvents(Settings):
    """Every topic is this run's own but the one that holds the events."""

    events: str

    def topic(self, name: str) -> str:
        return self.events if name == "events.session" else super().topic(name)


if __name__ == "__main__":
    set_up_logging()
    settings = SharedEvents(events=sys.argv[1], topic_prefix=sys.argv[2])
    sys.exit(asyncio.run(run_worker(settings, [pair_plan(0)])))
