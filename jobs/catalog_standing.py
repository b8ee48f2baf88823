"""Which release each client's statements stand on: closed ones on their own, open ones on the newest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from streams.models.closing import Closed, decode_closed
from streams.models.decision import Decision, decode_decision
from streams.models.fact import Fact


@dataclass(frozen=True, slots=True)
class Standing:
    """A closed statement and the releases it stands on: from which local day ("" the beginning) on which number."""

    client: str
    period: str
    releases: tuple[tuple[str, int], ...]


def standings(decisions: Iterable[Fact]) -> list[Standing]:
    """Closed statements by client and period, from the facts of the topic of decisions in the order of the log."""
    closed: dict[str, Closed] = {}
    rerates: list[Decision] = []
    for fact in decisions:
        if fact.kind == "closed":
            closed.setdefault(fact.id, decode_closed(bytes(fact.body)))
        elif fact.kind == "decision" and (one := decode_decision(bytes(fact.body))).kind == "rerate":
            rerates.append(one)
    found = [Standing(one.client, one.period, _releases(one, rerates)) for one in closed.values()]
    return sorted(found, key=lambda one: (one.client, one.period))


def _releases(closed: Closed, rerates: Iterable[Decision]) -> tuple[tuple[str, int], ...]:
    """The release it was closed under, and those that re-ratings moved it or its end to."""
    steps = [("", closed.release)]
    mine = [one for one in rerates if one.client in ("", closed.client) and one.release > 0 and _reaches(one, closed)]
    for one in sorted(mine, key=lambda one: (one.on, one.release)):
        begin = one.on if one.on > f"{closed.period}-01" else ""
        if one.release > steps[-1][1]:
            steps = [step for step in steps if step[0] < begin] + [(begin, one.release)]
    return tuple(steps)


def _reaches(rerate: Decision, closed: Closed) -> bool:
    """Whether the period ends after the day from which the re-rating holds."""
    return rerate.on[:7] <= closed.period


def lines(found: Iterable[Standing], newest: int) -> list[str]:
    """ "acme 2026-05: release 1, from 2026-05-15 on 3"; open months stand on the newest."""
    said = [f"  open statements: release {newest}"]
    for one in found:
        parts = [f"from {day} on {number}" if day else f"release {number}" for day, number in one.releases]
        said.append(f"  {one.client} {one.period} (closed): {', '.join(parts)}")
    return said


def as_json(found: Iterable[Standing]) -> list[dict[str, Any]]:
    return [
        {
            "client": one.client, "period": one.period,
            "releases": [{"from": day or None, "release": number} for day, number in one.releases],
        }
        for one in found
    ]  # fmt: skip
