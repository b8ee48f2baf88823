"""Projects: work that belongs together, its price and milestones, its budget; and what an hour of anybody costs us."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from streams.models.catalog_base import Dated, Id

CostMultiplier = Annotated[Decimal, Field(gt=0)]


class Milestone(BaseModel):
    """Exactly one of ``amount`` and ``percent`` of the price is asked for when it is reached: ``on`` this day, or when
    a decision says so."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: Id
    amount: Decimal | None = Field(default=None, gt=0)
    percent: Decimal | None = Field(default=None, gt=0, le=100)
    on: date | None = None


class ChangeOrder(BaseModel):
    """Work beside what was agreed: every hour at its rate, and outside of the budget."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: Id
    tickets: list[str] = []
    services: list[Id] = []


class Project(Dated):
    """Work on its ``tickets``, and of its ``services``. Of a ``fixed_price`` no hour is charged, its milestones are."""

    name: str = ""
    client: Id
    kind: Literal["fixed_price", "time_and_materials"] = "fixed_price"
    tickets: list[str] = []
    services: list[Id] = []
    contract: Id | None = None  # whose rate cards hold for what is charged by the hour
    rounding: Id | None = None  # before the service's and the contract's
    price: Decimal | None = Field(default=None, gt=0)
    milestones: list[Milestone] = []
    budget_hours: Decimal | None = Field(default=None, gt=0)
    budget_money: Decimal | None = Field(default=None, gt=0)
    done_percent: Decimal | None = Field(default=None, gt=0, le=100)  # for the estimate at completion
    change_orders: list[ChangeOrder] = []


class CostLine(BaseModel):
    """What an hour costs us: of a technician, else of a role, else of anybody."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    technician: Id | None = None
    role: Id | None = None
    cost: Decimal = Field(ge=0)
    tiers: dict[str, CostMultiplier] = {}


class CostCard(Dated):
    """Holds in ``[from, until)``."""

    currency: str | None = None  # default: the organisation's
    lines: list[CostLine] = []
