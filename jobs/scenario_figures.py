"""`figures:` of a scenario: what a file gives beside its ledger, and what it expects of the key figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from fractions import Fraction
from typing import Any

from billing.money import exponent_of, half_away, money_text
from jobs.catalog_yaml import Place, Problem, Tree
from jobs.scenario_time import NoInstantError, parse_seconds, say_seconds

Row = dict[str, Any]
Figures = Mapping[str, Sequence[Row]]  # exact: seconds and counts are int, the rest Fraction; None: not known

SECONDS = ("worked", "billable", "quantity", "rounding", "slipped")
HOURS = ("available_hours", "budget_hours", "used_hours", "left_hours")
PERCENT = ("percent", "utilisation_percent", "realisation_percent", "collected_percent", "margin_percent",
           "unbilled_percent")  # fmt: skip
MONEY = ("amount", "risk", "fee", "hard_cost", "revenue", "labour_cost", "overheads", "margin", "price", "earned",
         "unearned", "worth")  # fmt: skip
COUNTS = ("entries", "tickets")
WORDS = ("currency", "client", "contract", "project", "disposition", "rule", "tier", "bucket")
NAMES = (*WORDS, *COUNTS, *SECONDS, *HOURS, *PERCENT, *MONEY)
PLACES = {**dict.fromkeys(HOURS, 4), **dict.fromkeys(PERCENT, 1)}
FIGURES = ("billability", "recovered", "rounding", "config_gap", "unbilled_tickets", "lateness", "tier_slip",
           "gross_margin", "hour_budget", "unearned", "revenue_chain")  # fmt: skip


@dataclass(slots=True)
class Given:
    """What no ledger knows. Money in major units of the organisation's currency, for the time of the whole file."""

    hourly_rate: Fraction | None = None  # that an hour should bring
    hard_costs: dict[str, Fraction] = field(default_factory=dict)  # by contract: licences, equipment
    overheads: dict[str, Fraction] = field(default_factory=dict)  # by name: tools, rent, people who do no hours
    available_hours: Fraction | None = None  # that people are paid for
    collected_percent: Fraction | None = None  # of what was asked for
    tickets: Fraction | None = None  # a month
    unbilled_percent: list[Fraction] = field(default_factory=list)  # of the tickets
    ticket_worth: Fraction | None = None


SINGLE = ("hourly_rate", "available_hours", "collected_percent", "tickets", "ticket_worth")
BY_NAME = ("hard_costs", "overheads")
ABOVE_ZERO = ("hourly_rate", "available_hours")
GIVEN = (*SINGLE, *BY_NAME, "unbilled_percent")


def read_given(tree: Tree | None, problems: list[Problem]) -> Given:
    """`figures:` of the file; what is wrong goes to ``problems``."""
    given = Given()
    if tree is None or (tree.kind == "scalar" and tree.text is None):
        return given
    if tree.kind != "mapping":
        problems.append(Problem("error", "bad_figure", tree.place, "`figures` is a mapping", "see docs/scenarios.md"))
        return given
    for name, node in tree.fields.items():
        if name not in GIVEN:
            problems.append(_unknown(tree.keys[name], name, GIVEN))
        elif name in BY_NAME:
            numbers = {key: _number(child, problems) for key, child in node.fields.items()}
            setattr(given, name, numbers)
            if node.kind != "mapping":
                message = f"`{name}` is a mapping of names and amounts"
                problems.append(
                    Problem("error", "bad_figure", node.place, message, f"write {{{name}: {{tools: 100}}}}")
                )
        elif name == "unbilled_percent":
            given.unbilled_percent = [_number(one, problems) for one in (node.items or [node])]
        else:
            value = _number(node, problems)
            setattr(given, name, value)
            if name in ABOVE_ZERO and value <= 0:
                problems.append(Problem("error", "bad_figure", node.place, f"`{name}` must be above zero", ""))
            if name == "tickets" and value.denominator != 1:
                problems.append(Problem("error", "bad_figure", node.place, "`tickets` is a whole number", "write 800"))
    return given


def _number(node: Tree, problems: list[Problem]) -> Fraction:
    try:
        value = Decimal(node.text or "")
    except InvalidOperation:
        value = Decimal("nan")
    if node.kind == "scalar" and value.is_finite() and 0 <= value < 10**12:
        return Fraction(value)
    said = f"`{node.text}`" if node.kind == "scalar" else "this"
    problems.append(Problem("error", "bad_figure", node.place, f"{said} is no number of at least 0", "write 37.50"))
    return Fraction(1)


def shown(name: str, value: Any, row: Row) -> Any:
    """A figure as the JSON has it: rounded half away from zero, money to its currency, hours to four places, shares in
    percent to one."""
    if not isinstance(value, Fraction):
        return value
    return _text(value, _places(name, row))


def _places(name: str, row: Row) -> int:
    return PLACES[name] if name in PLACES else exponent_of(row["currency"])


def _text(value: Fraction, places: int) -> str:
    return money_text(half_away(value.numerator * 10**places, value.denominator), places)


def as_json(figures: Figures) -> dict[str, list[Row]]:
    """All figures; lengths of time end on ``_seconds``."""
    return {
        name: [
            {f"{key}_seconds" if key in SECONDS else key: shown(key, value, row) for key, value in row.items()}
            for row in rows
        ]
        for name, rows in figures.items()
    }


def lines(figures: Mapping[str, Sequence[Row]]) -> Iterator[str]:
    """Figures as JSON, for people: a line a row."""
    for name, rows in figures.items():
        for row in rows:
            parts = [f"{_word(key)} {_said(key, value, row)}" for key, value in row.items() if _told(key, value)]
            yield f"{name.replace('_', ' ')}: {', '.join(parts)}"


def _told(name: str, value: Any) -> bool:
    return name != "currency" and value not in (None, "")


def _word(name: str) -> str:
    return name.removesuffix("_seconds").removesuffix("_percent").replace("_", " ")


def _said(name: str, value: Any, row: Row) -> str:
    if name.endswith("_seconds"):
        return say_seconds(value)
    if name in PERCENT:
        return f"{value} %"
    if name in HOURS:
        return f"{value.rstrip('0').rstrip('.')} h"
    return f"{value} {row['currency']}" if name in MONEY else str(value)


def read_figures(tree: Tree, problems: list[Problem]) -> dict[str, list[Row]]:
    """`figures:` of `expect:`: of each figure its rows, or its one row."""
    wanted: dict[str, list[Row]] = {}
    for name, node in tree.fields.items():
        if name not in FIGURES:
            problems.append(_unknown(tree.keys[name], name, FIGURES))
            continue
        rows = node.items if node.kind == "sequence" else [node]
        wanted[name] = [_wanted(one, problems) for one in rows]
    return wanted


def _wanted(tree: Tree, problems: list[Problem]) -> Row:
    row: Row = {}
    for name, node in tree.fields.items():
        if name not in NAMES:
            problems.append(_unknown(tree.keys[name], name, NAMES))
            continue
        try:
            row[name] = _value(name, node.text)
        except (NoInstantError, InvalidOperation, ValueError):
            message = f"`{name}: {node.text}` cannot be read"
            problems.append(Problem("error", "bad_expectation", node.place, message, "write 15 min, 37.50 or 5"))
    return row


def _value(name: str, text: str | None) -> Any:
    if text is None or name in WORDS:
        return text
    if name in SECONDS:
        return parse_seconds(text)
    if name in COUNTS:
        return int(text)
    value = Decimal(text)
    if not value.is_finite() or abs(value) >= 10**15 or int(value.as_tuple().exponent) < -12:
        raise ValueError("no number that a figure can have")
    return value


def wrong_figures(wanted: Mapping[str, Sequence[Row]], seen: Figures) -> Iterator[str]:
    """What is not as expected, as sentences; rows in the order of the JSON. Shares and hours are compared as rounded to
    the places that are written, money to those of its currency."""
    for name, rows in wanted.items():
        have = seen[name]
        if len(rows) != len(have):
            yield f"figure {name}: expected {len(rows)} rows, have {len(have)}"
        for number, (want, row) in enumerate(zip(rows, have, strict=False), 1):
            for key, value in want.items():
                held = _held(key, value, row)
                if held != value:
                    yield f"figure {name}, row {number}: expected {key} {_say(key, value)}, have {_say(key, held)}"


def _held(name: str, wanted: Any, row: Row) -> Any:
    value = row.get(name)
    if not isinstance(value, Fraction):
        return value
    places = _places(name, row)
    if name in PLACES and isinstance(wanted, Decimal):
        places = max(0, -int(wanted.as_tuple().exponent))
    return Decimal(_text(value, places))


def _say(name: str, value: Any) -> str:
    return say_seconds(value) if name in SECONDS and isinstance(value, int) else str(value)


def _unknown(place: Place, name: str, options: tuple[str, ...]) -> Problem:
    near = get_close_matches(name, options, n=1)
    remedy = f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(options)}"
    return Problem("error", "unknown_field", place, f"unknown field `{name}`", remedy)
