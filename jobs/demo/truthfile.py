"""What the demo knows and the pipeline does not: which ticket each remote session really belonged to."""

from __future__ import annotations

from pathlib import Path

import msgspec

from jobs.demo.evidence import Evidence
from jobs.demo.truth import Truth
from streams.models.event import activity_id


class SessionTruth(msgspec.Struct, frozen=True):
    interval: str
    ticket: str | None  # None: quick help without a ticket
    client: str
    plausible: int  # open tickets of that client assigned to that technician at the start


class Planted(msgspec.Struct, frozen=True):
    """A hole in the catalogue, and what it must show up as: all work of ``client`` is lost for this reason. Each hour,
    after the organisation's rounding, would have brought ``rate``."""

    client: str
    disposition: str
    reason: str
    rate: str


class DemoTruth(msgspec.Struct, frozen=True):
    worked_seconds: int  # of all visits
    sessions: list[SessionTruth]
    planted: list[Planted] = []


def write_truth(path: Path, truth: Truth, evidence: Evidence, instance: str, planted: list[Planted]) -> None:
    open_tickets: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for ticket in truth.tickets:
        span = (ticket.opened, ticket.closed or 1 << 60)
        open_tickets.setdefault((ticket.client.id, ticket.technician.id), []).append(span)
    found = []
    for session in evidence.sessions:
        visit, start = session.visit, session.start_ms // 1000
        key = (visit.client.id, visit.technician.id)
        found.append(
            SessionTruth(
                interval=session_interval(session.id, visit.client.tool, instance),
                ticket=str(visit.ticket.number) if visit.ticket else None,
                client=visit.client.id,
                plausible=sum(opened <= start < closed for opened, closed in open_tickets.get(key, [])),
            )
        )
    worked = sum(visit.end - visit.start for visit in truth.visits)
    path.write_bytes(msgspec.json.encode(DemoTruth(worked, found, planted)))


def session_interval(session: str, tool: str, instance: str) -> str:
    """The id that the pipeline derives for a session from the tool's own key."""
    if tool == "mesh":
        return activity_id(f"meshcentral:{instance}", session)
    return activity_id(f"screenconnect:{instance}", f"5d3c1f0a-2f5e-4a27-8f31-{session}x")


def read_truth(path: Path) -> DemoTruth:
    return msgspec.json.decode(path.read_bytes(), type=DemoTruth)
