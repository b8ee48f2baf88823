"""How the accuracy of linking is shown."""

from __future__ import annotations

from typing import Any

import orjson
from rich.table import Table

from jobs.console import Format, put, tables
from jobs.demo.measured import Measured
from jobs.demo.summary import PATHS
from jobs.output import show


def print_accuracy(found: list[Measured], format_: Format) -> None:
    if format_ is Format.json:
        put(orjson.dumps([data(one) for one in found], option=orjson.OPT_INDENT_2).decode() + "\n")
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("profile", "seed", "linked by"):
        table.add_column(heading, no_wrap=True)
    for heading in ("linked", "right", "precision", "recall"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in found:
        for row in _rows(one):
            table.add_row(*row)
    show(table, tables())


def _rows(one: Measured) -> list[tuple[str, ...]]:
    accuracy, place = one.accuracy, (one.profile, str(one.seed))
    rows = [
        (*place, PATHS.get(path, path), f"{score.linked:,}", f"{score.right:,}", share(score.right, score.linked), "")
        for path, score in accuracy.by_path.items()
    ]
    total = accuracy.total
    recall = share(total.right, accuracy.ticketed)
    whole = (*place, "all", f"{total.linked:,}", f"{total.right:,}", share(total.right, total.linked), recall)
    return [*rows, whole]


def data(one: Measured) -> dict[str, Any]:
    """Shares in per mille, rounded down."""
    accuracy, total = one.accuracy, one.accuracy.total
    return {
        "profile": one.profile,
        "seed": one.seed,
        "sessions": accuracy.sessions,
        "ambiguous": accuracy.ambiguous,
        "ticketed": accuracy.ticketed,
        "linked": total.linked,
        "right": total.right,
        "precision_permille": total.right * 1000 // max(1, total.linked),
        "recall_permille": total.right * 1000 // max(1, accuracy.ticketed),
        "paths": [
            {"path": path, "linked": score.linked, "right": score.right} for path, score in accuracy.by_path.items()
        ],
    }


def share(part: int, whole: int) -> str:
    """Two decimals, rounded down."""
    if not whole:
        return "–"
    found = part * 10_000 // whole
    return f"{found // 100}.{found % 100:02d} %"
