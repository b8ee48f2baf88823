"""What all objects of the catalogue have in common: ids, clock times, dates from which they hold."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Id = Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=r"^[^|\x00-\x1f/]+$")]
Reference = Annotated[str, StringConstraints(min_length=1, max_length=700, pattern=r"^[^|\x00-\x1f]+$")]
"""Another object: its catalogue id, or "source=native id" (an alias), as a connector knows it."""
Clock = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Aliases = dict[str, list[str]]


class CatalogObject(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    id: Id


class Dated(CatalogObject):
    from_: date | None = Field(default=None, alias="from")
    until: date | None = None
