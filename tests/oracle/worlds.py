"""Small random worlds: few people, few things, few instants, so that everything that can meet does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple

from hypothesis import strategies as st

from streams.models.event import Event, Ref, TicketRef, activity_id
from tests.oracle.book import Plain, read_texts

SOURCE = "desk:x"
BASES = [  # a month ends in New York; clocks go forward in London; clocks go back in New York; a plain Tuesday
    datetime(2026, 4, 1, 3, 20, tzinfo=UTC), datetime(2026, 3, 29, 0, 30, tzinfo=UTC),
    datetime(2026, 11, 1, 5, 20, tzinfo=UTC), datetime(2026, 3, 3, 13, 15, tzinfo=UTC),
]  # fmt: skip

CATALOGUE = """
organisation: {{zone: UTC, currency: USD, calendar: business, rounding: {organisation_rounding},
  merge_gap_minutes: {gap}, timers: {timers}, forgotten_timer: {{grace_minutes: 5, cap_hours: {cap}}}}}
clients:
- {{id: c1, zone: America/New_York, aliases: {{desk: [C1]}}}}
- {{id: c2, zone: Europe/London}}
- {{id: c3, internal: {internal}}}
technicians:
- {{id: ann, aliases: {{desk: [ann]}}}}
- {{id: bob, email: Bob@Shop.example, aliases: {{"desk:x": [bob]}}}}
devices:
- {{id: d1, client: c1, aliases: {{"*": [D1]}}}}
- {{id: d2, client: c2, aliases: {{desk: [D2]}}, moves: [{{client: c1, from: {move}}}]}}
- {{id: d3, client: c3}}
tickets:
- {{id: k1, client: c1, device: d1, technicians: [ann], opened: 2026-01-01T00:00:00Z}}
- {{id: k2, client: c2, technicians: [ann, bob], opened: 2026-01-01T00:00:00Z}}
- {{id: k3, client: c1, technicians: [bob], opened: 2026-01-01T00:00:00Z, closed: {closed}}}
- {{id: k4, client: c2, technicians: [bob], opened: 2026-01-01T00:00:00Z}}
services:
- {{id: desktop, match: [remote.*]}}
- {{id: files, match: [remote.files], billable: {files_billable}}}
- {{id: desk, match: ["timer.*"]}}
calendars:
- id: business
  windows:
  - {{days: [fri], from: "17:00", until: "02:30", tier: weekend}}
  - {{days: [sat], from: "02:30", until: "24:00", tier: weekend}}
  - {{days: [mon, tue, wed, thu, fri, sun], from: "{opens}", until: "23:30", tier: standard}}
tiers:
- {{id: after_hours, multiplier: {multiplier}}}
rounding:
- {{id: quarter, increment_minutes: 15, scope: {scope}}}
- {{id: floor, increment_minutes: 6, minimum_minutes: 20}}
rate_cards:
- {{id: all, from: 2025-01-01, lines: [{{service: "*", rate: "99.99"}},
    {{service: desktop, rate: "120", tiers: {{after_hours: {{rate: "133.33"}}, weekend: {{multiplier: "2"}}}}}}]}}
- {{id: own, client: c1, currency: {currency}, from: 2025-01-01, until: {change}, lines: [{{rate: "{rate}"}}]}}
- {{id: own2, client: c1, currency: {currency}, from: {change}, lines: [{{rate: "77.7"}}]}}
contracts:
- {{id: m1, client: c1, from: 2026-01-01, rounding: quarter}}
- {{id: m2, client: c2, from: 2026-01-01, services: {services}, rounding: floor}}
- {{id: m3, client: c3, from: 2026-01-01}}
"""


class SmallWorld(NamedTuple):
    events: list[Event]
    catalogue: dict[str, dict[str, Plain]]
    mark: int | None


@st.composite
def catalogues(draw: st.DrawFn) -> dict[str, dict[str, Plain]]:
    choices: dict[str, list[Any]] = {
        "organisation_rounding": ["quarter", "floor", "~"],
        "gap": [5, 0, 20],
        "timers": ["single", "parallel"],
        "cap": [1, 2],
        "internal": ["false", "true"],
        "move": ["2027-01-01", "2026-03-29", "2026-04-01"],
        "closed": ["2026-12-31T00:00:00Z", "2026-04-01T03:40:00Z"],
        "files_billable": ["true", "false"],
        "opens": ["08:00", "00:00", "01:30"],
        "multiplier": ["1.5", "1.3333"],
        "scope": ["entry", "ticket_day"],
        "currency": ["USD", "JPY", "KWD"],
        "change": ["2026-04-01", "2026-11-01", "2027-01-01"],
        "rate": ["100", "150.25"],
        "services": ['["*"]', "[desktop]"],
    }
    drawn = {name: draw(st.sampled_from(values)) for name, values in choices.items()}
    catalogue = read_texts([CATALOGUE.format(**drawn)])
    if drawn["organisation_rounding"] == "~":
        del catalogue["organisation"]["organisation"]["rounding"]
    return catalogue


@st.composite
def events(draw: st.DrawFn, base: int) -> list[Event]:
    """The facts of one activity: a record with its revisions, or signals, or only the end of it."""
    number = draw(st.integers(0, 9))
    kind = "ticket_timer" if number < 4 else "script_run" if number == 9 else "remote_session"
    service = {"ticket_timer": "timer.ticket", "script_run": "script.run"}.get(kind)
    common: dict[str, Any] = {
        "tenant": "main", "source": SOURCE, "activity_id": activity_id(SOURCE, f"a{number}"), "kind": kind,
        "service": service or draw(st.sampled_from(["remote.desktop", "remote.files"])),
        "technician": draw(st.sampled_from([*[Ref("ann")] * 5, Ref("bob"), Ref("x", email="bob@shop.EXAMPLE"),
                                            Ref("new"), None])),
        "device": draw(st.sampled_from([Ref("D1"), Ref("D1"), Ref("D2"), Ref("d3"), Ref("D9"), None])),
        "client": draw(st.sampled_from([None, None, Ref("C1"), Ref("c2")])),
        "ticket": draw(st.sampled_from([*[TicketRef("k1")] * 2, TicketRef("k2"), TicketRef("k9"), None, None, None])),
        "billable": draw(st.sampled_from([None, None, None, True, False])),
    }  # fmt: skip
    instants = st.integers(0, 24).map(lambda n: (base + n * 300) * 1000) | st.integers(0, 7_200_000).map(
        lambda ms: base * 1000 + ms
    )
    shape = draw(st.sampled_from(["record", "record", "signals", "stop"]))
    if shape == "record":
        return [draw(records(common, instants, f"a{number}")) for _ in range(draw(st.integers(1, 2)))]
    if shape == "stop":
        length = draw(st.sampled_from([None, 600_000, 1_234_567]))
        at = draw(instants)
        return [Event(source_event_id=f"a{number}/stop", phase="stop", at=at, duration_ms=length, **common)]
    return draw(signals(common, instants, f"a{number}"))


@st.composite
def records(draw: st.DrawFn, common: dict[str, Any], instants: st.SearchStrategy[int], name: str) -> Event:
    revision, start = draw(st.integers(1, 3)), draw(instants)
    if draw(st.integers(0, 9)) == 0:
        return Event(source_event_id=f"{name}/void", phase="void", revision=revision, **common)
    length = draw(st.sampled_from([None, -60_000, 0, 1, 300_000, 600_000, 901_000, 1_800_000, 3_600_000, 5_000_000]))
    pause = draw(st.sampled_from([None, None, 0, 120_000]))
    worked = None if length is None or pause is None or length < 0 else max(0, length - pause)
    return Event(
        source_event_id=name, phase="interval", revision=revision, started_at=start,
        ended_at=None if length is None else start + length, duration_ms=worked, **common,
    )  # fmt: skip


@st.composite
def signals(draw: st.DrawFn, common: dict[str, Any], instants: st.SearchStrategy[int], name: str) -> list[Event]:
    """A start, perhaps pauses, perhaps a stop: in their order, as a tool writes them."""
    times = sorted(draw(st.lists(instants, min_size=4, max_size=4, unique=True)))
    phases = draw(
        st.sampled_from(
            [["start", "stop"], ["start"], ["start", "pause", "resume", "stop"], ["start", "pause"],
             ["start", "pause", "resume"], ["start", "heartbeat", "heartbeat"], ["start", "stop", "start", "stop"]]
        )
    )  # fmt: skip
    return [
        Event(source_event_id=f"{name}/{phase}/{at}", phase=phase, at=at, **common)  # type: ignore[arg-type]
        for phase, at in zip(phases, times, strict=False)
    ]


@st.composite
def worlds(draw: st.DrawFn) -> SmallWorld:
    base = int(draw(st.sampled_from(BASES)).timestamp())
    drawn = draw(st.lists(events(base), min_size=1, max_size=6))
    mark = draw(st.sampled_from([base + 10 * 86400, base + 10 * 86400, None, base + 5400]))
    return SmallWorld([event for some in drawn for event in some], draw(catalogues()), mark)
