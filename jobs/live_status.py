"""How far each live tool has been read, from the run files of its process: for `status` and `live list`."""

from __future__ import annotations

import time
from typing import Any

import orjson
import psutil
from rich.markup import escape
from rich.table import Table

from connectors.instants import iso
from jobs.live import Place, places
from jobs.output import duration
from streams.settings import Settings

Row = dict[str, Any]
LATE = 900.0  # seconds behind from which on something is wrong


def live_rows(settings: Settings) -> list[Row]:
    """One row a tool that was added, ready for JSON."""
    return [_row(settings, one, time.time()) for one in places(settings)]


def well(row: Row) -> bool:
    """Nothing to do for anybody. A tool that is only just away is not worth an alarm."""
    return row["state"] not in ("refused", "stopped") and (row["behind_seconds"] or 0) <= LATE


def _row(settings: Settings, place: Place, now: float) -> Row:
    target, told = place.target(), _told(settings, place)
    lives = bool(told) and psutil.pid_exists(int(told["pid"]))
    complete = told.get("complete")
    return {
        "connector": target.connector,
        "instance": target.instance,
        "tenant": target.tenant,
        "url": target.shown_url,
        "state": told["state"] if lives else "stopped",
        "pid": told["pid"] if lives else None,
        "last_event": _instant(told.get("last_event")),
        "last_contact": _instant(_ms(told.get("last_contact"))),
        "complete_until": _instant(_ms(complete)),
        "behind_seconds": None if complete is None else max(0, round(now - complete)),
        "sent": told.get("sent", {}),
        "errors": told.get("errors", 0),
        "problem": told.get("problem", ""),
        "next_try": _instant(_ms(told.get("next_try"))),
        "gap": told.get("gap", ""),
    }


def live_table(rows: list[Row]) -> Table:
    shown = Table(box=None, pad_edge=False)
    for heading in ("live", "state", "last event", "last contact"):
        shown.add_column(heading, no_wrap=True)
    for heading in ("behind", "events", "errors"):
        shown.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        behind = row["behind_seconds"]
        shown.add_row(
            f"{row['connector']}:{row['instance']}",
            f"[{'green' if row['state'] == 'live' else 'red'}]{row['state']}[/]",
            _short(row["last_event"]),
            _short(row["last_contact"]),
            "" if behind is None else duration(behind),
            f"{row['sent'].get('events', 0):,}",
            f"{row['errors']:,}",
        )
    return shown


def live_remarks(rows: list[Row]) -> list[str]:
    """What somebody should read, below the table; markup escaped."""
    return [
        escape(f"{row['connector']}:{row['instance']}: {text}")
        for row in rows
        for text in (row["problem"], row["gap"])
        if text
    ]


def _told(settings: Settings, place: Place) -> Row:
    try:
        found: Row = orjson.loads((settings.home.expanduser() / "run" / f"{place.name}.json").read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return {}
    return found


def _ms(at: float | None) -> int | None:
    return None if at is None else round(at * 1000)


def _instant(at: int | None) -> str | None:
    return None if at is None else iso(at)


def _short(text: str | None) -> str:
    return "" if text is None else f"{text[:10]} {text[11:19]}Z"
