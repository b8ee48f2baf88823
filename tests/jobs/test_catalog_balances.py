"""Prepaid contracts that cannot be meant are told with their place; what can be meant passes."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.catalog_rules import check

RETAINER = "kind: retainer, from: 2026-01-01, included_hours: 10"
BLOCK = "kind: block_hours, lots: [{id: l, from: 2026-01-01, hours: 10}]"
INCIDENTS = "kind: per_incident, lots: [{id: l, from: 2026-01-01, incidents: 5}]"
TEXT = """
organisation: {zone: UTC}
clients: [{id: acme}]
rate_cards: [{id: standard, lines: [{service: "*", rate: 100}]}]
technicians: [{id: dana, role: senior}]
tiers: [{id: night, multiplier: 2, drawdown_multiplier: 1.5}]
contracts:
  - {id: c, client: acme, %s}
"""


@pytest.mark.parametrize(
    ("contract", "expected"),
    [
        (RETAINER, None),
        (f"{RETAINER}, on_exhausted: carry_debt, minimum_available_hours: 2, alerts: [80, 95]", None),
        (f"{RETAINER}, rollover: {{max_hours: 20, min_hours: 5, above_hours: 4, percent: 50}}", None),
        (f"{BLOCK}, premium: price", None),
        (f"{BLOCK}, drawdown: {{block_rate: 60}}", None),
        (INCIDENTS, None),
        ("kind: per_incident, incident_price: 95", None),
        ("kind: per_incident, from: 2026-01-01, included_incidents: 5, rollover: {max_incidents: 2}", None),
        ("kind: block_hours, cycle: quarter, lots: [{id: l, from: 2026-01-01, hours: 9, spread: 3}]", None),
        ("kind: retainer, included_incidents: 5", ("error", "balance_unclear", "kind")),
        ("kind: retainer, included_hours: 5, included_money: 5", ("error", "balance_unclear", "kind")),
        ("kind: per_incident, included_hours: 5", ("error", "balance_unclear", "kind")),
        ("kind: per_incident, lots: [{id: l, from: 2026-01-01, hours: 5}]", ("error", "balance_unclear", "hours")),
        ("kind: block_hours, lots: [{id: l, from: 2026-01-01, incidents: 5}]", ("error", "balance_unclear", "incid")),
        ("kind: block_hours, lots: [{id: l, from: 2026-01-01, hours: 5, carry: true}]",
         ("warning", "setting_unused", "carry")),
        ("kind: block_hours, lots: [{id: l, from: 2026-01-01, hours: 5, spread: 0}]", ("error", "bad_value", "spread")),
        ("kind: block_hours, lots: [{id: l, from: 2026-01-01, hours: 5, price: 1e9}]", ("error", "bad_value", "price")),
        (f"{BLOCK}, premium: price, drawdown: {{tiers: {{night: 2}}}}", ("error", "premium_twice", "tiers")),
        (f"{BLOCK}, drawdown: {{block_rate: 60, roles: {{senior: 2}}}}", ("error", "premium_twice", "block_rate")),
        (f"{BLOCK}, premium: both", ("error", "bad_value", "premium")),
        (f"{BLOCK}, drawdown: {{block_rate: 1e9}}", ("error", "bad_value", "block_rate")),
        (f"{BLOCK}, drawdown: {{roles: {{senior: 1e9}}}}", ("error", "bad_value", "drawdown")),
        (f"{BLOCK}, on_exhausted: overrun_limit", ("warning", "no_overrun", "on_exhausted")),
        (f"{BLOCK}, overrun_percent: 50", ("warning", "setting_unused", "overrun_percent")),
        (f"{BLOCK}, alerts: [80, 80.0]", ("error", "duplicate_id", "alerts")),
        (f"{BLOCK}, alerts: [120]", ("error", "bad_value", "alerts")),
        (f"{BLOCK}, incident_price: 95", ("warning", "setting_unused", "incident_price")),
        (f"{INCIDENTS}, overage_rate: 95", ("warning", "setting_unused", "overage_rate")),
        (f"{INCIDENTS}, on_exhausted: carry_debt", ("warning", "no_price", "on_exhausted")),
        (f"{RETAINER}, minimum_available_hours: 2", ("warning", "setting_unused", "minimum_available_hours")),
        (f"{RETAINER}, on_exhausted: carry_debt, minimum_available_hours: 12",
         ("error", "bad_value", "minimum_available_hours")),
        (f"{RETAINER}, on_exhausted: carry_debt, minimum_available_money: 2",
         ("error", "wrong_unit", "minimum_available_money")),
        (f"{RETAINER}, rollover: {{max_money: 20}}", ("error", "wrong_unit", "max_money")),
        (f"{RETAINER}, rollover: {{above_incidents: 20}}", ("error", "wrong_unit", "above_incidents")),
        (f"{RETAINER}, rollover: {{max_hours: 1, min_hours: 2}}", ("error", "bad_value", "min_hours")),
        (f"{RETAINER}, rollover: {{max_hours: 1e9}}", ("error", "bad_value", "max_hours")),
        ("kind: per_incident, included_incidents: 5, rollover: {}", ("warning", "no_beginning", "kind")),
    ],
)  # fmt: skip
def test_balances(tmp_path: Path, contract: str, expected: tuple[str, str, str] | None) -> None:
    text = TEXT % contract
    (tmp_path / "c.yaml").write_text(text)
    found = [(one.level, one.code, one.place) for one in check([tmp_path]).problems]
    assert [one[:2] for one in found] == ([expected[:2]] if expected else [])
    for _, _, place in found:
        assert expected is not None
        line = text.splitlines()[place.line - 1]
        assert line[place.column - 1 :].startswith(expected[2]) or expected[2] in line, (place, line)
    assert all(problem.remedy for problem in check([tmp_path]).problems)
