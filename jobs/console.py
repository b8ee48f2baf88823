"""How commands speak: data on standard output, messages on standard error, four exit codes.

0 done · 1 the answer is no (errors found, another ledger than expected, a stale release) · 2 used wrongly (unknown
option, unreadable file) · 3 cannot be done here and now (no server answers, not built yet).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
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


def checked_tenant(tenant: str | None) -> str:
    """The tenant named, or that of the settings. Raises UserError for a name that none may have."""
    import re

    from streams.settings import TENANT, Settings

    if tenant is not None and not re.match(TENANT, tenant):
        raise UserError(f"--tenant {tenant!r}: use up to 60 letters, digits, dots, dashes and underscores.")
    return Settings().tenant if tenant is None else tenant


@contextmanager
def broker_needed() -> Iterator[None]:
    """Where Kafka does not answer, say so, instead of what its client says and logs."""
    from aiokafka.errors import KafkaError

    from streams.settings import Settings

    hush("aiokafka")
    try:
        yield
    except (KafkaError, ExceptionGroup) as error:
        if isinstance(error, ExceptionGroup) and error.split((KafkaError, TimeoutError))[1] is not None:
            raise
        where = f"Kafka does not answer at {Settings().kafka}"
        raise UserError(f"{where}. Start it (everyminute up), or set EVERYMINUTE_KAFKA.", Exit.CANNOT) from error


def hush(library: str) -> None:
    """What a library logs of its errors stays off standard error, where we say it ourselves."""
    import logging

    logging.getLogger(library).addHandler(logging.NullHandler())


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
