"""The short path of pair says what all the rules say."""

from hypothesis import example, given
from hypothesis import strategies as st

from billing.doubt import Known, known
from billing.pairing import pair, weigh
from billing.plain import plain
from streams.models.event import Event, Ref, TicketRef

AT = 1_772_461_907_902


def event(phase: str, at: int, **fields: object) -> Event:
    names = {"tenant": "acme", "source": "mesh:1", "source_event_id": phase, "activity_id": "a", "at": at}
    return Event(**names | {"kind": "remote_session", "phase": phase} | fields)  # type: ignore[arg-type]


signals = st.builds(
    event,
    st.sampled_from(["start", "start", "start", "stop", "stop", "stop", "pause", "heartbeat", "void"]),
    st.sampled_from([0, 1, 98, 999, 1000, 60_000, 119_999, 120_000, 120_001, 400_000]).map(lambda ms: AT + ms),
    source_event_id=st.sampled_from(["1", "2", "3"]),
    revision=st.sampled_from([0, 0, 1]),
    authenticated=st.sampled_from([True, True, True, False]),
    automatic=st.sampled_from([False, False, False, True]),
    correction=st.sampled_from(["", "", "", "break"]),
    duration_ms=st.sampled_from([None, None, 0, 1000, 60_000, 62_001]),
    technician=st.sampled_from([None, Ref("t1"), Ref("t2")]),
    device=st.sampled_from([None, Ref("d1")]),
    client=st.sampled_from([None, Ref("c1")]),
    ticket=st.sampled_from([None, TicketRef("48129")]),
    service=st.sampled_from(["", "remote"]),
    billable=st.sampled_from([None, True, False]),
    time_basis=st.sampled_from(["server", "agent"]),
    native=st.sampled_from([{}, {"os": "linux"}]),
)


@given(st.lists(signals, min_size=1, max_size=3).map(lambda events: [known(each) for each in events]))
@example([known(event("start", AT))])
@example([known(event("stop", AT + 60_000)), known(event("start", AT))])
@example([known(event("start", AT)), known(event("stop", AT + 60_000, duration_ms=1000))])
def test_the_short_path_gives_what_all_rules_give(facts: list[Known]) -> None:
    assert pair(facts) == weigh(facts)


def test_a_session_that_starts_and_stops_takes_the_short_path() -> None:
    start, stop = known(event("start", AT)), known(event("stop", AT + 60_000))
    for facts in ([start], [start, stop], [stop, start]):
        assert plain(facts) is not None
    assert plain([stop]) is None
    assert plain([start, known(event("stop", AT))]) is None
