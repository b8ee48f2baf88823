"""The doctor: each finding from a scenario that has it, hours and money worked out by hand; none where all is well."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jobs.doctor_findings import FINDINGS
from tests.jobs.command import everyminute

HEAD = """
catalogue:
  organisation: {{zone: UTC, calendar: {calendar}}}
  clients: [{{id: acme}}]
  technicians: [{{id: dana}}]
  cost_cards: [{{id: all, lines: [{{cost: 40}}]}}]
  devices: [{{id: pc, client: acme}}, {{id: lost}}]
  services: [{{id: onsite, match: [timer.onsite]}}, {{id: remote, match: [timer.remote]}}]
  tickets: [{{id: "1", client: acme, priority: P1}}, {{id: "2", client: acme, priority: P3}}]
  calendars:
    - id: office
      windows: [{{days: [mon, tue, wed, thu, fri], from: "08:00", until: "17:00", tier: standard}}]
      emergency: [{{tier: emergency, when: {{priority: [P1], requested_by: [customer]}}}}]
  tiers: [{{id: after_hours, multiplier: 1.5}}, {{id: emergency, multiplier: 1.5}}]
  rate_cards: [{cards}]
  contracts: [{contracts}]
events: [{events}]
"""
WELL: dict[str, str] = {
    "calendar": "office",
    "cards": '{id: standard, lines: [{service: "*", rate: 100}]}',
    "contracts": "{id: hourly, client: acme}",
    "events": "{timer: t, technician: dana, client: acme, ticket: '2', service: timer.onsite, "
    "start: 2026-03-03 10:00, stop: '11:30'}",
}
CARD = '{id: standard, lines: [{service: "*", rate: 100}]}'
SESSION = "{{session: s, technician: {who}, device: {device}, start: 2026-03-03 10:00, stop: '11:30'}}"

SICK: dict[str, tuple[dict[str, str], str, int, str]] = {  # changes, subject, seconds, money at risk
    "client_without_contract": ({"contracts": ""}, "acme", 5400, "150.00"),
    "service_without_contract": (
        {"contracts": "{id: hourly, client: acme, services: [remote]}"}, "onsite at acme", 5400, "150.00",
    ),
    "excluded_without_fallback": (
        {"contracts": "{id: hourly, client: acme, exclude: {services: [onsite]}}"},
        "hourly: onsite at acme", 5400, "150.00",
    ),
    "service_without_rate": (
        {"cards": "{id: standard, lines: [{service: remote, rate: 100}]}"}, "onsite at acme", 5400, "0.00",
    ),
    "device_without_client": ({"events": SESSION.format(who="dana", device="lost")}, "lost", 5400, "150.00"),
    "technician_unknown": ({"events": SESSION.format(who="stranger", device="pc")}, "stranger", 5400, "150.00"),
    "emergency_unknown": (
        {"events": WELL["events"].replace("ticket: '2'", "ticket: '1'")},
        "ticket 1 at acme: requested_by", 5400, "75.00",
    ),
    "rate_card_ended": (
        {"cards": CARD + ", {id: own, client: acme, until: 2026-02-01, lines: [{service: onsite, rate: 90}]}"},
        "own (2026-02-01)", 0, "0.00",
    ),
}  # fmt: skip


def examined(folder: Path, changes: dict[str, str]) -> list[dict[str, Any]]:
    path = folder / "scenario.yaml"
    path.write_text(HEAD.format(**(WELL | changes)), encoding="utf-8")
    ran = everyminute("doctor", "--scenario", path, "--format", "json")
    assert ran.code == 0, ran.err
    found: list[dict[str, Any]] = ran.json()
    return found


def test_a_sound_catalogue_has_no_findings(tmp_path: Path) -> None:
    assert examined(tmp_path, {}) == []


@pytest.mark.parametrize("code", SICK)
def test_a_finding_says_what_it_is_about_and_what_it_costs(code: str, tmp_path: Path) -> None:
    changes, subject, seconds, risk = SICK[code]
    (found,) = [one for one in examined(tmp_path, changes) if one["code"] == code]
    assert (found["subject"], found["seconds"], found["risk_amount"]) == (subject, seconds, risk)
    assert found["remedy"] == FINDINGS[code].remedy


def test_a_technician_without_cost_is_found(tmp_path: Path) -> None:
    path = tmp_path / "scenario.yaml"
    path.write_text(HEAD.format(**WELL).replace("[{id: all, lines: [{cost: 40}]}]", "[]"), encoding="utf-8")
    ran = everyminute("doctor", "--scenario", path, "--strict")
    assert ran.code == 1
    assert "technician_without_cost" in ran.out
    assert "dana" in ran.out
