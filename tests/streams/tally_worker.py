"""A real worker process around the tiny kernel of tests/streams/world.py: `python -m tests.streams.tally_worker`."""

import asyncio
import sys

from streams import shell
from streams.app import run_worker, set_up_logging
from streams.settings import Settings
from tests.streams.world import tally_plan

if __name__ == "__main__":
    shell.COMMIT_SECONDS = 0.02  # so that a commit past an unfinished batch is there when the process is killed
    set_up_logging()
    sys.exit(asyncio.run(run_worker(Settings(), [tally_plan()])))
