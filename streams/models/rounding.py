"""Rounding policies of the catalogue."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field

from streams.models.catalog_base import CatalogObject


class Rounding(CatalogObject):
    """What is worked in one scope → what is billed. Minutes and seconds of one setting add up.

    ``threshold``: up from so much over an increment. ``grace``: up, but so much over is forgiven. ``instants`` round
    begin and end of a piece of work on the local clock.
    """

    mode: Literal["up", "down", "nearest", "half_down", "threshold", "grace"] = "up"
    increment_minutes: int = Field(default=0, ge=0, le=1440)
    increment_seconds: int = Field(default=0, ge=0, le=86_400)
    minimum_minutes: int = Field(default=0, ge=0, le=1440)
    minimum_seconds: int = Field(default=0, ge=0, le=86_400)
    slack_minutes: int = Field(default=0, ge=0, le=1440)  # of threshold and grace
    slack_seconds: int = Field(default=0, ge=0, le=86_400)
    first_block_minutes: int = Field(default=0, ge=0, le=1440)
    maximum_minutes: int = Field(default=0, ge=0, le=10_080)  # of a piece of work; 0: none. Beyond it is `capped`
    basis: Literal["duration", "instants"] = "duration"
    begin: Literal["up", "down", "nearest", "half_down", "exact"] = "down"
    end: Literal["up", "down", "nearest", "half_down", "exact"] = "up"
    order: Literal["largest", "minimum_then_round"] = "largest"
    anchor: Literal["zero", "minimum"] = "zero"  # where increments count from
    min_applies_to_zero: bool = False
    tier_minimums: dict[str, Annotated[int, Field(ge=0, le=1440)]] = {}  # minutes, before the tiers' own
    merge_minutes: int = Field(default=0, ge=0, le=1440)  # calls that begin so soon after the first belong to it
    top_up_contiguous: bool = False  # also where the work touches normal hours
    top_up_waivers: list[str] = []  # a ticket's waivers that spare it the minimum of a tier
    scope: Literal["entry", "ticket", "ticket_day", "client_day", "tech_day", "project_day", "period"] = "entry"
    surplus: Literal["last_segment", "pro_rata", "highest_rate", "each_segment", "first_swallows"] = "last_segment"

    @cached_property
    def increment(self) -> int:
        """Seconds; 0: exact."""
        return self.increment_minutes * 60 + self.increment_seconds

    @cached_property
    def minimum(self) -> int:
        """Seconds."""
        return self.minimum_minutes * 60 + self.minimum_seconds

    @cached_property
    def slack(self) -> int:
        """Seconds over an increment that make no difference (``grace``) or the first (``threshold``)."""
        return self.slack_minutes * 60 + self.slack_seconds

    @cached_property
    def first_block(self) -> int:
        """Seconds that the first second costs; increments count from its end."""
        return self.first_block_minutes * 60
