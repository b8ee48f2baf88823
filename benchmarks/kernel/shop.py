"""A client under a retainer, its work drawn from a seed, and the same as a scenario."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from random import Random

import msgspec

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
    Technician,
    Tier,
    Window,
    object_body,
)
from streams.models.fact import Fact
from streams.models.work import Work, encode_work

TENANT = "bench"
BEGIN = int(datetime(2026, 1, 2, 6, tzinfo=UTC).timestamp())
_NAMES = {cls: name for name, cls in OBJECT_TYPES.items()}

CATALOGUE = """\
  organisation: {zone: America/New_York, calendar: office, rounding: quarters}
  clients: [{id: acme}, {id: beta}]
  technicians: [{id: ann, role: senior}, {id: bob}]
  calendars: [{id: office, windows: [{days: [mon, tue, wed, thu, fri], from: "08:00", until: "17:00", tier: standard}]}]
  tiers: [{id: after_hours, multiplier: 1.5, drawdown_multiplier: 1.5}]
  rounding: [{id: quarters, increment_minutes: 15}]
  rate_cards: [{id: base, lines: [{service: "*", rate: 100}, {service: "*", role: senior, rate: 140}]}]
  contracts:
    - {id: r, client: acme, kind: retainer, from: 2026-01-01, included_hours: 40, rollover: {periods: 1},
       overage_rate: 130, alerts: [80, 95]}
    - {id: h, client: beta}
"""


def objects(rate: int = 100) -> list[CatalogObject]:
    """A retainer with roll-over, draw-down multipliers, overage and alerts; a card with a role; office hours."""
    weekly = {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:00", "until": "17:00", "tier": "standard"}
    retainer = {
        "id": "r", "client": "acme", "kind": "retainer", "from": "2026-01-01", "included_hours": 40,
        "rollover": {"periods": 1}, "overage_rate": 130, "alerts": [80, 95],
    }  # fmt: skip
    return [
        Organisation(zone="America/New_York", calendar="office", rounding="quarters"),
        Client(id="acme"),
        Technician(id="ann", role="senior"),
        Calendar(id="office", windows=[Window.model_validate(weekly)]),
        Tier(id="after_hours", multiplier=Decimal("1.5"), drawdown_multiplier=Decimal("1.5")),
        Rounding(id="quarters", increment_minutes=15),
        RateCard(id="base", lines=[RateLine(rate=Decimal(rate)), RateLine(rate=Decimal(140), role="senior")]),
        Contract.model_validate(retainer),
    ]


def release(number: int, predecessor: str, rate: int = 100) -> list[Fact]:
    """The catalogue as facts; its release last."""
    facts = [
        Fact(
            kind="object", tenant=TENANT, id=f"{_NAMES[type(item)]}/{item.id}", rev=number,
            body=object_body("release", item),
        )
        for item in objects(rate)
    ]  # fmt: skip
    listed = {fact.id: (fact.rev, fact.digest()) for fact in facts}
    body = msgspec.json.encode(Release(number=number, predecessor=predecessor, objects=listed))
    return [*facts, Fact(kind="release", tenant=TENANT, id=f"release/{number}", rev=number, body=msgspec.Raw(body))]


def works(count: int, random: Random, begin: int = BEGIN) -> list[Work]:
    """Pieces of work one after the other, about 44 minutes apart, 2 to 50 minutes long, three to a ticket."""
    at, made = begin, []
    for number in range(count):
        at += random.randint(1200, 4000)
        spans = ((at, at + random.randint(120, 3000)),)
        made.append(
            Work(
                tenant=TENANT, id=f"w{begin}-{number:07}", kind="ticket_timer", client="acme", path="ticket",
                technician=random.choice(["ann", "bob"]), ticket=f"T{begin}-{number // 3}", spans=spans,
            )
        )  # fmt: skip
    return made


def work_fact(work: Work) -> Fact:
    return Fact(kind="work", tenant=TENANT, id=work.id, rev=0, body=msgspec.Raw(encode_work(work)))


def scenario(count: int, random: Random) -> Iterator[str]:
    """Lines of a scenario file with so many timers, half of them under the retainer."""
    yield f"as_of: 2036-01-01 00:00\ncatalogue:\n{CATALOGUE}events:\n"
    at = BEGIN
    for number in range(count):
        at += random.randint(1200, 4000)
        start, stop = (datetime.fromtimestamp(one, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for one in
                       (at, at + random.randint(120, 3000)))  # fmt: skip
        who, client = random.choice(["ann", "bob"]), random.choice(["acme", "beta"])
        yield f"  - {{timer: t{number}, technician: {who}, client: {client}, start: {start}, stop: {stop}}}\n"
