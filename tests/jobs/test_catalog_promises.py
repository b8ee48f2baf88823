"""`catalog check` of sites, ticket types, limits, free minutes and concurrency: each mistake at its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.jobs.test_catalog_check import BASE, codes, problems

HOURLY = "{id: hourly, client: acme}"


def contract(more: str) -> str:
    return BASE.replace(HOURLY, f"{{id: hourly, client: acme, {more}}}")


def line(more: str) -> str:
    return BASE.replace("rate: 100}", f"rate: 100, {more}}}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (contract("not_to_exceed: [{amount: 500, scope: ticket}]"), None),
        (contract("not_to_exceed: 500"), ("error", "bad_value")),
        (contract("not_to_exceed: [{amount: 500, scope: day}]"), ("error", "bad_value")),
        (contract("not_to_exceed: [{amount: -1}]"), ("error", "bad_value")),
        (contract("not_to_exceed: [{amount: 1e12}]"), ("error", "bad_value")),
        (contract("not_to_exceed: [{amount: 0}]"), ("warning", "rate_of_zero")),
        (contract("not_to_exceed: [{amount: 5, currency: dollars}]"), ("error", "bad_currency")),
        (contract("not_to_exceed: [{amount: 5, services: [travel]}]"), ("error", "dangling_reference")),
        (contract("not_to_exceed: [{amount: 5}], kind: flat_fee"), ("warning", "setting_unused")),
        (contract("free_first: [{minutes: 15}]"), None),
        (contract("free_first: [{scope: ticket}]"), ("error", "bad_value")),
        (contract("max_concurrent_technicians: 1"), None),
        (contract("max_concurrent_technicians: 0"), ("error", "bad_value")),
        (contract("concurrency: ticket"), ("warning", "setting_unused")),
        (contract("max_technicians: 1"), ("error", "unknown_field")),
        (contract("sites: [lab]"), ("error", "dangling_reference")),
        (BASE.replace(HOURLY, f"{HOURLY}, {{id: p, client: acme, ticket_types: [project]}}"), None),
        (BASE.replace(HOURLY, f"{HOURLY}, {{id: p, client: acme, order: 1}}"), None),
        (
            BASE.replace(
                HOURLY,
                "{id: p, client: acme, ticket_types: [project]}, {id: q, client: acme, ticket_types: [project]}",
            ),
            ("error", "overlapping_dates"),
        ),
        (BASE.replace("{id: acme}", "{id: acme, sites: [{id: lab}, {id: lab}]}"), ("error", "duplicate_id")),
        (BASE.replace("{id: acme}", "{id: acme, sites: [{id: lab, zone: Mars}]}"), ("error", "unknown_zone")),
        (BASE + "devices: [{id: pc, client: acme, site: lab}]\n", ("error", "dangling_reference")),
        (BASE + "tickets: [{id: '1', client: acme, site: lab}]\n", ("error", "dangling_reference")),
        (line("floor: 55, floor_below_minutes: 30"), None),
        (line("floor: 1e-12"), ("error", "bad_value")),
        (line("floor_below_minutes: 30"), ("warning", "setting_unused")),
        (line("trip_fee_waivers: [x]"), ("warning", "setting_unused")),
        (line("first_block: 130"), ("warning", "setting_unused")),
        (line("first_block: 130") + "rounding: [{id: r, first_block_minutes: 60}]\n", None),
        (
            BASE.replace("rate: 100}", "rate: 100}, {multiplier: 2, first_block: 130}"),
            ("error", "setting_unused"),
        ),
        (BASE.replace("currency: USD", "currency: USD, overlap: halve"), ("error", "bad_value")),
    ],
)
def test_promises_and_places(tmp_path: Path, text: str, expected: tuple[str, str] | None) -> None:
    assert codes(tmp_path, text) == ([expected] if expected else [])


def test_a_site_that_is_misspelt_is_told_where_and_how(tmp_path: Path) -> None:
    text = (
        BASE.replace("{id: acme}", "{id: acme, sites: [{id: clinic}]}")
        + "devices: [{id: pc, client: acme, site: clinc}]\n"
    )
    (problem,) = problems(tmp_path, text)
    assert (problem.place.line, problem.place.column, problem.remedy) == (6, 34, "did you mean `clinic`?")
