"""Making one file of usage: lines from the ledger, their totals and digests, in constant memory."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from jobs.exports.formats import FileFormat, Notes, json_line, line_file
from jobs.output import Cell
from jobs.usage import States, Sums, Total, cells, lines_of, state_of
from streams.models.entry import Entry

Add = Callable[[Sequence[Cell], int], None]


@dataclass(frozen=True)
class Made:
    """``sha256`` of the file's bytes; ``lines_sha256`` of the lines as JSON Lines, whatever the format of the file."""

    sha256: str
    lines_sha256: str
    lines: int
    totals: Sequence[Total]


@dataclass(frozen=True)
class Counted:
    lines_sha256: str
    lines: int
    totals: Sequence[Total]


def write(entries: Iterable[Entry], states: States, format_: FileFormat, path: Path, notes: Notes) -> Made:
    """Entries by client and period. Raises UserError where the format cannot be written here."""
    made = line_file(format_, path, notes)
    try:
        counted = count(entries, states, made.add)
    finally:
        made.close()
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Made(digest, counted.lines_sha256, counted.lines, counted.totals)


def count(entries: Iterable[Entry], states: States, add: Add = lambda row, exponent: None) -> Counted:
    """Every line to ``add``, one statement in memory at a time."""
    digest, sums = hashlib.sha256(), Sums()
    for statement in by_statement(entries):
        for line in lines_of(statement):
            row = cells(line, state_of(line, states))
            add(row, line.entry.exponent)
            digest.update(json_line(row))
            sums.add(line)
    found = sums.totals()
    return Counted(digest.hexdigest(), sum(one.lines for one in found if one.client is None), found)


def by_statement(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Entries of one client and period together, as they come in that order."""
    for _, some in groupby(entries, lambda one: (one.identity.client, one.identity.period)):
        yield list(some)


def file_name(what: str, parts: Iterable[str | None], state: str, format_: FileFormat) -> str:
    """`usage-2026-03-acme.draft.csv`: names of clients without what a file system may not like."""
    named = "-".join(re.sub(r"[^A-Za-z0-9._-]+", "_", part)[:60] for part in (what, *parts) if part)
    return f"{named}{'.draft' if state == 'draft' else ''}.{format_}"


def notes_of(pairs: Mapping[str, str | None]) -> dict[str, str]:
    """What stands beside the lines; nothing of it may say when the file was made."""
    return {name: text for name, text in pairs.items() if text is not None}
