"""Script runs beside people: whatever the order, nothing is lost, nobody's minute is billed twice, no cap exceeded."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from billing.spans import length, union
from jobs.catalog_load import Catalogue, add_tree
from jobs.catalog_yaml import Problem, parse_yaml
from jobs.scenario import Scenario
from jobs.simulate import simulate
from jobs.simulate_ledger import ledger, rows
from streams.models.event import Event, Ref, activity_id
from tests.billing.rate_kit import LAWS, at
from tests.stories.roads import Restarted, Shuffled, Twice

CATALOGUE = """
organisation: {zone: UTC, currency: USD, rounding: quarter}
clients: [{id: acme}, {id: blue}]
technicians: [{id: dana}]
devices: [{id: d1, client: acme}, {id: d2, client: acme}, {id: d3, client: blue}]
rounding: [{id: quarter, increment_minutes: 15, scope: client_day}]
rate_cards: [{id: standard, lines: [{service: "*", rate: 60}]}]
contracts:
  - {id: hourly, client: acme, not_to_exceed: [{amount: 400, scope: period}]}
  - {id: blues, client: blue, max_concurrent_technicians: 1}
script_policies:
  - {id: flat, match: [flat], bill: flat_minutes, minutes: 5}
  - {id: always, match: [always], bill: flat_minutes, minutes: 5, add_always: true}
  - {id: fee, match: [fee], bill: flat_fee, fee: 19}
  - {id: wall, match: [wall], bill: runtime}
  - {id: seen, match: [seen], bill: attended_runtime}
  - {id: each, match: [each], bill: per_device, minutes: 7, cap_minutes: 10}
  - {id: other, match: ["*"], bill: none}
"""
BASE = at("2026-03-03 00:00")
SCRIPTS = ["flat", "always", "fee", "wall", "seen", "each", "each", "other"]


def catalogue() -> Catalogue:
    problems: list[Problem] = []
    tree = parse_yaml(CATALOGUE, "c.yaml", problems)
    assert tree is not None
    found = Catalogue(files=1)
    add_tree(found, tree)
    assert not [*problems, *found.problems]
    return found


@st.composite
def events(draw: st.DrawFn) -> list[Event]:
    """Up to seven timers, sessions and runs within one morning, some of nobody, some edited."""
    found = []
    for n in range(draw(st.integers(1, 7))):
        kind = draw(st.sampled_from(["ticket_timer", "remote_session", "script_run", "script_run"]))
        for revision in range(draw(st.sampled_from([1, 1, 2]))):
            start = BASE + 60 * draw(st.integers(540, 600))
            end = start + 60 * draw(st.sampled_from([0, 3, 10, 40]))
            device = draw(st.sampled_from(["d1", "d2", "d3"]))
            name = draw(st.sampled_from(SCRIPTS))
            native: dict[str, str | int | bool | None] = {"script_name": name, "run": draw(st.sampled_from(["j", ""]))}
            found.append(
                Event(
                    tenant="main",
                    source="tool",
                    source_event_id=f"{n}",
                    activity_id=activity_id("tool", f"{n}"),
                    kind=kind,  # type: ignore[arg-type]
                    phase="interval",
                    revision=revision,
                    started_at=start * 1000,
                    ended_at=end * 1000,
                    technician=draw(st.sampled_from([Ref("dana"), Ref("dana"), Ref("ghost"), None])),
                    device=Ref(device),
                    service="script.run" if kind == "script_run" else "remote.desktop",
                    native=native if kind == "script_run" else {},
                )
            )
    return found


@LAWS
@given(events(), st.integers(0, 1000))
def test_law_10_every_road_leads_to_the_same_ledger(found: list[Event], seed: int) -> None:
    scenario = Scenario(Path("s.yaml"), catalogue=catalogue(), events=found)
    written = ledger(scenario, simulate(scenario))
    assert written["conservation"]["holds"]
    for road in (Shuffled(seed), Twice(), Restarted(seed)):
        assert ledger(scenario, simulate(scenario, road)) == written


@LAWS
@given(events())
def test_no_human_second_is_made_up_and_none_is_lost(found: list[Event]) -> None:
    """Worked seconds are the union of timers, sessions and attended runs; scripts beside people have none."""
    scenario = Scenario(Path("s.yaml"), catalogue=catalogue(), events=found)
    result = simulate(scenario)
    entries = rows(result, {})
    human: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    nobodys = 0
    for one in result.intervals.values():
        seen = one.native.get("script_name") == "seen" and one.technician is not None
        if one.kind != "script_run" or seen:
            who = one.technician.native_id if one.technician else ""
            client = "blue" if one.device is not None and one.device.native_id == "d3" else "acme"
            nobodys += length(one.spans) if not who else 0
            human[who, client] += one.spans if who else ()
    assert sum(entry.worked_seconds for entry in entries) == nobodys + sum(length(union(s)) for s in human.values())
    for entry in entries:
        if entry.kind == "script_run" and not entry.worked_seconds and entry.disposition != "unlinked":
            assert entry.rounding_seconds == entry.quantity_seconds
    capped = [entry for entry in entries if entry.trail and any(step.rule == "each" for step in entry.trail)]
    for client in ("acme", "blue"):
        names = {id_: one.native.get("run") for id_, one in result.intervals.items()}
        billed = sum(e.seconds_of("billed") for e in capped if e.identity.client == client and names[e.identity.work])
        assert billed <= 600
