"""How figures look: exact, from integers. Filters of the templates."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jobs.explain import REPORTED
from jobs.output import money
from streams.models.ids import label

MINUS = "−"
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
          "November", "December")  # fmt: skip


def hours(seconds: int) -> tuple[str, str]:
    """Hours and minutes, and the seconds apart, so that these can be smaller: 90307 is ("25:05", ":07")."""
    minutes, rest = divmod(abs(seconds), 60)
    sign = MINUS if seconds < 0 else ""
    return f"{sign}{minutes // 60:,}:{minutes % 60:02d}", f":{rest:02d}"


def cash(amount: int, exponent: int) -> str:
    """Minor units with all their decimals: 123450 at 2 is "1,234.50"."""
    text = f"{money(abs(amount), exponent):,f}"
    return f"{MINUS}{text}" if amount < 0 else text


def readable(text: str) -> str:
    """Ids of what tools reported as people call them: ~syncro:main:48129 is 48129."""
    return REPORTED.sub(lambda found: label(found[0]), text)


def plain(amount: int, exponent: int) -> str:
    """For programs: 123450 at 2 is "1234.50"."""
    return str(money(amount, exponent))


def share(part: int, whole: int) -> str:
    """Per cent with one decimal, cut off and not rounded up: 99.96 % never reads as 100.0 %."""
    if part <= 0 or whole <= 0:
        return "0.0 %"
    tenths = part * 1000 // whole
    return f"{tenths // 10}.{tenths % 10} %" if tenths else "< 0.1 %"


def month(period: str) -> str:
    """2026-03 is March 2026."""
    year, _, number = period.partition("-")
    return f"{MONTHS[int(number) - 1]} {year}" if number.isdigit() and 1 <= int(number) <= 12 else period


def zone(name: str) -> ZoneInfo:
    """UTC where there is no such zone."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def local(seconds: int, name: str) -> datetime:
    return datetime.fromtimestamp(seconds, zone(name))


def clock(seconds: int, name: str) -> str:
    return local(seconds, name).strftime("%Y-%m-%d %H:%M")


def machine_time(seconds: int) -> str:
    """For the datetime attribute: UTC, with its zone."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
