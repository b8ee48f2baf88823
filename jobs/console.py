"""How commands speak: data on standard output, messages on standard error, four exit codes.

0 done · 1 the answer is no (errors found, another ledger than expected, a stale release) · 2 used wrongly (unknown
option, unreadable file) · 3 cannot be done here and now (no server answers, not built yet).
"""

from __future__ import annotations

import sys
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


class Exit(IntEnum):
    DONE = 0
    NO = 1
    USAGE = 2
    CANNOT = 3


class UserError(Exception):
    """Something the user can put right. The message says what we saw, what we expected and what to do."""

    def __init__(self, message: str, code: Exit = Exit.USAGE) -> None:
        super().__init__(message)
        self.code = code


class Format(StrEnum):
    table = "table"
    json = "json"


class LedgerFormat(StrEnum):
    table = "table"
    json = "json"
    csv = "csv"


def say(message: str) -> None:
    """A message for people: on standard error, never mixed into data."""
    sys.stderr.write(message + "\n")


def put(text: str) -> None:
    """Data: on standard output."""
    sys.stdout.write(text if text.endswith("\n") else text + "\n")


def put_json(value: Any) -> None:
    import orjson

    put(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


def tables() -> Console:
    """A console for tables on standard output; plain and 120 wide when it is not a terminal."""
    from rich.console import Console

    if sys.stdout.isatty():
        return Console(highlight=False)
    return Console(highlight=False, width=120, color_system=None)
