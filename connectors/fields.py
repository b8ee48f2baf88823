"""The named values of one row, read strictly where we need them. Every refusal names the field."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from connectors.base import Bad, Row, decode
from connectors.instants import Local, NotAnInstant, parse_instant
from streams.models.event import EARLIEST_MS, LATEST_MS, Plain, Ref

MAX_TEXT = 200  # characters of an id or a name; the longest real ones are below 100
MAX_SECONDS = 400 * 86_400  # no session, run or timer lasts longer
NOBODY = frozenset({"", "system"})  # automation, never a person
_NOT_IN_IDS = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def json_fields(row: Row) -> Fields:
    """The named values of a JSON row."""
    value = decode(row)
    if not isinstance(value, dict):
        raise Bad("wrong_shape", kind_of(value), "an object with named values")
    return Fields(value)


@dataclass(frozen=True, slots=True)
class Fields:
    """The named values of one row, read strictly where we need them. Every refusal names the field."""

    values: dict[str, Any]
    zone: ZoneInfo | None = None

    def get(self, name: str) -> Any:
        return self.values.get(name)

    def id(self, name: str) -> str:
        """A needed id, as text: numbers keep every digit."""
        found = self.maybe_id(name)
        if found is None:
            if name not in self.values:
                raise Bad("missing_key", f"no {name}", f"a value under {name}")
            raise Bad("empty_value", f"{name} is empty", f"a value under {name}")
        if not found.isprintable():
            raise Bad("bad_row", f"{name} is {shown(found)}", "printable characters")
        return found

    def maybe_id(self, name: str) -> str | None:
        """An id or name as text, None where the source leaves it out, empty or null."""
        value = self.values.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
            if digits(value) > MAX_TEXT:
                raise Bad("too_large", f"{name} of more than {MAX_TEXT} characters", "a shorter one")
            text = str(value).strip()
            if _NOT_IN_IDS.search(text):
                raise Bad("bad_row", f"{name} is {shown(text)}", "text without control characters")
            return text or None
        raise Bad("wrong_shape", f"{name} is {kind_of(value)}", "text or a whole number")

    def needs(self, *names: str) -> None:
        for name in names:
            if name not in self.values:
                raise Bad("missing_key", f"no {name}", f"a value under {name}, be it empty")

    def person(self, name: str) -> Ref | None:
        """Who did it; None for nobody, automation and guests, never a default person."""
        who = self.maybe_id(name)
        return None if who is None or who.casefold() in NOBODY else Ref(native_id=who)

    def ref(self, name: str, label: str = "") -> Ref | None:
        """Something as the source names it. ``label`` is for display only, so an odd one is left out."""
        found = self.maybe_id(name)
        if found is None:
            return None
        return Ref(native_id=found, name=self.label(label) or None)

    def label(self, name: str) -> str:
        """A name for display, "" where there is none or an odd one."""
        found = self.values.get(name)
        return found if isinstance(found, str) and len(found) <= MAX_TEXT and found.isprintable() else ""

    def numbers(self, *names: str) -> dict[str, Plain]:
        """Those of the names that hold a whole number of a size that can be real."""
        found = {name: self.values.get(name) for name in names}
        return {
            name: value
            for name, value in found.items()
            if isinstance(value, int) and not isinstance(value, bool) and -(1 << 63) <= value < 1 << 63
        }

    def truth(self, name: str) -> bool | None:
        value = self.values.get(name)
        if value is None or isinstance(value, bool):
            return value
        raise Bad("wrong_shape", f"{name} is {kind_of(value)}", "true, false or null")

    def instant(self, name: str) -> int:
        found = self.maybe_instant(name)
        if found is None:
            self.id(name)  # says whether it is missing or empty
            raise AssertionError(name)
        return found

    def maybe_instant(self, name: str) -> int | None:
        """Milliseconds since 1970 from ISO text with an offset, or without one in the zone given."""
        local = self.local(name)
        if local is None:
            return None
        return checked(name, self._one(name, local))

    def local(self, name: str) -> Local | None:
        value = self.values.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise Bad("wrong_shape", f"{name} is {kind_of(value)}", "a date and time as text")
        try:
            return parse_instant(value)
        except NotAnInstant as error:
            raise Bad("bad_row", f"{name} is {shown(value)}", str(error)) from None

    def _one(self, name: str, local: Local) -> int:
        found = local.readings(self.zone)
        if not found:
            raise no_reading(name, local, self.zone)
        return found[0]

    def millis(self, name: str) -> int | None:
        """A length given in seconds, as number or decimal text, in whole ms (floored, exact)."""
        return millis(name, self.values.get(name))


def digits(value: str | int) -> int:
    """Characters of a text, or about as many digits as a whole number has, without writing it out."""
    return len(value) if isinstance(value, str) else value.bit_length() * 3 // 10


def millis(name: str, value: Any) -> int | None:
    """Seconds → ms, exactly. None for none; refuses what is no number, negative, or beyond ``MAX_SECONDS``."""
    if value is None or value == "":
        return None
    number = value
    if isinstance(value, str):
        try:
            number = Decimal(value.strip()) if value.isascii() and len(value) <= 40 else None
        except ArithmeticError:
            number = None
    if isinstance(number, bool) or not isinstance(number, int | Decimal):
        raise Bad("wrong_shape", f"{name} is {shown(value)}", "a number of seconds")
    if isinstance(number, Decimal) and not number.is_finite():
        raise Bad("wrong_shape", f"{name} is {shown(value)}", "a number of seconds")
    if not 0 <= number <= MAX_SECONDS:
        raise Bad("instant_out_of_range", f"{name} is {shown(value)}", f"between 0 and {MAX_SECONDS} seconds")
    return int(number * 1000)


def checked(name: str, at: int) -> int:
    if not EARLIEST_MS <= at < LATEST_MS:
        raise Bad("instant_out_of_range", f"{name} is {at} ms since 1970", "an instant between 2000 and 2100")
    return at


def no_reading(name: str, local: Local, zone: ZoneInfo | None) -> Bad:
    """Why a text time has no instant: no zone is known, or the clock never showed it there."""
    seen = f"{name} is {local.text!r}"
    if zone is None:
        remedy = "Import again with --zone and the time zone of the tool, such as --zone America/New_York."
        return Bad("bad_row", f"{seen}, without a zone", "a time with Z or an offset", remedy)
    remedy = "Check --zone: this time falls into the hour that is skipped in spring."
    return Bad("bad_row", f"{seen}, which no clock in {zone.key} showed", "a time that existed", remedy)


def kind_of(value: Any) -> str:
    names = {
        dict: "an object",
        list: "a list",
        bool: "true or false",
        Decimal: "a fraction",
        str: "text",
        int: "a number",
    }
    return names.get(type(value), "nothing")


def shown(value: Any) -> str:
    """A value for a message, short. Long whole numbers are not written out: that alone can take minutes."""
    if isinstance(value, int) and digits(value) > MAX_TEXT:
        return "a very long number"
    text = repr(str(value) if isinstance(value, Decimal) else value)
    return text if len(text) <= 60 else text[:57] + "…"
