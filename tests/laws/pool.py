"""The small world that histories are drawn from: two technicians, two clients, three devices, a month's end.

Few facts, close together, so that everything that can meet does: edits, voids, overlaps, moves of devices, tickets
and period boundaries.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import strategies as st

from streams.models.catalog import OBJECT_TYPES, CatalogObject, Release, object_body
from streams.models.decision import Decision, Piece, encode_decision
from streams.models.event import Event, Ref, TicketRef, activity_id
from streams.models.fact import Fact

TENANT = "t"
BASE = datetime(2026, 3, 31, 23, 30, tzinfo=UTC)  # a month ends here in UTC, half an hour later
BASE_S = int(BASE.timestamp())
MARK_S = BASE_S + 5 * 86400
SOURCE = "desk:x"


def instant(minute: int) -> int:
    return (BASE_S + minute * 60) * 1000


@st.composite
def events(draw: st.DrawFn) -> Event:
    """One event of one of five activities; few instants, so that they overlap, touch and tie."""
    number = draw(st.integers(0, 4))
    kind = "ticket_timer" if number < 2 else "remote_session"
    phase = draw(st.sampled_from(["interval", "interval", "interval", "start", "stop", "void"]))
    revision = draw(st.integers(0, 2))
    start = draw(st.integers(0, 5)) * 10
    fields: dict[str, Any] = {
        "tenant": TENANT,
        "source": SOURCE,
        "activity_id": activity_id(SOURCE, f"a{number}"),
        "source_event_id": f"a{number}/{phase}" + ("" if phase in ("interval", "void") else f"/{start}"),
        "kind": kind,
        "phase": phase,
        "service": "timer.ticket" if kind == "ticket_timer" else "remote.desktop",
        "technician": Ref(draw(st.sampled_from(["ann", "ann", "bob"]))),
        "device": Ref(draw(st.sampled_from(["d1", "d1", "d2", "d3"]))),
    }
    ticket = draw(st.sampled_from([None, None, "k1", "k2"]))
    if ticket or kind == "ticket_timer":
        fields["ticket"] = TicketRef(ticket or "k1")
    if phase == "interval":
        length = draw(st.sampled_from([0, 5, 10, 20, 30, None]))
        fields |= {"revision": revision, "started_at": instant(start)}
        fields["ended_at"] = None if length is None else instant(start + length)
    elif phase == "void":
        fields["revision"] = revision
    else:
        fields["at"] = instant(start)
    return Event(**fields)


def thing(kind: str, **fields: Any) -> CatalogObject:
    return OBJECT_TYPES[kind].model_validate(fields)


def base_objects(**change: Any) -> list[CatalogObject]:
    """The catalogue of the small world; ``change`` is what a later release has different."""
    return [
        thing("organisation", id="organisation", zone="UTC", currency="USD", calendar="business", **kept(change)),
        thing("client", id="c1", zone=change.get("zone", "UTC")),
        thing("client", id="c2"),
        thing("technician", id="ann", aliases={"desk": change.get("ann", ["ann"])}),
        thing("technician", id="bob", aliases={"desk": ["bob"]}),
        thing("device", id="d1", client=change.get("d1", "c1")),
        thing("device", id="d2", client="c2"),
        thing("ticket", id="k1", client=change.get("k1", "c1"), technicians=["ann"], opened=BASE - timedelta(days=2)),
        thing("ticket", id="k2", client="c2", technicians=["ann", "bob"], opened=BASE - timedelta(days=2)),
        thing("tier", id="after_hours", multiplier="1.5"),
        thing("rounding", id="r", increment_minutes=15, scope=change.get("scope", "ticket_day")),
        thing(
            "calendar",
            id="business",
            windows=[{"days": ["tue", "wed"], "from": "08:00", "until": "24:00", "tier": "standard"}],
        ),
        thing("rate_card", id="card", lines=[{"service": "*", "rate": change.get("rate", "100")}]),
        thing("contract", id="m1", client="c1", rounding="r", **CONTRACT, fees=change.get("fees", [FEE])),
        thing("contract", id="m2", client="c2", rounding="r", **CONTRACT, minimum=change.get("minimum")),
    ]


def kept(change: dict[str, Any]) -> dict[str, Any]:
    return {"retention_days": change["retention"]} if "retention" in change else {}


CONTRACT: dict[str, Any] = {"from": date(2026, 3, 15)}
FEE = {"id": "f", "amount": "31"}
KEYS = {cls: name for name, cls in OBJECT_TYPES.items()}


def release(number: int, predecessor: str, objects: list[CatalogObject]) -> list[Fact]:
    """The object facts and, last, the release that holds them."""
    facts = [
        Fact(kind="object", tenant=TENANT, id=f"{KEYS[type(o)]}/{o.id}", rev=number, body=object_body("release", o))
        for o in objects
    ]
    held = {fact.id: (fact.rev, fact.digest()) for fact in facts}
    body = msgspec.json.encode(Release(number=number, predecessor=predecessor, objects=held))
    return [*facts, Fact(kind="release", tenant=TENANT, id=str(number), rev=number, body=msgspec.Raw(body))]


FIRST = release(1, "", base_objects())
CHANGES: list[dict[str, Any]] = [
    {"zone": "America/New_York"},
    {"d1": "c2"},
    {"k1": "c2"},
    {"ann": ["nobody"]},
    {"scope": "entry"},
    {"scope": "ticket"},
    {"rate": "120"},
    {"fees": []},
    {"fees": [FEE | {"timing": "arrears"}], "minimum": "500"},
]


def directory(rev: int, kind: str, **fields: Any) -> Fact:
    """What a connector reports; holds at once."""
    return Fact(
        kind="object",
        tenant=TENANT,
        id=f"{kind}/{fields['id']}",
        rev=rev,
        body=object_body("directory", thing(kind, **fields)),
    )


DIRECTORY = [
    directory(1, "device", id="d3", client="c1"),
    directory(2, "device", id="d3", client="c2"),
    directory(1, "ticket", id="k3", client="c1", technicians=["bob"], opened=BASE - timedelta(days=1)),
    directory(2, "ticket", id="k3", client="c1", technicians=["ann"], opened=BASE - timedelta(days=1)),
    directory(
        3,
        "ticket",
        id="k3",
        client="c1",
        contact="Bea",
        opened=BASE - timedelta(days=1),
        activity=[{"at": BASE + timedelta(minutes=21), "technician": "ann"}],
    ),
    directory(3, "device", id="d3", client="c1", contact="bea"),
]


def mark(seconds: int = MARK_S) -> Fact:
    return Fact(kind="mark", tenant="*", id="mark", rev=seconds)


def decision(number: int, kind: Any, activities: Iterable[str], **fields: Any) -> Fact:
    """What people decided about evidence; of one number there is one."""
    evidence = tuple(activity_id(SOURCE, name) for name in activities)
    body = encode_decision(Decision(kind=kind, evidence=evidence, **fields))
    return Fact(kind="decision", tenant=TENANT, id=f"link/{number}", body=body)


def part(start: int, minutes: int, **where: Any) -> Piece:
    return Piece(start=instant(start) // 1000, end=instant(start + minutes) // 1000, **where)


DECISIONS = [
    decision(1, "relink", ["a0"], client="c2"),
    decision(2, "relink", ["a1", "a2"], ticket="k1"),
    decision(3, "relink", ["a2"], ticket="k3"),
    decision(4, "split", ["a0"], pieces=(part(0, 10, ticket="k2"), part(20, 10, client="c1"))),
    decision(5, "split", ["a1", "a2"], pieces=(part(5, 10, client="c2"),)),
    decision(6, "split", ["a2"], pieces=(part(5, 10, ticket="k1"), part(15, 5, client="c2"))),
    decision(7, "confirm", ["a0", "a2"], seconds=600),
    decision(8, "write_off", ["a1"], seconds=600),
]
