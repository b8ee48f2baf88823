"""Run the real command as a user would: its arguments, its environment, its exit code, its two streams."""

from __future__ import annotations

import io
import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import orjson

from jobs.cli import main


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    def json(self) -> Any:
        return orjson.loads(self.out)


def everyminute(*arguments: object, **settings: str) -> Ran:
    """``settings`` are environment variables without their prefix: kafka="…". An exception is a failed test."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("EVERYMINUTE_")}
    env |= {f"EVERYMINUTE_{name.upper()}": value for name, value in settings.items()}
    out, err = io.StringIO(), io.StringIO()
    argv = ["everyminute", *map(str, arguments)]
    with patch.dict(os.environ, env, clear=True), patch.object(sys, "argv", argv):
        try:
            with redirect_stdout(out), redirect_stderr(err):
                main()
        except SystemExit as end:
            return Ran(int(end.code or 0), out.getvalue(), err.getvalue())
    return Ran(0, out.getvalue(), err.getvalue())
