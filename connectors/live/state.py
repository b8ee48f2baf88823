"""What a live tool remembers between two looks: its cursor, what it has sent, and which runs were still open."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from connectors.base import BadRow, DirectoryObject, Outcome, Skipped
from streams.models.catalog import object_body
from streams.models.event import Event, encode_event
from streams.models.ids import digest

KEEP = 3 * 86_400_000  # ms before the cursor for which we know what was sent


class State(msgspec.Struct):
    """``cursor`` in ms of the tool's clock. ``seen``: what was sent, as {id: (ms, digest)}; ``things``: directory
    objects, as {id: digest}; ``opened``: runs without result, as {id: start in ms}; ``gap``: a time that the tool no
    longer tells about."""

    cursor: int | None = None
    seen: dict[str, tuple[int, str]] = {}
    things: dict[str, str] = {}
    opened: dict[str, int] = {}
    gap: tuple[int, int] | None = None

    def fresh(self, outcomes: Iterable[Outcome]) -> list[Outcome]:
        """Those that say something new. A directory object that says the same as before is not worth an as-of."""
        found: dict[tuple[str, str], Outcome] = {}
        for outcome in outcomes:
            key = name_of(outcome)
            if key is not None and not self._knows(*key):
                found.setdefault(key, outcome)
        return list(found.values())

    def _knows(self, name: str, content: str) -> bool:
        return self.things.get(name) == content or self.seen.get(name, (0, ""))[1] == content

    def sent(self, outcomes: Iterable[Outcome]) -> None:
        """The broker has them."""
        for outcome in outcomes:
            key = name_of(outcome)
            if key is None:
                continue
            if isinstance(outcome, DirectoryObject):
                self.things[key[0]] = key[1]
            else:
                self.seen[key[0]] = (instant(outcome) or self.cursor or 0, key[1])

    def advance(self, cursor: int | None, opened: Mapping[str, int], ended: Iterable[str]) -> None:
        """Everything before ``cursor`` has been read and sent."""
        self.opened.update(opened)
        for name in ended:
            self.opened.pop(name, None)
        if cursor is not None and cursor != self.cursor:
            self.cursor = cursor
            self.seen = {
                name: kept for name, kept in self.seen.items() if kept[0] >= cursor - KEEP or name in self.opened
            }


def name_of(outcome: Outcome) -> tuple[str, str] | None:
    """What an outcome is about, and the digest of what it says; None for what is left out."""
    if isinstance(outcome, Event):
        return outcome.source_event_id, digest(encode_event(outcome))
    if isinstance(outcome, DirectoryObject):
        content = bytes(object_body("directory", outcome.item))
        return f"{outcome.kind}/{outcome.item.id}", digest(content)
    if isinstance(outcome, BadRow):
        return f"bad/{digest(outcome.data)}", outcome.reason
    assert isinstance(outcome, Skipped)
    return None


def instant(outcome: Outcome) -> int | None:
    """ms of what happened."""
    if not isinstance(outcome, Event):
        return None
    return outcome.at if outcome.at is not None else outcome.started_at


def load(path: Path) -> State:
    """The state kept in ``path``; an empty one if there is none or it cannot be read: then more is read once more."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=State)
    except (FileNotFoundError, msgspec.DecodeError):
        return State()


def save(path: Path, state: State) -> None:
    """Replace the file as a whole, on the disk before it returns."""
    replace(path, msgspec.json.encode(state))


def replace(path: Path, data: bytes) -> None:
    """Write a file that only its owner reads: all of it, or none."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
