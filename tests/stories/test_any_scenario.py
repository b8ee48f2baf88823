"""Scenarios drawn by a seed: whatever technicians and tools do, all roads lead to one ledger and no second is lost."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from jobs.scenario import read_scenario
from jobs.simulate import simulate
from jobs.simulate_ledger import ledger
from tests.stories.roads import Restarted, Shuffled, Twice

CATALOGUE = """
as_of: 2026-03-{day:02} 12:00
catalogue:
  organisation: {{zone: America/New_York, calendar: office, rounding: quarter, timers: {timers}}}
  clients: [{{id: acme, aliases: {{m: [g1]}}}}, {{id: blue, zone: Asia/Kolkata}}, {{id: us, internal: true}}]
  technicians: [{{id: dana, aliases: {{m: [d]}}}}, {{id: lee}}]
  devices: [{{id: ws, client: acme, moves: [{{client: blue, from: 2026-03-04}}]}}, {{id: ws2}}]
  tickets:
    - {{id: "1", client: acme, device: ws, technicians: [dana], opened: 2026-03-03T15:00Z, closed: 2026-03-05T00:00Z,
       priority: P3, changes: [{{at: "2026-03-03T16:10:00Z", priority: P1}}]}}
    - {{id: "2", client: blue, technicians: [lee, dana]}}
  calendars:
    - id: office
      windows: [{{days: [mon, tue, wed, thu, fri], from: "08:00", until: "17:00", tier: standard}}]
      premiums: [{{dates: [2026-03-04], from: "07:00", until: "07:30", until_day: 1, tier: feast}}]
      emergency: [{{tier: rush, when: {{priority: [P1]}}, waived_when: {{waivers: [vip]}}}}]
  tiers:
    - {{id: after_hours, multiplier: 1.5, minimum_minutes: 20}}
    - {{id: feast, multiplier: 2}}
    - {{id: rush, multiplier: 3, minimum_minutes: 30}}
  rounding: [{{id: quarter, increment_minutes: 15, scope: {scope}, surplus: {surplus}, merge_minutes: {merge},
      maximum_minutes: {maximum}}}]
  rate_cards:
    - {{id: standard, stacking: {stacking}, lines: [{{service: "*", rate: 100}}]}}
    - {{id: blue, client: blue, from: 2026-03-04, lines: [{{service: "*", rate: 90}}]}}
  contracts: [{{id: a, client: acme}}, {{id: b, client: blue}}]
events:
"""
MAYBE: dict[str, tuple[float, tuple[str, ...]]] = {  # field → how often, and what
    "technician": (0.9, ("dana", "lee", "ghost", "d")),
    "client": (0.6, ("acme", "blue", "us", "g1", "nowhere")),
    "device": (0.4, ("ws", "ws2", "unknown")),
    "ticket": (0.3, ('"1"', '"2"', '"9"')),
    "source": (0.2, ("m",)),
    "billable": (0.1, ("true", "false")),
    "authenticated": (0.05, ("false",)),
}


def instant(dice: random.Random) -> str:
    minute = dice.randint(0, 30 * 60)
    second = dice.choice(("00", "00", "30", "17.400"))
    return f'"2026-03-{3 + minute // 1440:02}T{minute // 60 % 24:02}:{minute % 60:02}:{second}Z"'


SHAPES: tuple[Callable[[str, str, random.Random], str], ...] = (
    lambda a, b, dice: f"interval: [{a}, {b}], revision: {dice.randint(0, 3)}",
    lambda a, b, dice: f"interval: [{a}], revision: {dice.randint(0, 3)}",
    lambda a, b, dice: f"void: {a}, revision: {dice.randint(0, 3)}",
    lambda a, b, dice: f"start: {a}, stop: {b}",
    lambda a, b, dice: f"start: {a}, stop: {b}",
    lambda a, b, dice: f"start: {a}",
    lambda a, b, dice: f"stop: {b}, duration: {dice.randint(1, 90)} min",
    lambda a, b, dice: f"start: {a}, pause: {b}, resume: {instant(dice)}",
    lambda a, b, dice: f"start: {a}, heartbeat: [{b}, {instant(dice)}]",
)


def drawn(seed: int) -> str:
    dice = random.Random(seed)
    text = CATALOGUE.format(
        day=dice.randint(3, 9),
        timers=dice.choice(("single", "parallel")),
        scope=dice.choice(("entry", "ticket", "ticket_day", "client_day", "tech_day", "period")),
        surplus=dice.choice(("last_segment", "pro_rata", "highest_rate", "each_segment", "first_swallows")),
        merge=dice.choice((0, 0, 45, 240)),
        maximum=dice.choice((0, 0, 40, 300)),
        stacking=dice.choice(("highest", "multiply", "add")),
    )
    for _ in range(dice.randint(1, 14)):
        kind = dice.choices(("timer", "session", "script"), (4, 5, 1))[0]
        fields = [f"{kind}: {kind[0]}{dice.randint(0, 6)}"]
        fields += [f"{name}: {dice.choice(values)}" for name, (odds, values) in MAYBE.items() if dice.random() < odds]
        first, last = sorted((instant(dice), instant(dice)), reverse=dice.random() < 0.05)
        fields.append(dice.choice(SHAPES)(first, last, dice))
        text += f"  - {{{', '.join(fields)}}}\n"
    return text


@pytest.mark.parametrize("seed", range(60))
def test_every_road_leads_to_one_ledger(seed: int, tmp_path: Path) -> None:
    file = tmp_path / "drawn.yaml"
    file.write_text(drawn(seed))
    scenario = read_scenario(file)
    written = ledger(scenario, simulate(scenario))
    assert written["conservation"]["holds"], file.read_text()
    for road in (Shuffled(seed), Twice(), Restarted(seed)):
        other = ledger(scenario, simulate(scenario, road))
        assert orjson.dumps(other) == orjson.dumps(written), f"{type(road).__name__}\n{file.read_text()}"
