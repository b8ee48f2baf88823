"""What a scenario expects of its projects: figures by name, as `everyminute projects` gives them."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Any

from jobs.catalog_yaml import Problem, Tree

Row = dict[str, Any]
WORDS = ("project", "client", "change_order", "currency")
FIGURES = ("hours", "budget_hours", "estimated_hours", "revenue", "asked", "cost", "margin", "effective_hourly_rate",
           "budget_money", "estimated_cost", "estimated_margin", "margin_percent", "done_percent", "burn_percent",
           "burn_money_percent")  # fmt: skip


def read_projects(tree: Tree, problems: list[Problem]) -> list[Row]:
    return [_row(child, problems) for child in tree.items]


def _row(tree: Tree, problems: list[Problem]) -> Row:
    row: Row = {}
    for name, node in tree.fields.items():
        if name in WORDS or node.text is None:
            row[name] = node.text
        elif name in FIGURES:
            try:
                row[name] = Decimal(node.text)
            except InvalidOperation:
                message = f"`{node.text}` is no number; write 37.50"
                problems.append(Problem("error", "bad_expectation", node.place, message))
        else:
            near = get_close_matches(name, (*WORDS, *FIGURES), n=1)
            remedy = f"did you mean `{near[0]}`?" if near else f"known here: {', '.join((*WORDS, *FIGURES))}"
            problems.append(Problem("error", "unknown_field", tree.keys[name], f"unknown field `{name}`", remedy))
    return row


def wrong_projects(expected: list[Row], seen: list[Row]) -> list[str]:
    """What is not as expected, as sentences; ``seen`` as the JSON has them, compared by project and change order."""
    found = []
    held = {(one["project"], one["change_order"]): one for one in seen}
    for row in expected:
        key = row.get("project"), row.get("change_order")
        have = held.get((str(key[0]), key[1]))
        if have is None:
            found.append(f"projects: expected {key[0]}, there is no such project with work")
            continue
        for name, wanted in row.items():
            value = have[name]
            if (Decimal(value) if isinstance(wanted, Decimal) and value is not None else value) != wanted:
                found.append(f"project {key[0]}: expected {name} {wanted}, have {value}")
    return found
