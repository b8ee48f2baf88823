"""What every sink promises, and how it says no.

A sink keeps, of all rows written under one identity, the one with the highest version, whatever their order and
however often they come; of two with one version the later. A row with ``void`` stays and hides the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from sinks.tables import Row, Table

Refusal = Literal["unknown", "overload", "config", "data"]


class StoreError(Exception):
    """The store did not take the rows.

    ``unknown``: they may be stored or not; write the same rows again. ``overload``: the same, after a longer wait.
    ``config``: no row can be stored before somebody repairs the set-up. ``data``: at least one of the rows is bad.
    """

    def __init__(self, kind: Refusal, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.code = code


class Sink(Protocol):
    def write(self, table: Table, rows: Sequence[Row]) -> None:
        """Store all rows; raises StoreError. Not all or nothing: after an error write the same rows again."""

    def live(self, table: Table) -> list[Row]:
        """The rows that hold, void ones left out, in the order of their identity."""
