"""Contracts: what they take, what is prepaid, what happens when it is used up."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from streams.models.catalog_base import Dated, Id
from streams.models.limits import Allowance, Limit

Multiplier = Annotated[Decimal, Field(gt=0)]
Percent = Annotated[Decimal, Field(gt=0, le=100)]


class Exclusion(BaseModel):
    """What a contract does not take: services (exact or with one trailing ``*``) and tiers."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    services: list[str] = []
    tiers: list[str] = []


class Lot(BaseModel):
    """A prepaid quantity: exactly one of ``hours``, ``money`` and ``incidents``. Drawn from ``from`` to the day before
    ``until``; with ``spread`` in so many equal parts, one a cycle from ``from`` on."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    id: Id
    from_: date = Field(alias="from")
    until: date | None = None
    hours: Decimal | None = Field(default=None, gt=0)
    money: Decimal | None = Field(default=None, gt=0)
    incidents: int | None = Field(default=None, gt=0)
    price: Decimal | None = Field(default=None, ge=0)  # what was paid for all of it
    priority: int = 0  # the smaller goes first
    granted: bool = False  # given, not sold: goes before what was purchased
    spread: int = Field(default=1, ge=1, le=120)
    carry: bool = False  # what is left of a part is kept until the lot ends


class Rollover(BaseModel):
    """What is left at the end of a cycle is kept for so many ``periods`` more (None: for good), at most and at least
    so much; only where a whole cycle includes more than ``above``."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    periods: int | None = Field(default=None, ge=1)
    max_hours: Decimal | None = Field(default=None, ge=0)
    max_money: Decimal | None = Field(default=None, ge=0)
    max_incidents: int | None = Field(default=None, ge=0)
    percent: Decimal | None = Field(default=None, ge=0)  # of what a whole cycle includes
    min_hours: Decimal | None = Field(default=None, ge=0)
    min_money: Decimal | None = Field(default=None, ge=0)
    min_incidents: int | None = Field(default=None, ge=0)
    above_hours: Decimal | None = Field(default=None, ge=0)
    above_money: Decimal | None = Field(default=None, ge=0)
    above_incidents: int | None = Field(default=None, ge=0)


class Drawdown(BaseModel):
    """How fast prepaid time is used up: multipliers of the quantity, by tier and role; or the price of the work over
    ``block_rate``, the price of a prepaid hour."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    tiers: dict[str, Multiplier] = {}
    roles: dict[str, Multiplier] = {}
    block_rate: Decimal | None = Field(default=None, gt=0)


class Fee(BaseModel):
    """An amount that does not depend on work: for each cycle, or once. In ``advance`` it is asked for on the first day
    of what it pays for, in ``arrears`` on the last."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    id: Id
    amount: Decimal = Field(gt=0)
    every: Literal["once", "month", "quarter", "year"] | None = None  # default: the contract's cycle
    timing: Literal["advance", "arrears"] = "advance"
    prorate: bool | None = None  # default: as the contract says
    from_: date | None = Field(default=None, alias="from")  # default: with the contract
    until: date | None = None


class Contract(Dated):
    """``flat_fee`` and ``fixed_price`` cover all that they take: no hour of it is charged. ``block_hours`` draws on
    ``lots``; ``retainer`` on what each cycle includes, and on lots beside it; ``per_incident`` on both, by the ticket
    and whatever its hours."""

    kind: Literal["time_and_materials", "flat_fee", "fixed_price", "block_hours", "retainer", "per_incident"] = (
        "time_and_materials"
    )
    client: Id
    services: list[str] = ["*"]
    ticket_types: list[str] = []  # empty: all, and work without a ticket
    sites: list[str] = []  # empty: all
    order: int = 0  # of contracts that fit, the smallest takes the work; of equal ones the most exact
    exclude: Exclusion = Exclusion()
    fallback: Id | None = None  # the contract that takes what this one excludes
    rounding: Id | None = None
    calendar: Id | None = None
    rate_change: Literal["split", "pin_to_start", "pin_to_end"] = "split"  # a price that changes inside a piece of work
    max_concurrent_technicians: int | None = Field(default=None, ge=1)  # billed at one instant
    concurrency: Literal["contract", "ticket"] = "contract"  # among whom they are counted
    not_to_exceed: list[Limit] = []
    free_first: list[Allowance] = []
    lots: list[Lot] = []
    cycle: Literal["month", "quarter", "year"] = "month"
    cycle_day: int = Field(default=1, ge=1, le=28)  # of its first month
    included_hours: Decimal | None = Field(default=None, ge=0)
    included_money: Decimal | None = Field(default=None, ge=0)
    included_incidents: int | None = Field(default=None, ge=0)
    incident_price: Decimal | None = Field(default=None, ge=0)  # of one beyond the balance; default: by the hour
    prorate: bool = True  # first and last cycle by days
    rollover: Rollover | None = None
    current_first: bool = False
    drawdown: Drawdown = Drawdown()
    overage_rate: Decimal | None = Field(default=None, ge=0)  # per hour; default: the rate card
    overage_multiplied: bool = False  # by the draw-down multiplier, too
    premium: Literal["quantity", "price"] = "quantity"  # where the premium of a tier goes on prepaid hours
    on_exhausted: Literal["overage", "overrun_limit", "hold", "carry_debt"] = "overage"
    overrun_percent: Decimal = Field(default=Decimal(0), ge=0)
    minimum_available_hours: Decimal | None = Field(default=None, ge=0)  # of a cycle, whatever is owed
    minimum_available_money: Decimal | None = Field(default=None, ge=0)
    minimum_available_incidents: int | None = Field(default=None, ge=0)
    alerts: list[Percent] = []  # of what was there when the last lot or cycle began
    fees: list[Fee] = []
    minimum: Decimal | None = Field(default=None, gt=0)  # that work brings in each cycle; what lacks is a true-up
    maximum: Decimal | None = Field(default=None, gt=0)  # that work costs in each cycle; what is beyond is a discount
