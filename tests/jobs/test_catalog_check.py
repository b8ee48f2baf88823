"""`catalog check`: every error at once, each at its place, in words that say what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.catalog_rules import check
from jobs.catalog_yaml import Problem, parse_yaml
from tests.jobs.command import everyminute

EXAMPLE = Path(__file__).parents[2] / "examples" / "catalogue"
BASE = """
organisation: {zone: America/New_York, currency: USD}
clients: [{id: acme}]
rate_cards: [{id: standard, lines: [{service: "*", rate: 100}]}]
contracts: [{id: hourly, client: acme}]
"""


def problems(tmp_path: Path, text: str) -> list[Problem]:
    (tmp_path / "catalogue.yaml").write_text(text)
    return check([tmp_path]).problems


def codes(tmp_path: Path, text: str) -> list[tuple[str, str]]:
    return [(problem.level, problem.code) for problem in problems(tmp_path, text)]


def test_the_example_is_clean() -> None:
    ran = everyminute("catalog", "check", EXAMPLE, "--strict")
    assert (ran.code, ran.out) == (0, "")


def test_a_small_catalogue_is_clean(tmp_path: Path) -> None:
    assert codes(tmp_path, BASE) == []


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("devices: [{id: d, client: acne}]", ("error", "dangling_reference")),
        ("devices: [{id: d}, {id: d}]", ("error", "duplicate_id")),
        ("devices: [{id: d, clinet: acme}]", ("error", "unknown_field")),
        ("devises: []", ("error", "unknown_section")),
        ("devices: [{name: x}]", ("error", "missing_field")),
        ("devices: [{id: a/b}]", ("error", "bad_value")),
        ("devices: {id: d}", ("error", "wrong_shape")),
        ("lots: []", ("error", "not_built")),
        ("calendars: [{id: c, zone: Mars/Olympus, otherwise: standard}]", ("error", "unknown_zone")),
        ("calendars: [{id: c}]", ("error", "dangling_reference")),
        ("technicians: [{id: a, email: X@y.example}, {id: b, email: x@Y.example}]", ("error", "alias_claimed_twice")),
        (
            "technicians: [{id: a, aliases: {syncro: ['3']}}, {id: b, aliases: {syncro: ['3']}}]",
            ("error", "alias_claimed_twice"),
        ),
        ("devices: [{id: d, moves: [{client: acme, from: 2026-02-01}, {client: acme, from: 2026-01-01}]}]",
         ("error", "moves_out_of_order")),
        ("tickets: [{id: t, opened: 2026-03-02 10:00}]", ("error", "bad_instant")),
        ("devices: [{id: d, moves: [{client: acme, from: 1767225600}]}]", ("error", "bad_date")),
        ("tiers: [{id: night, multiplier: 0}]", ("warning", "rate_of_zero")),
        ("tiers: [{id: night, multiplier: fast}]", ("error", "bad_value")),
    ],
)  # fmt: skip
def test_one_thing_wrong_is_one_finding(tmp_path: Path, more: str, expected: tuple[str, str]) -> None:
    found = codes(tmp_path, BASE + more)
    assert [(level, code.replace("unknown_section", "unknown_field")) for level, code in found] == [
        (expected[0], expected[1].replace("unknown_section", "unknown_field"))
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (BASE.replace("rate: 100", "rate: 0"), ("error", "rate_of_zero")),
        (BASE.replace("rate: 100", "rate: -1"), ("error", "bad_value")),
        (BASE.replace("rate: 100", "rate: 100, flat: 5"), ("error", "price_unclear")),
        (BASE.replace("rate: 100", "rate: 100}, {service: '*'"), ("error", "price_unclear")),
        (BASE.replace("rate: 100", "rate: 100}, {service: '*', role: senior, plus: 5"), ("warning", "role_of_nobody")),
        (
            BASE.replace("rate: 100", "rate: 100}, {service: '*', plus: 5, tiers: {standard: {rate: 1}}"),
            ("error", "tiers_unused"),
        ),
        (
            BASE.replace("[{id: acme}]", "[{id: acme}, {id: us, internal: true}]").replace(
                "{id: standard,", "{id: standard, contract: hourly, client: us,"
            ),
            ("error", "wrong_client"),
        ),
        (BASE.replace("{id: standard,", "{id: standard, contract: daily,"), ("error", "dangling_reference")),
        (BASE.replace("rate: 100", "rate: 1e99"), ("error", "bad_value")),
        (BASE.replace("rate: 100", "rate: .inf"), ("error", "bad_value")),
        (BASE.replace("contracts: [{id: hourly, client: acme}]", ""), ("warning", "client_without_contract")),
        (BASE.replace("USD", "dollars"), ("error", "bad_currency")),
        (
            BASE.replace("client: acme}]", "client: acme, from: 2026-02-01, until: 2026-01-01}]"),
            ("error", "empty_dates"),
        ),
        (BASE.replace("client: acme}]", "client: acme, project: p}]"), ("error", "unknown_field")),
        (BASE.replace("client: acme}]", "client: acme, kind: retainer}]"), ("error", "balance_unclear")),
        (
            BASE.replace("client: acme}]", "client: acme, kind: retainer, included_hours: 1, rollover: {}}]"),
            ("warning", "no_beginning"),
        ),
        (BASE.replace("client: acme}]", "client: acme, kind: block_hours}]"), ("warning", "no_lots")),
        (BASE.replace("client: acme}]", "client: acme, included_hours: 1}]"), ("warning", "setting_unused")),
        (
            BASE.replace("client: acme}]", "client: acme, kind: block_hours, lots: [{id: l, from: 2026-01-01}]}]"),
            ("error", "balance_unclear"),
        ),
        (
            BASE.replace(
                "client: acme}]", "client: acme, kind: block_hours, lots: [{id: l, from: 1767225600, hours: 1}]}]"
            ),
            ("error", "bad_date"),
        ),
        (
            BASE.replace(
                "client: acme}]", "client: acme, kind: block_hours, lots: [{id: l, from: 2026-01-01, hours: 1e12}]}]"
            ),
            ("error", "bad_value"),
        ),
        (BASE.replace("client: acme}]", "client: acme}, {id: second, client: acme}]"), ("error", "overlapping_dates")),
        (
            BASE.replace("client: acme}]", "client: acme, exclude: {tiers: [standard]}}]"),
            ("warning", "excluded_without_fallback"),
        ),
        (
            BASE.replace("client: acme}]", "client: acme, exclude: {tiers: [standard]}, fallback: hourly}]"),
            ("error", "fallback_cycle"),
        ),
        (
            BASE.replace(
                "client: acme}]", "client: acme, fallback: hourly}, {id: b, client: acme, services: []}]"
            ).replace("fallback: hourly", "fallback: b"),
            ("warning", "fallback_unused"),
        ),
        (
            BASE.replace("client: acme}]", "client: acme, exclude: {tiers: [standard]}, fallback: daily}]"),
            ("error", "dangling_reference"),
        ),
        (
            BASE.replace("client: acme}]", "client: acme}, {id: b, client: acme, from: 2026-01-01}]"),
            ("warning", "overlapping_dates"),
        ),
        (BASE + "services: [{id: travel, match: [timer.travel]}]\n", None),
        (
            BASE.replace('"*"', "travel") + "services: [{id: travel}, {id: remote}]\n",
            ("warning", "service_without_rate"),
        ),
        (
            BASE.replace("client: acme}]", "client: acme, calendar: c}]")
            + "calendars: [{id: c, otherwise: night}]\ntiers: [{id: night}]\n",
            ("warning", "tier_without_price"),
        ),
    ],
)
def test_prices_dates_and_contracts(tmp_path: Path, text: str, expected: tuple[str, str] | None) -> None:
    assert codes(tmp_path, text) == ([expected] if expected else [])


def test_place_and_remedy(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, BASE + "devices:\n  - id: d\n    clinet: acme\n")
    assert (found.place.line, found.place.column) == (8, 5)
    assert found.remedy == "did you mean `client`?"


def test_all_errors_at_once_over_all_files(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(BASE + "devices: [{id: d, client: nobody}]\n")
    (tmp_path / "b.yaml").write_text("devices: [{id: d}]\ntiers: [{id: t, multiplier: x}]\nnonsense\n")
    (tmp_path / "c.yml").write_text("clients: [{id: other, zone: Nowhere}]\n")
    found = {(Path(p.place.file).name, p.code) for p in check([tmp_path]).problems if p.level == "error"}
    assert found == {("a.yaml", "dangling_reference"), ("b.yaml", "not_yaml"), ("c.yml", "unknown_zone")}


def test_numbers_and_dates_stay_exact(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(BASE.replace("rate: 100", "rate: 0.1000000000000000055511151231257827"))
    card = check([tmp_path]).objects["rate_card/standard"].item
    assert str(card.model_dump()["lines"][0]["rate"]) == "0.1000000000000000055511151231257827"


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (BOMB, "too_large"),
        ("[" * 500, "too_large"),
        ("a: &a [*a]", "too_large"),
        ("a: 1\na: 2\n", "duplicate_key"),
        ("? [x]\n: 1\n", "bad_key"),
        ("a: !secret x", "bad_tag"),
        ("a: b: c", "not_yaml"),
        ("a: 1\n---\nb: 2\n", "not_yaml"),
        ("a: \x00", "not_yaml"),
    ],
    ids=["bomb", "deep", "itself", "key twice", "list as key", "tag", "broken", "two documents", "control character"],
)
def test_hostile_yaml_is_refused_quickly(text: str, code: str) -> None:
    found: list[Problem] = []
    parse_yaml(text, "x.yaml", found)
    assert [problem.code for problem in found] == [code]


def test_json_and_exit_codes(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(BASE.replace("rate: 100", "rate: 0"))
    ran = everyminute("catalog", "check", tmp_path, "--format", "json")
    assert ran.code == 1
    (found,) = ran.json()["problems"]
    assert (found["level"], found["code"], found["line"]) == ("error", "rate_of_zero", 4)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    ran = everyminute("catalog", "check", tmp_path / "nowhere")
    assert ran.code == 1
    assert "does not exist" in ran.out


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("rounding: [{id: r, mode: sideways}]", ("error", "bad_value")),
        ("rounding: [{id: r, scope: project_days}]", ("error", "bad_value")),
        ("rounding: [{id: r, surplus: nobody}]", ("error", "bad_value")),
        ("rounding: [{id: r, increment_seconds: -1}]", ("error", "bad_value")),
        ("rounding: [{id: r, mode: grace, increment_minutes: 15}]", ("error", "contradiction")),
        ("rounding: [{id: r, mode: grace, slack_minutes: 5}]", ("error", "contradiction")),
        ("rounding: [{id: r, mode: threshold, increment_minutes: 15, slack_minutes: 15}]", ("error", "contradiction")),
        ("rounding: [{id: r, basis: instants}]", ("error", "contradiction")),
        ("rounding: [{id: r, basis: instants, increment_minutes: 15, scope: ticket}]", ("error", "contradiction")),
        ("rounding: [{id: r, basis: instants, increment_minutes: 15, mode: down}]", ("error", "contradiction")),
        ("rounding: [{id: r, basis: instants, increment_minutes: 15, surplus: each_segment}]",
         ("error", "contradiction")),
        ("rounding: [{id: r, anchor: minimum, minimum_minutes: 5, first_block_minutes: 60}]",
         ("error", "contradiction")),
        ("rounding: [{id: r, slack_minutes: 3}]", ("warning", "without_effect")),
        ("rounding: [{id: r, begin: up}]", ("warning", "without_effect")),
        ("rounding: [{id: r, order: minimum_then_round}]", ("warning", "without_effect")),
        ("rounding: [{id: r, tier_minimums: {nihgt: 60}}]", ("error", "dangling_reference")),
        ("services: [{id: s, rounding: r}]", ("error", "dangling_reference")),
        ("holidays: [{id: h, country: us}]", ("error", "bad_value")),
        ("holidays: [{id: h, country: ZZ}]", ("error", "holidays_unknown")),
        ("holidays: [{id: h, country: US, subdivision: ZZ}]", ("error", "holidays_unknown")),
        ("holidays: [{id: h}]", ("error", "no_holidays")),
        ("holidays: [{id: h, dates: [1767225600]}]", ("error", "bad_date")),
        ("calendars: [{id: c, otherwise: standard, windows: [{tier: standard}]}]", ("error", "window_without_days")),
        ("calendars: [{id: c, otherwise: standard, premiums: [{holidays: h, tier: standard}]}]",
         ("error", "dangling_reference")),
        ("calendars: [{id: c, otherwise: standard, premiums: [{days: [mon], tier: night}]}]",
         ("error", "dangling_reference")),
        ("calendars: [{id: c, otherwise: standard, windows: [{days: [mon], from: '10:00', until: '09:00', "
         "until_day: 0, tier: standard}]}]", ("error", "window_of_no_length")),
        ("calendars: [{id: c, otherwise: standard, emergency: [{tier: standard, when: {}}]}]",
         ("error", "no_condition")),
        ("calendars: [{id: c, otherwise: standard, emergency: [{tier: night, when: {priority: [P1]}}]}]",
         ("error", "dangling_reference")),
        ("calendars: [{id: c, otherwise: standard, emergency: [{tier: standard, when: {within: [x]}}]}]",
         ("error", "dangling_reference")),
        ("calendars: [{id: c, otherwise: standard, emergency: [{tier: standard, when: {prio: [P1]}}]}]",
         ("error", "unknown_field")),
        ("tiers: [{id: a + b, multiplier: 2}]", ("error", "bad_value")),
        ("tickets: [{id: t, changes: [{at: 2026-03-02 10:00, priority: P1}]}]", ("error", "bad_instant")),
    ],
)  # fmt: skip
def test_rounding_calendars_and_emergencies_are_checked(tmp_path: Path, more: str, expected: tuple[str, str]) -> None:
    assert codes(tmp_path, BASE + more) == [expected]
