"""A click goes before what starts by itself: for every day of one technician, whatever automatic signals are added."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from billing.doubt import known
from billing.link import LinkState
from billing.pairing import pair
from billing.spans import intersect, union
from streams.models.event import Event
from streams.models.fact import Fact
from streams.models.work import Work
from tests.billing import making
from tests.billing.making import at, event, fact, interval

INSTANTS = st.integers(0, 20).map(lambda minute: minute * 60)
CLICKS = st.lists(st.tuples(st.sampled_from(["start", "stop", "pause", "resume"]), INSTANTS), max_size=5, unique=True)
SIGNALS = st.lists(st.tuples(st.sampled_from(["start", "pause", "resume", "stop"]), INSTANTS), max_size=5, unique=True)


def signals(drawn: list[tuple[str, int]], **fields: Any) -> list[Event]:
    name = "a" if fields else "c"
    return [event(phase, s, source_event_id=f"{name}/{phase}/{s}", **fields) for phase, s in drawn]  # type: ignore[arg-type]


@settings(max_examples=200, deadline=None, derandomize=True)
@given(CLICKS, SIGNALS)
def test_after_the_first_click_what_comes_by_itself_changes_nothing(
    clicks: list[tuple[str, int]], others: list[tuple[str, int]]
) -> None:
    clicked = signals([("start", 0), *(click for click in clicks if click != ("start", 0))])
    later = signals([(phase, seconds + 1) for phase, seconds in others], automatic=True)
    alone, both = (pair([known(one) for one in facts]).interval for facts in (clicked, [*clicked, *later]))
    assert (both.spans, both.end, both.open_from) == (alone.spans, alone.end, alone.open_from)
    assert "automatic" not in both.flags


TIMERS = st.lists(
    st.tuples(INSTANTS, st.integers(0, 12), st.sampled_from(["t1", "t2", None]), st.booleans()), min_size=1, max_size=6
)
KNOWN = [
    making.known("technician", id="dana"),
    making.known("client", id="acme"),
    making.known("client", id="birch"),
    making.known("ticket", id="t1", client="acme"),
    making.known("ticket", id="t2", client="birch"),
]
Drawn = list[tuple[int, int, str | None, bool]]


def timers(drawn: Drawn, *, automatic: bool | None = None) -> list[Fact]:
    """Closed timers; length 0 is an automatic one still open. Some are paused in their middle."""
    found = []
    for number, (start, minutes, ticket, weak) in enumerate(drawn):
        if automatic is not None and weak is not automatic:
            continue
        begin = at(start / 60)
        end = None if weak and not minutes else begin + minutes * 60
        fields: dict[str, Any] = {"flags": ("automatic",)} if weak else {}
        found.append(fact(interval(f"i{number}", "ticket_timer", begin, end, ticket=ticket, **fields)))
    return found


def works(facts: list[Fact], seed: int = 0) -> dict[str, Work]:
    log = [*KNOWN, *facts]
    Random(seed).shuffle(log)
    state = LinkState("main")
    outputs = [pair for each in log for pair in state.step([each]).outputs]
    newest: dict[str, tuple[int, Work]] = {}
    for version, work in outputs:
        if work.id not in newest or newest[work.id][0] <= version:
            newest[work.id] = version, work
    return {id_: work for id_, (_, work) in newest.items()}


@settings(max_examples=200, deadline=None, derandomize=True)
@given(TIMERS, st.integers(0, 5))
def test_clicked_timers_have_the_same_minutes_whatever_starts_by_itself(drawn: Drawn, seed: int) -> None:
    alone, both = works(timers(drawn, automatic=False)), works(timers(drawn), seed)
    for id_, work in alone.items():
        assert (both[id_].state, both[id_].spans, both[id_].client) == (work.state, work.spans, work.client)
        assert both[id_].flags == work.flags


@settings(max_examples=200, deadline=None, derandomize=True)
@given(TIMERS, st.integers(0, 5))
def test_no_automatic_minute_lies_under_a_click(drawn: Drawn, seed: int) -> None:
    found = works(timers(drawn), seed)
    clicked = union((at(start / 60), at(start / 60) + minutes * 60) for start, minutes, _, weak in drawn if not weak)
    for number, (_, _, _, weak) in enumerate(drawn):
        if weak:
            assert not intersect(found[f"i{number}"].spans, clicked)
