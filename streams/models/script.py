"""Script policies of the catalogue: what a run of a script costs, if anything."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field

from streams.models.catalog_base import Dated, Id

Bill = Literal["none", "flat_minutes", "flat_fee", "attended_runtime", "runtime", "per_device"]


class ScriptPolicy(Dated):
    """For runs of the scripts that ``match``: by name, by number or by service, exact or with one trailing ``*``.

    ``flat_minutes``: ``minutes`` of time for each run. ``flat_fee``: ``fee``. ``attended_runtime``: the technician sat
    by, the run is evidence like a session. ``runtime``: the time the machine took. ``per_device``: ``minutes`` or
    ``fee`` for each device, at most ``cap_minutes`` or ``cap_fee`` for one run over many.
    """

    client: Id | None = None  # None: for all
    match: list[str] = ["*"]
    bill: Bill = "none"
    minutes: int = Field(default=0, ge=0, le=1440)
    seconds: int = Field(default=0, ge=0, le=86_400)
    fee: Decimal | None = Field(default=None, ge=0)
    currency: str | None = None  # of the fee; default: the organisation's
    cap_minutes: int | None = Field(default=None, ge=0, le=10_080)
    cap_fee: Decimal | None = Field(default=None, ge=0)
    rounding: Id | None = None  # of the runtime; default: to the second
    add_always: bool = False  # also beside a timer or session of the technician that covers the run

    @property
    def flat(self) -> int:
        """Seconds of a run, or of a device."""
        return self.minutes * 60 + self.seconds

    @property
    def beside_people(self) -> bool:
        """Whether a run costs something of its own, and is no evidence of somebody's time."""
        return self.bill not in ("none", "attended_runtime")
