"""Calendars of the catalogue: holidays, windows, emergency rules, and the tiers they give."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from streams.models.catalog_base import CatalogObject, Clock, Day, Id


class HolidaySet(CatalogObject):
    """Public holidays of a country (ISO 3166) and a part of it, more ``dates``, fewer ``except``."""

    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = None
    subdivision: str | None = None
    observed: bool = True  # the working day that stands in for a holiday on a weekend is one too
    dates: list[date] = []
    except_: list[date] = Field(default=[], alias="except")


class Window(BaseModel):
    """A stretch of the days it names: by weekday, by date, by a set of holidays, whichever fits.

    ``from_day`` -1 begins the evening before. ``until`` at or before ``from`` ends on the next day, unless
    ``until_day`` says on which: 0 the day itself, 3 three days later.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    days: list[Day] = []
    dates: list[date] = []
    holidays: Id | None = None
    from_: Clock = Field(default="00:00", alias="from")
    until: Clock = "24:00"
    from_day: int = Field(default=0, ge=-7, le=0)
    until_day: int | None = Field(default=None, ge=0, le=7)
    tier: Id


class Condition(BaseModel):
    """Facts at the time of the work; all that are named must hold. Of a list one is enough."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    priority: list[str] = []
    requested_by: list[str] = []
    scheduled: bool | None = None
    response_target_below_minutes: int | None = Field(default=None, ge=1)
    waivers: list[str] = []
    within: list[Id] = []  # the calendar's tier then


class EmergencyRule(BaseModel):
    """``tier`` holds beside the calendar's while ``when`` holds, and ``waived_when`` surely does not."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    tier: Id
    when: Condition
    waived_when: Condition | None = None


class Calendar(CatalogObject):
    """Of ``windows`` the first that fits gives the tier; of ``premiums`` every one that fits holds beside it."""

    zone: str | None = None  # default: the client's
    windows: list[Window] = []
    otherwise: Id = "after_hours"  # the tier outside all windows
    premiums: list[Window] = []
    emergency: list[EmergencyRule] = []


class Tier(CatalogObject):
    name: str = ""
    multiplier: Decimal | None = Field(default=None, ge=0)
    drawdown_multiplier: Decimal | None = Field(default=None, gt=0)  # of prepaid quantities; default: 1
    minimum_minutes: int = Field(default=0, ge=0, le=1440)  # of work that touches this tier
