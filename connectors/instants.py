"""Times as tools write them, to milliseconds since 1970 in UTC. Whole numbers throughout, never floats."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)? ?(Z|z|UTC|GMT|[+-]\d\d:?\d\d)?", re.ASCII
)


class NotAnInstant(ValueError):  # noqa: N818 - says what was expected
    """The text is no date and time we read."""


class Local(NamedTuple):
    """A time as written: wall clock to the ms, and the offset in minutes when the text has one."""

    text: str
    wall: datetime
    offset: int | None

    def readings(self, zone: ZoneInfo | None) -> list[int]:
        """The instants it can mean, earliest first: two in the hour that is repeated in autumn, none in the
        hour that is skipped in spring, none without a zone."""
        if self.offset is not None:
            return [_millis(self.wall.replace(tzinfo=UTC)) - self.offset * 60_000]
        if zone is None:
            return []
        found = set()
        for fold in (0, 1):
            at = self.wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)
            if at.astimezone(zone).replace(tzinfo=None) == self.wall:
                found.add(_millis(at))
        return sorted(found)


def parse_instant(text: str) -> Local:
    """Read ``2026-03-02T14:05:12.410Z`` and its kin: T or blank, up to nine decimals (floored to ms), Z or an
    offset with or without colon, or neither. Raises NotAnInstant."""
    match = _ISO.fullmatch(text.strip()) if len(text) <= 64 else None
    if match is None:
        raise NotAnInstant("a time such as 2026-03-02T14:05:12Z")
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    micro = int((fraction or "0")[:3].ljust(3, "0")) * 1000
    try:
        wall = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second or 0), micro)  # noqa: DTZ001
        if not 1 < wall.year < 9999:
            raise ValueError  # no room for offsets
    except ValueError:
        raise NotAnInstant("a date and time that exist") from None
    return Local(text, wall, _offset(zone))


def _offset(zone: str | None) -> int | None:
    if zone is None:
        return None
    if zone[0] not in "+-":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    if hours > 14 or minutes > 59:
        raise NotAnInstant("an offset between -14:00 and +14:00")
    return (hours * 60 + minutes) * (-1 if zone[0] == "-" else 1)


def _millis(at: datetime) -> int:
    return (at - _EPOCH) // _MILLISECOND


def iso(at: int) -> str:
    """The instant as text, for messages and for the catalogue."""
    return (_EPOCH + timedelta(milliseconds=at)).isoformat().replace("+00:00", "Z")
