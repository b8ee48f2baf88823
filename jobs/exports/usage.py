"""The usage of a client or of all, of a month or of all: as a file, and a page at a time."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from pathlib import Path

import orjson

from jobs.exports import batches
from jobs.exports.formats import FileFormat
from jobs.exports.make import Made, file_name, write
from jobs.ledger import Ledger
from jobs.usage import CLOSED, DRAFT, States
from streams.models.entry import Entry

PLACE = ("client", "period", "work", "row_class", "corrects_period")  # a row's identity behind the tenant


@dataclass(frozen=True)
class Asked:
    """``state`` is ``closed`` where every statement with rows is closed, else ``draft``."""

    ledger: Ledger
    client: str | None
    period: str | None
    states: States
    state: str

    def name(self, format_: FileFormat) -> str:
        return file_name("usage", (self.period or "all", self.client), self.state, format_)

    def write(self, format_: FileFormat, path: Path) -> Made:
        """What is not closed meanwhile has ``draft`` in its lines, whatever the file is called."""
        title = f"Usage of {self.client or 'all clients'}, {self.period or 'all periods'}"
        notes = {"title": title, "tenant": self.ledger.tenant, "state": self.state}
        entries = self.ledger.entries(self.period, self.client)
        if self.state == CLOSED:
            entries = (one for one in entries if (one.identity.client, one.identity.period) in self.states)
        return write(entries, self.states, format_, path, notes)


def prepare(ledger: Ledger, client: str | None, period: str | None) -> Asked:
    states = batches.states(ledger, client, period)
    where, values = ledger.conditions(client=client, period=period)
    sql = f"SELECT DISTINCT client, period FROM entries_live WHERE {where}"  # noqa: S608
    there = {(row["client"], row["period"]) for row in ledger.rows(sql, values)}
    return Asked(ledger, client, period, states, CLOSED if there and there <= states.keys() else DRAFT)


@dataclass(frozen=True)
class Page:
    """``next`` is the cursor of the page after it; None where this is the last one."""

    entries: list[Entry]
    next: str | None


def page(ledger: Ledger, client: str | None, period: str | None, cursor: str | None, limit: int) -> Page:
    """Whole entries in the order of their identity, so that no change between two pages makes one come twice or be left
    out. Raises ValueError for a cursor that is none."""
    after = None if cursor is None else _place(cursor)
    found = list(ledger.entries_after(client, period, after, limit + 1))
    more = len(found) > limit
    return Page(found[:limit], _cursor(found[limit - 1]) if more else None)


def _cursor(entry: Entry) -> str:
    who = entry.identity
    return base64.urlsafe_b64encode(orjson.dumps([getattr(who, name) for name in PLACE])).decode().rstrip("=")


def _place(cursor: str) -> list[str]:
    try:
        found = orjson.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True))
    except (binascii.Error, ValueError) as error:
        raise ValueError("a cursor is what `next` of the page before says") from error
    if not isinstance(found, list) or len(found) != len(PLACE) or not all(isinstance(one, str) for one in found):
        raise ValueError("a cursor is what `next` of the page before says")
    return found
