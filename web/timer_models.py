"""What goes in and out at /v1/timers. Instants are RFC 3339; lengths are whole seconds that really passed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from streams.models.catalog_base import Id
from streams.models.event import EARLIEST_MS, LATEST_MS
from streams.models.instant import to_ms
from web.timer_actions import SERVICE, Reason
from web.timer_board import State

MOST_NOTE = 2000


def _usable(at: datetime) -> datetime:
    if not EARLIEST_MS <= to_ms(at) < LATEST_MS:
        raise ValueError("an instant from 2000 to 2099")
    return at


TimerId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{8,64}$")]
Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,80}$")]
Instant = Annotated[AwareDatetime, AfterValidator(_usable)]
TicketId = Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=r"^[^|\x00-\x1f\x7f/]+$")]
Service = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,80}$")]
Text = Annotated[str, StringConstraints(max_length=MOST_NOTE, pattern=r"^[^\x00]*$")]


class Click(BaseModel):
    """`timer` and `key` are yours: a click that is sent twice, or by two tabs, with the same timer and key is one
    event. `at` is when it was clicked, `sent_at` what the same clock shows as the request leaves."""

    model_config = ConfigDict(extra="forbid")
    timer: TimerId = Field(examples=["0f9d3c1e-5a64-4f0b-9f0e-2f6f5f1b7d11"])
    key: Key = Field(examples=["stop-1"])
    at: Instant | None = None
    sent_at: Instant | None = None


class Start(Click):
    """On a ticket, for a client, or on nothing yet. A ticket that nobody knows is kept as written."""

    ticket: TicketId | None = None
    client: Id | None = None
    service: Service = SERVICE
    note: Text | None = None


class Write(Click):
    text: Text


class Correct(Click):
    """What is left out stays as it is."""

    reason: Reason
    started_at: Instant | None = None
    ended_at: Instant | None = None
    ticket: TicketId | None = None
    client: Id | None = None
    text: Text | None = Field(default=None, description="In your own words; kept as long as notes are.")


class Subject(BaseModel):
    """A ticket or a client to work for. `ticket` and `client` are ids of the catalogue."""

    ticket: str | None = None
    label: str = Field(default="", description="What people call the ticket: its number.")
    title: str = ""
    client: str | None = None
    client_name: str = ""


class Stretch(BaseModel):
    started_at: datetime
    ended_at: datetime


class TimerView(Subject):
    """`seconds` are those of the closed stretches; `open_from` is when the one that runs began.
    `estimated_end`: nobody stopped it, and this is what the pipeline infers."""

    timer: str
    activity: str = Field(description="Its id in the ledger's evidence.")
    state: State
    started_at: datetime
    ended_at: datetime | None = None
    open_from: datetime | None = None
    stretches: list[Stretch] = []
    seconds: int
    keys: list[str] = Field(default=[], description="Keys of the clicks that made it what it is.")
    note: str = ""
    flags: list[str] = []
    estimated_end: datetime | None = None


class Captured(Subject):
    """What the pipeline saw of the technician without one of these timers."""

    id: str
    kind: str
    tool: str
    device: str = ""
    started_at: datetime
    ended_at: datetime
    seconds: int
    running: bool = False
    automatic: bool = False


class Day(BaseModel):
    """`timers` are those of the day, and whatever runs, waits or was forgotten. `now` is the server's clock."""

    technician: str
    name: str
    day: str
    zone: str
    begins: datetime
    ends: datetime
    now: datetime
    single: bool = Field(description="A timer that starts pauses the others.")
    timers: list[TimerView]
    captured: list[Captured]
    mine: list[Subject]
    recent: list[Subject]


class Done(BaseModel):
    """The click is in Kafka, acknowledged by all replicas."""

    timer: str
    event: str = Field(description="Id of the event.")
    at: datetime = Field(description="The instant that counts.")
    repeated: bool = Field(description="It was there already.")
    current: list[TimerView] = Field(description="What runs, waits or was forgotten now.")


class Current(BaseModel):
    now: datetime
    current: list[TimerView]


class Found(BaseModel):
    results: list[Subject]


class Choice(BaseModel):
    """Somebody whose timers an admin may keep."""

    technician: str
    name: str
