"""The catalogue's objects, as written in YAML and as facts. One class an object type.

A date is midnight in the client's zone (the organisation's for what has no client). Money and multipliers are
exact decimals, written as text in JSON. ``aliases`` map a source ("meshcentral", or "meshcentral:mesh1" for one
instance) to the ids that source uses.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

import msgspec
import orjson
from pydantic import BaseModel, ConfigDict, Field

from streams.models.calendar import Calendar as Calendar
from streams.models.calendar import Condition as Condition
from streams.models.calendar import EmergencyRule as EmergencyRule
from streams.models.calendar import HolidaySet as HolidaySet
from streams.models.calendar import Tier as Tier
from streams.models.calendar import Window as Window
from streams.models.catalog_base import Aliases, Id, Reference
from streams.models.catalog_base import CatalogObject as CatalogObject
from streams.models.catalog_base import Dated as Dated
from streams.models.contract import Contract as Contract
from streams.models.contract import Drawdown as Drawdown
from streams.models.contract import Exclusion as Exclusion
from streams.models.contract import Fee as Fee
from streams.models.contract import Lot as Lot
from streams.models.contract import Rollover as Rollover
from streams.models.limits import Allowance as Allowance
from streams.models.limits import Limit as Limit
from streams.models.limits import Site as Site
from streams.models.project import CostCard as CostCard
from streams.models.project import CostLine as CostLine
from streams.models.project import Project as Project
from streams.models.rounding import Rounding as Rounding
from streams.models.script import ScriptPolicy as ScriptPolicy


class ForgottenTimer(BaseModel):
    """What ends a timer nobody stopped: its last evidence plus ``grace_minutes``, else ``cap_hours``."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    grace_minutes: int = Field(default=5, ge=0, le=120)
    cap_hours: int = Field(default=8, ge=1, le=24)


class Organisation(CatalogObject):
    id: Id = "organisation"
    name: str = ""
    zone: str = "UTC"
    currency: str = "USD"
    calendar: Id | None = None
    rounding: Id | None = None
    merge_gap_minutes: int = Field(default=5, ge=0, le=120)
    timers: Literal["single", "parallel"] = "single"
    overlap: Literal["bill_each", "clip", "warn"] = "bill_each"  # of one technician at several clients
    forgotten_timer: ForgottenTimer = ForgottenTimer()
    grace_days: int | None = Field(default=None, ge=0, le=31)  # a month is locked for edits by hand so long after it
    retention_days: int | None = Field(default=None, ge=1, le=36500)  # closed work is worked with so long; None: always


class Client(CatalogObject):
    name: str = ""
    zone: str | None = None
    internal: bool = False  # our own work: never billed
    sites: list[Site] = []
    aliases: Aliases = {}


class Technician(CatalogObject):
    name: str = ""
    email: str | None = None
    role: Id | None = None  # what rate lines may name: engineer, senior
    aliases: Aliases = {}


class Move(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    client: Id
    from_: date = Field(alias="from")
    site: Id | None = None  # of that client


class Device(CatalogObject):
    name: str = ""
    client: Reference | None = None
    site: Id | None = None  # of the client
    contact: str = ""  # the person at the client who works on it
    moves: list[Move] = []  # later owners, by date
    aliases: Aliases = {}


class TicketFacts(BaseModel):
    """What a tool or a person says of a ticket's urgency; None where nobody says it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    priority: str | None = None
    requested_by: str | None = None
    scheduled: bool | None = None
    response_target_minutes: int | None = Field(default=None, ge=0)
    waivers: list[str] | None = None  # why no emergency price or top-up is asked for


class TicketChange(TicketFacts):
    """What it names holds from ``at`` on; the rest stays as it was."""

    at: datetime


class TicketActivity(BaseModel):
    """A technician (catalogue id or "source=native id") wrote on the ticket or changed it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    at: datetime
    technician: str


class Ticket(CatalogObject, TicketFacts):
    """``technicians`` are catalogue ids or "source=native id"; ``closed`` None while open. The facts of its urgency
    hold from the beginning, until a change says otherwise. ``activity`` None: the source tells of none; an empty list
    says that nobody did anything."""

    title: str = ""
    type: str | None = None  # as the tool calls it: incident, project, alert
    client: Reference | None = None
    site: Id | None = None  # of the client; else the device's
    device: Reference | None = None
    technicians: list[str] = []
    contact: str = ""  # the person at the client who asked for it
    opened: datetime | None = None
    closed: datetime | None = None
    changes: list[TicketChange] = []
    activity: list[TicketActivity] | None = None
    aliases: Aliases = {}


class Service(CatalogObject):
    """``match``: event services, exact or with one trailing ``*``; the longest match wins, then the id."""

    name: str = ""
    match: list[str] = []
    billable: bool = True
    rounding: Id | None = None  # its own policy, before the contract's


class TierPrice(BaseModel):
    """Exactly one of ``rate`` (per hour) and ``multiplier`` (of the line's rate)."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    rate: Decimal | None = Field(default=None, ge=0)
    multiplier: Decimal | None = Field(default=None, ge=0)


class PriceStep(BaseModel):
    """What an hour costs beyond so many hours of the client's month, under one contract."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    over_hours: Decimal = Field(gt=0)
    rate: Decimal = Field(ge=0)


class RateLine(BaseModel):
    """A price, for what the line names: a service ("*" for all), a role, a technician, a tier.

    Exactly one of: ``rate`` per hour at the standard tier, with what other ``tiers`` make of it; ``flat``, an amount
    for each piece of work whatever its length; and ``multiplier``, ``percent`` (of the rate) or ``plus`` (per hour,
    may be negative), which change the rate of the line that would hold without this one; or ``pack_price`` for each
    pack of ``pack_minutes`` that the month's work begins. ``steps`` change the ``rate`` with the hours of the month:
    for the hours beyond (``graduated``), or for all of them (``volume``). ``trip_fee`` is charged
    once, on the first segment of a piece of work, unless the ticket has one of ``trip_fee_waivers`` then.
    ``first_block`` is the price of the rounding policy's first block. A piece of work is billed at least ``floor``,
    with ``floor_below_minutes`` only if it is billed less time than that.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    service: str = "*"
    role: Id | None = None
    technician: Id | None = None
    tier: Id | None = None
    rate: Decimal | None = Field(default=None, ge=0)
    flat: Decimal | None = Field(default=None, ge=0)
    multiplier: Decimal | None = Field(default=None, ge=0)
    percent: Decimal | None = Field(default=None, ge=0)
    plus: Decimal | None = None
    tiers: dict[str, TierPrice] = {}
    trip_fee: Decimal | None = Field(default=None, ge=0)
    trip_fee_waivers: list[str] = []
    first_block: Decimal | None = Field(default=None, ge=0)
    floor: Decimal | None = Field(default=None, ge=0)
    floor_below_minutes: int = Field(default=0, ge=0, le=1440)  # 0: whatever the time
    steps: list[PriceStep] = []
    pricing: Literal["graduated", "volume"] = "graduated"
    pack_price: Decimal | None = Field(default=None, ge=0)
    pack_minutes: int = Field(default=15, ge=1, le=10_000)


class RateCard(Dated):
    """For one project, for one contract, for one client, or for all. Holds in ``[from, until)``."""

    client: Id | None = None
    contract: Id | None = None
    project: Id | None = None
    currency: str | None = None  # default: the organisation's
    stacking: Literal["highest", "multiply", "add"] = "highest"  # of several tiers that hold at once
    lines: list[RateLine] = []


OBJECT_TYPES: dict[str, type[CatalogObject]] = {
    "organisation": Organisation,
    "client": Client,
    "technician": Technician,
    "device": Device,
    "ticket": Ticket,
    "service": Service,
    "holiday_set": HolidaySet,
    "calendar": Calendar,
    "tier": Tier,
    "rounding": Rounding,
    "rate_card": RateCard,
    "contract": Contract,
    "script_policy": ScriptPolicy,
    "project": Project,
    "cost_card": CostCard,
}
DIRECTORY_TYPES = ("client", "technician", "device", "ticket")  # may also come from connectors, without a release


def object_body(origin: Literal["release", "directory"], item: CatalogObject) -> msgspec.Raw:
    """Canonical body of an ``object`` fact: sorted keys, defaults left out."""
    data = item.model_dump(mode="json", by_alias=True, exclude_defaults=True) | {"id": item.id}
    return msgspec.Raw(orjson.dumps({"origin": origin, "data": data}, option=orjson.OPT_SORT_KEYS))


def parse_object(key: str, body: bytes) -> tuple[str, CatalogObject]:
    """``("release" | "directory", object)`` from a fact's id ("client/acme") and body."""
    raw: dict[str, Any] = orjson.loads(body)
    return raw["origin"], OBJECT_TYPES[key.split("/", 1)[0]].model_validate(raw["data"])


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """Body of a ``release`` fact: holds as a whole or not at all.

    ``predecessor`` is the digest of the release before it ("" for the first); a release that names another one
    than the current head is stale and refused. ``objects`` maps "client/acme" to (revision, digest).
    """

    number: int
    predecessor: str
    objects: dict[str, tuple[int, str]]
    note: str = ""
