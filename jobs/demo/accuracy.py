"""How well sessions were linked to tickets, measured against the truth of the demo, by path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from jobs.demo.truthfile import DemoTruth
from streams.models.ids import label


@dataclass(frozen=True)
class Linked:
    """Where a session ended up: the ticket of its own work, or of the work that absorbed it, and its own path; "none"
    where that work is of somebody unknown."""

    ticket: str | None
    path: str


@dataclass
class Score:
    """``right`` of ``linked`` sessions got their true ticket; ``ticketed`` sessions truly had one."""

    linked: int = 0
    right: int = 0

    @property
    def precision(self) -> float:
        return self.right / self.linked if self.linked else 1.0


@dataclass
class Accuracy:
    by_path: dict[str, Score]
    ticketed: int
    ambiguous: int  # sessions with two or more plausible tickets
    sessions: int

    @property
    def total(self) -> Score:
        linked = sum(score.linked for score in self.by_path.values())
        return Score(linked, sum(score.right for score in self.by_path.values()))

    @property
    def recall(self) -> float:
        """Of the sessions that truly had a ticket, how many were linked to it. Unlinked counts against it."""
        return self.total.right / self.ticketed if self.ticketed else 1.0


def measure(truth: DemoTruth, linked: Mapping[str, Linked]) -> Accuracy:
    by_path: dict[str, Score] = {}
    for session in truth.sessions:
        found = linked.get(session.interval)
        if found is None or found.ticket is None or found.path == "none":
            continue  # of an unknown technician or client: unlinked, even if a ticket was named
        score = by_path.setdefault(found.path, Score())
        score.linked += 1
        score.right += label(found.ticket) == session.ticket
    return Accuracy(
        by_path=dict(sorted(by_path.items())),
        ticketed=sum(session.ticket is not None for session in truth.sessions),
        ambiguous=sum(session.plausible >= 2 for session in truth.sessions),
        sessions=len(truth.sessions),
    )
