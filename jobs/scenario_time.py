"""Instants and durations as people write them in a scenario."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

FULL = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)\s*(Z|[+-]\d{2}:\d{2})?")
CLOCK = re.compile(r"\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?")
PART = re.compile(r"(\d+(?:\.\d+)?)\s*(h|hours?|min|minutes?|s|sec|seconds?)\b")
SECONDS_IN = {"h": 3600, "m": 60, "s": 1}


class NoInstantError(ValueError):
    """The text is no instant; the message says what to write."""


def parse_instant(text: str, zone: ZoneInfo, day: date | None = None) -> int:
    """Milliseconds since 1970 of "2026-03-02 10:00" (local in ``zone``), of the same with an offset or Z, and of
    "10:05" on ``day``. Refused: a local time that the clocks skip, and one that they show twice.
    """
    written = text.strip()
    if day is not None and CLOCK.fullmatch(written):
        written = f"{day} {written}"
    match = FULL.fullmatch(written)
    if match is None:
        raise NoInstantError(f"`{text}` is no instant; write 2026-03-02 10:00, or 2026-03-02T15:00:00Z")
    try:
        naive = datetime.fromisoformat(f"{match[1]}T{match[2]}")
        exact = datetime.fromisoformat(f"{naive.isoformat()}{match[3].replace('Z', '+00:00')}") if match[3] else None
    except ValueError as error:
        raise NoInstantError(f"`{text}` is no instant: {error}") from error
    if not 2000 <= naive.year < 2100:
        raise NoInstantError(f"`{text}` is not between 2000 and 2100")
    return _ms(exact or _resolve(naive, zone))


def _resolve(naive: datetime, zone: ZoneInfo) -> datetime:
    first, second = naive.replace(tzinfo=zone, fold=0), naive.replace(tzinfo=zone, fold=1)
    if first.utcoffset() == second.utcoffset():
        return first
    back = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None)
    what = "does not exist" if back != naive else "comes twice"
    raise NoInstantError(f"`{naive}` {what} in {zone.key}, the clocks change; write it with its offset or in UTC")


def _ms(instant: datetime) -> int:
    since = instant.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return since.days * 86_400_000 + since.seconds * 1000 + since.microseconds // 1000


def local_day(ms: int, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(ms // 1000, zone).date()


def parse_seconds(text: str) -> int:
    """Seconds of "90 min", "1 h 30 min", "900 s", "900" or "0:15:00"."""
    stripped = text.strip()
    if re.fullmatch(r"-?\d+", stripped):
        return int(stripped)
    if re.fullmatch(r"\d+:\d{2}(:\d{2})?", stripped):
        hours, minutes, *rest = (int(part) for part in stripped.split(":"))
        return hours * 3600 + minutes * 60 + (rest[0] if rest else 0)
    sign = -1 if stripped.startswith("-") else 1
    parts = PART.findall(stripped)
    if not parts or PART.sub("", stripped.lstrip("-")).strip():
        raise NoInstantError(f"`{text}` is no length of time; write 15 min, 1 h 30 min or 900 s")
    return sign * sum(_exact(number, SECONDS_IN[unit[0]], text) for number, unit in parts)


def _exact(number: str, unit: int, text: str) -> int:
    whole, _, places = number.partition(".")
    scale = int("1" + "0" * len(places))
    seconds, rest = divmod(int(whole + places) * unit, scale)
    if rest:
        raise NoInstantError(f"`{text}` is no whole number of seconds; write it in seconds")
    return seconds


def say_seconds(seconds: int) -> str:
    """ "1 h 30 min", "14 min 55 s", "0 min"."""
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    parts = [f"{seconds // 3600} h"] if seconds >= 3600 else []
    parts += [f"{seconds % 3600 // 60} min"] if seconds % 3600 >= 60 else []
    parts += [f"{seconds % 60} s"] if seconds % 60 else []
    return sign + (" ".join(parts) or "0 min")


def say_instant(seconds: int) -> str:
    """ "2026-03-02T15:00:00Z"."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()[:19] + "Z"
