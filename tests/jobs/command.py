"""Run the real command as a user would, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import orjson


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    def json(self) -> Any:
        return orjson.loads(self.out)


def everyminute(*arguments: object, **settings: str) -> Ran:
    """``settings`` are environment variables without their prefix: kafka="…"."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("EVERYMINUTE_")}
    env |= {f"EVERYMINUTE_{name.upper()}": value for name, value in settings.items()}
    done = subprocess.run(
        [sys.executable, "-c", "from jobs.cli import main; main()", *map(str, arguments)],
        capture_output=True, text=True, timeout=120, env=env, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return Ran(done.returncode, done.stdout, done.stderr)
