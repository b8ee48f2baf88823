"""The batch lane's books of one partition: what was handed out, what is acknowledged, what may be committed."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from itertools import islice, takewhile


@dataclass(slots=True)
class Range:
    """Offsets ``first`` to ``last``, both included, handed out as one batch."""

    first: int
    last: int
    acknowledged: bool = False


@dataclass(slots=True)
class Lane:
    """Ranges leave in the order they were handed out, so a range left open pins the commit position.

    ``position`` is the offset that must come next, None while any may; ``depth`` how many ranges may be handed out
    and not acknowledged.
    """

    position: int | None = None
    depth: int = 2
    open: deque[Range] = field(default_factory=deque)
    _gap: int | None = None

    @property
    def has_room(self) -> bool:
        """Acknowledged ranges wait here for the next commit; they take no room. Agents acknowledge in order."""
        unacknowledged = takewhile(lambda handed: not handed.acknowledged, reversed(self.open))
        return sum(1 for _ in islice(unacknowledged, self.depth)) < self.depth

    def missing(self, first: int) -> int | None:
        """Where to read again before a batch that begins at ``first`` may be handed out, None when it may.

        A poll that crosses a seek may skip records. They are asked for once; if the same gap comes back, it is
        real: the log was compacted or its beginning deleted.
        """
        if self.position is None or first <= self.position or self._gap == first:
            self._gap = None
            return None
        self._gap = first
        return self.position

    def hand_out(self, first: int, last: int) -> Range:
        handed = Range(first, last)
        self.open.append(handed)
        self.position = last + 1
        return handed

    def committable(self) -> int | None:
        """The offset to commit, once; None when nothing new is acknowledged from the beginning on."""
        offset: int | None = None
        while self.open and self.open[0].acknowledged:
            offset = max(offset or 0, self.open.popleft().last + 1)
        return offset
