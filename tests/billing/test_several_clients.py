"""One technician at several clients: clipped, a second is worked once; otherwise every client has all of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.several_clients import OVERLAP
from billing.spans import Spans, intersect, length, union
from jobs.catalog_load import Catalogue, add_tree
from jobs.catalog_yaml import Problem, parse_yaml
from jobs.scenario import Scenario
from jobs.simulate import simulate
from jobs.simulate_ledger import ledger, rows
from streams.models.event import Event, Ref, activity_id
from tests.billing.rate_kit import LAWS, at
from tests.stories.roads import Restarted, Shuffled

BASE = at("2026-03-03 09:00")
CLIENTS = ["acme", "blue", "cobalt"]


def catalogue(overlap: str) -> Catalogue:
    text = f"""
organisation: {{zone: UTC, overlap: {overlap}, timers: parallel, merge_gap_minutes: 0}}
clients: [{{id: acme}}, {{id: blue}}, {{id: cobalt}}]
technicians: [{{id: dana}}, {{id: lee}}]
rate_cards: [{{id: standard, lines: [{{service: "*", rate: 60}}]}}]
contracts: [{{id: a, client: acme}}, {{id: b, client: blue}}, {{id: c, client: cobalt}}]
"""
    problems: list[Problem] = []
    tree = parse_yaml(text, "c.yaml", problems)
    assert tree is not None
    found = Catalogue(files=1)
    add_tree(found, tree)
    assert not [*problems, *found.problems]
    return found


@st.composite
def events(draw: st.DrawFn) -> list[Event]:
    found = []
    for n in range(draw(st.integers(1, 6))):
        start = BASE + 60 * draw(st.integers(0, 60))
        kind = draw(st.sampled_from(["ticket_timer", "remote_session"]))
        found.append(
            Event(
                tenant="main",
                source="tool",
                source_event_id=f"{n}",
                activity_id=activity_id("tool", f"{n}"),
                kind=kind,  # type: ignore[arg-type]
                phase="interval",
                started_at=start * 1000,
                ended_at=(start + 60 * draw(st.sampled_from([1, 10, 40]))) * 1000,
                technician=Ref(draw(st.sampled_from(["dana", "dana", "lee"]))),
                client=Ref(draw(st.sampled_from(CLIENTS))),
                service="timer.ticket",
            )
        )
    return found


def spans_of(found: list[Event], technician: str, *clients: str) -> Spans:
    mine = [one for one in found if one.technician == Ref(technician) and one.client in [Ref(c) for c in clients]]
    return union(((one.started_at or 0) // 1000, (one.ended_at or 0) // 1000) for one in mine)


@pytest.mark.parametrize("overlap", ["bill_each", "clip", "warn"])
@LAWS
@given(events(), st.integers(0, 1000))
def test_seconds_are_counted_as_the_policy_says(overlap: str, found: list[Event], seed: int) -> None:
    scenario = Scenario(Path("s.yaml"), catalogue=catalogue(overlap), events=found)
    result = simulate(scenario)
    written = ledger(scenario, result)
    assert ledger(scenario, simulate(scenario, Shuffled(seed))) == written
    assert ledger(scenario, simulate(scenario, Restarted(seed))) == written
    entries = rows(result, {})
    for technician in ("dana", "lee"):
        mine = [entry for entry in entries if entry.technician == technician]
        worked, once = sum(one.worked_seconds for one in mine), length(spans_of(found, technician, *CLIENTS))
        each = sum(length(spans_of(found, technician, client)) for client in CLIENTS)
        assert worked == (once if overlap == "clip" else each)
        assert worked - sum(one.overlap_seconds for one in mine) == once
        for client in CLIENTS if overlap == "warn" else ():
            others = spans_of(found, technician, *(one for one in CLIENTS if one != client))
            meets = bool(intersect(spans_of(found, technician, client), others))
            assert meets == any(OVERLAP in one.flags for one in mine if one.identity.client == client)
