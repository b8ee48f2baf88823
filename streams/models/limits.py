"""What a contract promises beside its prices: not to exceed an amount, not to charge the first minutes."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from streams.models.catalog_base import Id

Reach = Literal["entry", "ticket", "period"]
"""A piece of work; all work of a ticket (without one a piece of work); the client's local month."""


class Limit(BaseModel):
    """No more than ``amount`` is billed for what ``services`` (exact or with one trailing ``*``) take in one
    ``scope``; the rest is `capped`. ``currency`` None: the amount holds in each currency apart."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    amount: Decimal = Field(ge=0)
    scope: Reach = "entry"
    services: list[str] = ["*"]
    currency: str | None = None


class Allowance(BaseModel):
    """The first ``minutes`` (and ``hours``) of a scope that would be billed are at no charge."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    minutes: int = Field(default=0, ge=0, le=100_000)
    hours: int = Field(default=0, ge=0, le=10_000)
    scope: Reach = "entry"
    services: list[str] = ["*"]

    @property
    def seconds(self) -> int:
        return self.minutes * 60 + self.hours * 3600


class Site(BaseModel):
    """A place of a client. ``zone`` None: the client's."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: Id
    name: str = ""
    zone: str | None = None
