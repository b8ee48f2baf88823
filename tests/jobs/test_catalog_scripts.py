"""`catalog check` of script policies: each mistake at its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.jobs.test_catalog_check import BASE, codes


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        ("{id: p, bill: none}", None),
        ("{id: p, bill: flat_minutes, minutes: 5}", None),
        ("{id: p, bill: flat_minutes}", ("error", "price_unclear")),
        ("{id: p, bill: flat_minutes, minutes: 5, fee: 3}", ("warning", "setting_unused")),
        ("{id: p, bill: flat_minutes, minutes: -5}", ("error", "bad_value")),
        ("{id: p, bill: flat_fee, fee: 19}", None),
        ("{id: p, bill: flat_fee, fee: 0}", ("error", "price_unclear")),
        ("{id: p, bill: flat_fee, fee: 1e12}", ("error", "bad_value")),
        ("{id: p, bill: flat_fee, fee: 3, currency: euro}", ("error", "bad_currency")),
        ("{id: p, bill: attended_runtime, add_always: true}", ("warning", "setting_unused")),
        ("{id: p, bill: runtime, rounding: nearest}", ("error", "dangling_reference")),
        ("{id: p, bill: per_device, minutes: 1, cap_minutes: 30}", None),
        ("{id: p, bill: per_device, minutes: 1, fee: 2}", ("error", "price_unclear")),
        ("{id: p, bill: per_device, fee: 2, cap_minutes: 30}", ("warning", "setting_unused")),
        ("{id: p, bill: hourly}", ("error", "bad_value")),
        ("{id: p, match: []}", ("error", "bad_value")),
        ("{id: p, client: acne}", ("error", "dangling_reference")),
        ("{id: p, from: 2026-02-01, until: 2026-01-01}", ("error", "empty_dates")),
        ("{id: p}, {id: q, match: ['*', a]}", ("error", "overlapping_dates")),
        ("{id: p}, {id: q, from: 2026-02-01}", ("warning", "overlapping_dates")),
        ("{id: p}, {id: q, client: acme}", None),
    ],
)
def test_script_policies(tmp_path: Path, policies: str, expected: tuple[str, str] | None) -> None:
    text = f"{BASE}script_policies: [{policies}]\n"
    assert codes(tmp_path, text) == ([expected] if expected else [])
