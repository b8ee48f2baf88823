"""The demo month as facts: files drawn from a seed, read back through the connectors."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from connectors import CONNECTORS
from connectors.base import DirectoryObject, Options
from jobs.demo.load import generate
from jobs.import_ import object_fact
from streams.models.event import Event
from streams.models.fact import Fact

TICKET_COLUMN = "SessionCustomProperty8"  # where the demo's ScreenConnect holds the ticket number


class Month(NamedTuple):
    events: list[Event]
    directory: list[Fact]
    catalogue: Path


def demo_month(folder: Path, seed: int, tenant: str = "main", tickets: int = 3000) -> Month:
    """Events and directory facts in the order in which the files were handed in."""
    exports = generate(folder, "main", seed, tickets)
    events: list[Event] = []
    directory: list[Fact] = []
    for export in exports:
        as_of = int(datetime.fromisoformat(export.as_of).timestamp() * 1000)
        options = Options(tenant, as_of, None, TICKET_COLUMN)
        with (folder / export.file).open("rb") as stream:
            for outcome in CONNECTORS[export.connector].read(stream, "main", options):
                if isinstance(outcome, Event):
                    events.append(outcome)
                elif isinstance(outcome, DirectoryObject):
                    directory.append(object_fact(tenant, outcome))
    return Month(events, directory, folder / "catalogue")
