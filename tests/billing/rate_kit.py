"""What the tests of rating build with: short catalogues, short works, wall-clock instants."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import settings

from billing.book import CatalogState
from billing.statement import rate_client
from streams.models.catalog import (
    OBJECT_TYPES,
    Calendar,
    CatalogObject,
    Client,
    Contract,
    Organisation,
    RateCard,
    RateLine,
    Release,
    Rounding,
    Tier,
    Window,
    object_body,
)
from streams.models.entry import Entry
from streams.models.fact import Fact
from streams.models.interval import Span
from streams.models.work import Work, encode_work

TENANT = "main"
NEW_YORK = "America/New_York"
WEEKDAYS: list[Literal["mon", "tue", "wed", "thu", "fri"]] = ["mon", "tue", "wed", "thu", "fri"]
LAWS = settings(max_examples=100, deadline=None, database=None, derandomize=True)

_NAMES = {cls: name for name, cls in OBJECT_TYPES.items()}


@cache
def info_of(zone: str) -> ZoneInfo:
    """The rules of a zone from the pinned package; those of the machine may be of another year."""
    with files("tzdata").joinpath("zoneinfo", *zone.split("/")).open("rb") as source:
        return ZoneInfo.from_file(source, key=zone)


def at(text: str, zone: str = "UTC", fold: int = 0) -> int:
    """Seconds of a wall-clock time, "2026-03-08 01:30" or with seconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=info_of(zone), fold=fold).timestamp())


def span(start: str, end: str, zone: str = "UTC") -> Span:
    return at(start, zone), at(end, zone)


def work(id_: str, *spans: Span, **given: Any) -> Work:
    """Work of Ann at client acme on ticket T1, unless told otherwise."""
    fields: dict[str, Any] = {
        "kind": "ticket_timer",
        "technician": "ann",
        "client": "acme",
        "ticket": "T1",
        "path": "ticket",
    }
    return Work(tenant=TENANT, id=id_, spans=spans, **(fields | given))


def worked(minutes: float, id_: str = "w", start: str = "2026-03-03 10:00", **given: Any) -> Work:
    begin = at(start)
    return work(id_, (begin, begin + int(minutes * 60)), **given)


def catalogue(zone: str = "UTC", rate: str = "100", **rounding: Any) -> list[CatalogObject]:
    """An organisation, one client with a contract, one card; ``rounding`` fields make the contract's policy."""
    return [
        Organisation(zone=zone, currency="USD"),
        Client(id="acme"),
        Contract(id="acme-tm", client="acme", rounding="policy" if rounding else None),
        RateCard(id="base", lines=[RateLine(rate=Decimal(rate))]),
        *([Rounding(id="policy", **rounding)] if rounding else []),
    ]


def office_hours(multiplier: str = "1.5") -> list[CatalogObject]:
    """Standard from Monday to Friday, 08:00-17:00; everything else is after hours."""
    hours = Window.model_validate({"days": WEEKDAYS, "from": "08:00", "until": "17:00", "tier": "standard"})
    return [Calendar(id="std", windows=[hours]), Tier(id="after_hours", multiplier=Decimal(multiplier))]


def with_calendar(objects: Iterable[CatalogObject], calendar: str = "std") -> list[CatalogObject]:
    """The same catalogue, the organisation's calendar set."""
    return [one.model_copy(update={"calendar": calendar}) if isinstance(one, Organisation) else one for one in objects]


def object_fact(item: CatalogObject, rev: int = 1, origin: Literal["release", "directory"] = "release") -> Fact:
    name = f"{_NAMES[type(item)]}/{item.id}"
    return Fact(kind="object", tenant=TENANT, id=name, rev=rev, body=object_body(origin, item))


def work_fact(item: Work, rev: int = 1) -> Fact:
    return Fact(kind="work", tenant=TENANT, id=item.id, rev=rev, body=msgspec.Raw(encode_work(item)))


def release_facts(objects: Sequence[CatalogObject], number: int = 1, predecessor: str = "") -> list[Fact]:
    """The objects and, last, the release that makes them hold."""
    facts = [object_fact(item, rev=number) for item in objects]
    release = Release(
        number=number, predecessor=predecessor, objects={fact.id: (fact.rev, fact.digest()) for fact in facts}
    )
    body = msgspec.Raw(msgspec.json.encode(release))
    return [*facts, Fact(kind="release", tenant=TENANT, id=str(number), rev=number, body=body)]


def book_of(objects: Sequence[CatalogObject]) -> CatalogState:
    book = CatalogState()
    for fact in release_facts(objects):
        book.fold(fact)
    return book


def rated(objects: Sequence[CatalogObject], *works: Work, client: str = "acme") -> list[Entry]:
    return rate_client(client, works, book_of(objects))


def money(entries: Iterable[Entry]) -> Decimal:
    """The total in major units; of one currency."""
    return sum((Decimal(one.amount).scaleb(-one.exponent) for one in entries), Decimal(0))


def minutes(entries: Iterable[Entry]) -> list[float]:
    """Billed minutes, row by row."""
    return [one.quantity_seconds / 60 for one in entries]
