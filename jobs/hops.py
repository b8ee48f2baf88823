"""The counters of the hops, from the run files of workers and writer: received = done + waiting + parked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
from rich.table import Table

Row = dict[str, Any]


def hop_rows(home: Path) -> list[Row]:
    """One row a hop and process."""
    rows: list[Row] = []
    for path in sorted((home.expanduser() / "run").glob("w*.json")):
        found = _read(path)
        if path.stem == "writer":
            rows.append({"process": "writer", "hop": "write", **_counts(found), "lag": None})
        for name, hop in found.get("hops", {}).items():
            rows.append({"process": path.stem, "hop": name, **_counts(hop), "lag": hop["lag"]})
    return rows


def hop_table(rows: list[Row]) -> Table:
    shown = Table(box=None, pad_edge=False)
    for heading in ("hop", "process"):
        shown.add_column(heading, no_wrap=True)
    for heading in ("received", "done", "waiting", "parked", "lag"):
        shown.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        numbers = [f"{row[name]:,}" for name in ("received", "done", "waiting", "parked")]
        shown.add_row(row["hop"], row["process"], *numbers, "" if row["lag"] is None else f"{row['lag']:,}")
    return shown


def _counts(found: Row) -> Row:
    return {name: int(found.get(name, 0)) for name in ("received", "done", "waiting", "parked")}


def _read(path: Path) -> Row:
    try:
        found: Row = orjson.loads(path.read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):  # replaced or removed while we looked
        return {}
    return found
