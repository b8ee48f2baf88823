"""An event goes onto the wire and comes back whole; what does not fit says why, and never raises."""

import json
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.models.cloudevent import Problem, decode_cloudevent, encode_cloudevent
from streams.models.event import EARLIEST_MS, LATEST_MS, Event, Evidence, Kind, Phase, Ref, TicketRef, TimeBasis
from streams.models.parked import Reason

SAMPLE = Event(
    tenant="main", source="meshcentral:mesh1", source_event_id="k3v0v1gqk2r/stop", activity_id="a1",
    kind="remote_session", phase="stop", at=1_772_461_907_902, duration_ms=1_595_000,
    technician=Ref("user//dana.ortiz"), device=Ref("node//R7cQ"), service="remote.desktop", native={"msgid": 11},
)  # fmt: skip

texts = st.text(st.characters(categories=("L", "N", "P"), exclude_characters="|/"), min_size=1, max_size=20)
instants = st.integers(EARLIEST_MS, LATEST_MS - 1)
refs = st.none() | st.builds(Ref, texts, st.none() | texts, st.none() | texts)
events = st.builds(
    Event, tenant=texts, source=texts, source_event_id=texts, activity_id=texts,
    kind=st.sampled_from(get_args(Kind)), phase=st.sampled_from(get_args(Phase)),
    revision=st.integers(0, 2**63 - 1), at=instants, started_at=instants, ended_at=st.none() | instants,
    duration_ms=st.none() | st.integers(0, 2**40), time_basis=st.sampled_from(get_args(TimeBasis)),
    technician=refs, device=refs, client=refs,
    ticket=st.none() | st.builds(TicketRef, texts, st.sampled_from(get_args(Evidence))),
    service=texts, billable=st.none() | st.booleans(), authenticated=st.booleans(), automatic=st.booleans(),
    correction=st.sampled_from(["", "wrong_client"]), contact=st.sampled_from(["", "Pat at the desk"]),
    native=st.dictionaries(texts, texts | st.integers(-(2**63), 2**63 - 1) | st.booleans() | st.none(), max_size=3),
)  # fmt: skip


def test_no_field_is_lost_on_the_way() -> None:
    """Each is told by name here, so that a new one must be."""
    full = Event(
        tenant="main", source="s:1", source_event_id="e", activity_id="a", kind="script_run", phase="void", revision=7,
        at=1_772_461_907_902, started_at=1_772_461_907_903, ended_at=1_772_461_907_904, duration_ms=5,
        time_basis="entered", technician=Ref("t", "Tee", "t@x"), device=Ref("d"), client=Ref("c"),
        ticket=TicketRef("k", "note"), service="s", billable=False, authenticated=False, automatic=True,
        correction="why", contact="Pat", native={"n": None},
    )  # fmt: skip
    bare = Event(tenant="", source="", source_event_id="", activity_id="", kind="ticket_timer", phase="start")
    same = {name for name in Event.__struct_fields__ if getattr(full, name) == getattr(bare, name)}
    assert same == {"schema"}
    assert decode_cloudevent("main", encode_cloudevent(full)) == full


@given(events)
@settings(deadline=None, max_examples=200)
def test_an_event_comes_back_as_it_went(event: Event) -> None:
    assert decode_cloudevent(event.tenant, encode_cloudevent(event)) == event


@given(events)
@settings(deadline=None, max_examples=50)
def test_kafkas_binary_mode_says_the_same(event: Event) -> None:
    wire = json.loads(encode_cloudevent(event))
    headers = [(f"ce_{name}", str(wire[name]).encode()) for name in ("specversion", "id", "source", "type")]
    assert decode_cloudevent(event.tenant, json.dumps(wire["data"]).encode(), headers) == event


@given(st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
@settings(deadline=None, max_examples=200)
def test_bytes_of_any_kind_are_an_answer_not_an_exception(value: bytes) -> None:
    assert isinstance(decode_cloudevent("main", value), Problem)


def wire(**data: Any) -> dict[str, Any]:
    """The sample on the wire with other data; None leaves a field out."""
    envelope: dict[str, Any] = json.loads(encode_cloudevent(SAMPLE))
    envelope["data"] = {name: value for name, value in (envelope["data"] | data).items() if value is not None}
    return envelope


@pytest.mark.parametrize(
    ("envelope", "reason"),
    [
        (wire(att="2026-03-02T14:31:47Z"), "unknown_field"),
        (wire() | {"tyype": "x"}, "unknown_field"),
        (wire(technician={"native_id": "dana", "phone": "1"}), "unknown_field"),
        (wire(at=None), "wrong_shape"),
        (wire(source_event_id=None), "wrong_shape"),
        (wire(at="2026-03-02T14:31:47"), "wrong_shape"),  # no zone: whose clock?
        (wire(at=1772461907), "wrong_shape"),
        (wire(duration_ms="1595"), "wrong_shape"),
        (wire(native={"ratio": 0.5}), "wrong_shape"),
        (wire(activity_id="a|b"), "wrong_shape"),
        (wire(phase="start"), "wrong_shape"),  # the type says stop
        (wire(kind="coffee_break"), "wrong_shape"),
        (wire(duration_ms=-1), "negative_duration"),
        (wire(at="1999-12-31T23:59:59.999Z"), "instant_out_of_range"),
        (wire(at="2100-01-01T00:00:00Z"), "instant_out_of_range"),
        (wire(schema=2), "unknown_schema"),
        (wire(tomorrow="x") | {"type": "everyminute.remote_session.stop.v2"}, "unknown_schema"),
        (wire(tenant="other"), "wrong_tenant"),
        (wire() | {"specversion": "0.3"}, "wrong_shape"),
        (wire() | {"id": ""}, "wrong_shape"),
        (wire() | {"type": "everyminute.remote_session.nap.v1"}, "wrong_shape"),
    ],
)
def test_what_does_not_fit_says_why(envelope: dict[str, Any], reason: Reason) -> None:
    problem = decode_cloudevent("main", json.dumps(envelope).encode())
    assert isinstance(problem, Problem), problem
    assert problem.reason == reason, problem
    assert problem.saw
    assert problem.expected
    assert problem.remedy


def test_offsets_and_finer_instants_are_understood() -> None:
    event = decode_cloudevent("main", json.dumps(wire(at="2026-03-02T15:31:47.902999+01:00")).encode())
    assert event == SAMPLE


@pytest.mark.parametrize(
    ("value", "reason"),
    [(b"{", "not_json"), (b'{"id":"\xff"}', "not_utf8"), (b"", "not_json"), (b'{"data":' * 20_000, "unknown_field")],
)
def test_bytes_that_are_no_event(value: bytes, reason: Reason) -> None:
    problem = decode_cloudevent("main", value)
    assert isinstance(problem, Problem)
    assert problem.reason == reason
