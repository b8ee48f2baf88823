"""Local time, the slow way: zoneinfo answers every question, nothing is remembered but the answers."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def wall(instant: int, zone: str) -> datetime:
    """What the clock on the wall says at ``instant`` (seconds since 1970)."""
    return datetime.fromtimestamp(instant, ZoneInfo(zone)).replace(tzinfo=None)


@cache
def instant_of(day: date, clock: str, zone: str) -> int:
    """The instant of a wall time ("08:00" to "24:00"): of two the first, of none the first real one after it."""
    hours, minutes = map(int, clock.split(":"))
    wanted = datetime.combine(day, time()) + timedelta(hours=hours, minutes=minutes)
    guess = int(wanted.replace(tzinfo=UTC).timestamp()) - 15 * 3600  # no zone is further east
    step = 3600
    while wall(guess + step, zone) < wanted:
        guess += step
    while wall(guess, zone) < wanted:
        guess += 60
    return guess


def midnight(day: str | date, zone: str) -> int:
    """The first instant of a local day."""
    return instant_of(date.fromisoformat(day) if isinstance(day, str) else day, "00:00", zone)


def local_day(instant: int, zone: str) -> date:
    return wall(instant, zone).date()


def midnights_inside(start: int, end: int, zone: str) -> list[int]:
    """Every local midnight in the open stretch (start, end)."""
    found: list[int] = []
    day = local_day(start, zone)
    while True:
        day += timedelta(days=1)
        at = midnight(day, zone)
        if at >= end:
            return found
        if at > start:
            found.append(at)
