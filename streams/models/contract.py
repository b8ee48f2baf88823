"""Contracts: what they take, what is prepaid, what happens when it is used up."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from streams.models.catalog_base import Dated, Id

Multiplier = Annotated[Decimal, Field(gt=0)]


class Exclusion(BaseModel):
    """What a contract does not take: services (exact or with one trailing ``*``) and tiers."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    services: list[str] = []
    tiers: list[str] = []


class Lot(BaseModel):
    """A prepaid quantity: exactly one of ``hours`` and ``money``. Drawn from ``from`` to the day before ``until``."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    id: Id
    from_: date = Field(alias="from")
    until: date | None = None
    hours: Decimal | None = Field(default=None, gt=0)
    money: Decimal | None = Field(default=None, gt=0)
    priority: int = 0  # the smaller goes first
    granted: bool = False  # given, not sold: goes before what was purchased


class Rollover(BaseModel):
    """What is left at the end of a cycle is kept for so many ``periods`` more (None: for good), at most so much."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    periods: int | None = Field(default=None, ge=1)
    max_hours: Decimal | None = Field(default=None, ge=0)
    percent: Decimal | None = Field(default=None, ge=0)  # of what a whole cycle includes


class Drawdown(BaseModel):
    """How fast prepaid time is used up: multipliers of the quantity, by tier and role."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    tiers: dict[str, Multiplier] = {}
    roles: dict[str, Multiplier] = {}


class Contract(Dated):
    """``flat_fee`` and ``fixed_price`` cover all that they take: no hour of it is charged. ``block_hours`` draws on
    ``lots``; ``retainer`` on what each cycle includes, and on lots beside it."""

    kind: Literal["time_and_materials", "flat_fee", "fixed_price", "block_hours", "retainer"] = "time_and_materials"
    client: Id
    services: list[str] = ["*"]
    exclude: Exclusion = Exclusion()
    fallback: Id | None = None  # the contract that takes what this one excludes
    rounding: Id | None = None
    calendar: Id | None = None
    rate_change: Literal["split", "pin_to_start"] = "split"  # a price that changes inside a piece of work
    lots: list[Lot] = []
    cycle: Literal["month", "quarter", "year"] = "month"
    cycle_day: int = Field(default=1, ge=1, le=28)  # of its first month
    included_hours: Decimal | None = Field(default=None, ge=0)
    included_money: Decimal | None = Field(default=None, ge=0)
    prorate: bool = True  # first and last cycle by days
    rollover: Rollover | None = None
    current_first: bool = False
    drawdown: Drawdown = Drawdown()
    overage_rate: Decimal | None = Field(default=None, ge=0)  # per hour; default: the rate card
    overage_multiplied: bool = False  # by the draw-down multiplier, too
    on_exhausted: Literal["overage", "overrun_limit", "hold"] = "overage"
    overrun_percent: Decimal = Field(default=Decimal(0), ge=0)
