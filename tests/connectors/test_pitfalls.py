"""What goes wrong with real exports, one test a pitfall, named after it."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors import CONNECTORS
from connectors.base import BadRow, DirectoryObject, Options, Outcome, Refused, Skipped
from connectors.instants import parse_instant
from streams.models.event import Event
from tests.connectors.golden import EXAMPLES, instant, read

NEW_YORK = ZoneInfo("America/New_York")
RELAY = {
    "etype": "relay", "action": "relaylog", "userid": "user//dana.ortiz", "msgid": 15, "protocol": 2,
    "msgArgs": ["k3", "198.51.100.20", "203.0.113.7"], "nodeid": "node//n1", "time": "2026-03-02T14:05:12.410Z",
}  # fmt: skip
RUN = {"id": 1, "time": "2026-03-02T14:20:05Z", "username": "dana", "script_results": None, "agent_id": "a1"}
TIMER = {
    "id": 1, "ticket_id": 2, "user_id": 3, "start_time": "2026-03-02T09:00:00-05:00", "billable": True,
    "end_time": "2026-03-02T09:40:00-05:00", "active_duration": 1890, "updated_at": "2026-03-02T09:40:00-05:00",
}  # fmt: skip
COLUMNS = "ConnectionID,SessionSessionID,ProcessType,ParticipantName,ConnectedTime,DisconnectedTime,DurationSeconds"


def one(tool: str, row: dict[str, Any], options: Options | None = None) -> Outcome:
    (found,) = read(f"{tool}/x", json.dumps([row]).encode(), options)
    return found


def event(tool: str, row: dict[str, Any]) -> Event:
    found = one(tool, row)
    assert isinstance(found, Event), found
    return found


def report(*rows: str, options: Options | None = None) -> list[Outcome]:
    return read("screenconnect/x", "\n".join((COLUMNS, *rows)).encode(), options)


def events(outcomes: list[Outcome]) -> list[Event]:
    return [outcome for outcome in outcomes if isinstance(outcome, Event)]


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2026-03-02T14:05:12.4109Z", "2026-03-02T14:05:12.410Z"),
        ("2026-03-02T14:05:12.410999999+00:00", "2026-03-02T14:05:12.410Z"),
        ("2026-03-02 09:05:12.41-0500", "2026-03-02T14:05:12.410Z"),
        ("2026-03-02T19:35:12,41+05:30", "2026-03-02T14:05:12.410Z"),
        ("2026-03-02T14:05 UTC", "2026-03-02T14:05:00Z"),
    ],
)
def test_times_in_every_spelling_of_iso(text: str, same: str) -> None:
    assert instant(text) == instant(same)


def test_an_instant_is_exact_where_a_float_is_not() -> None:
    assert instant("2026-03-02T14:05:12.999Z") % 1000 == 999
    assert event("tacticalrmm", RUN | {"script_results": {"execution_time": "0.29"}}).duration_ms == 290
    text = b'[{"id": 1, "time": "2026-03-02T14:20:05Z", "username": "d", "script_results": {"execution_time": 4.35}}]'
    assert events(read("tacticalrmm/x", text))[0].duration_ms == 4350  # 4.35 * 1000 is 4349.99… in binary


def test_a_local_time_that_occurs_twice_is_flagged_and_the_length_decides() -> None:
    rows = ("a,s,Host,d,2026-11-01 01:30:00,2026-11-01 01:40:00,4200", "b,s,Host,d,2026-11-01 01:30:00,,")
    first, second = events(report(*rows, options=Options(zone=NEW_YORK)))
    assert first.started_at == instant("2026-11-01T01:30:00-04:00")
    assert first.ended_at == instant("2026-11-01T01:40:00-05:00")
    assert second.started_at == first.started_at
    assert first.native == second.native == {"ambiguous_time": True}


def test_a_local_time_that_never_was_is_parked() -> None:
    (found,) = report("a,s,Host,d,2026-03-08 02:30:00,,", options=Options(zone=NEW_YORK))
    assert isinstance(found, BadRow)
    assert "--zone" in found.remedy


def test_times_without_a_zone_are_refused_until_the_zone_is_named() -> None:
    with pytest.raises(Refused, match="--zone"):
        report("a,s,Host,d,2026-03-02 09:05:12,,")
    (found,) = events(report("a,s,Host,d,2026-03-02 09:05:12,,", options=Options(zone=NEW_YORK)))
    assert found.started_at == instant("2026-03-02T14:05:12Z")


def test_a_single_time_without_a_zone_is_parked() -> None:
    outcomes = report("a,s,Host,d,2026-03-02T09:05:12Z,,", "b,s,Host,d,2026-03-02 09:05:12,,")
    assert [type(outcome) for outcome in outcomes] == [Event, BadRow]


def test_a_time_with_an_offset_ignores_the_zone_option() -> None:
    (found,) = events(report("a,s,Host,d,2026-03-02T09:05:12Z,,", options=Options(zone=NEW_YORK)))
    assert found.started_at == instant("2026-03-02T09:05:12Z")


def test_start_and_stop_share_the_activity_whatever_the_order_of_the_addresses() -> None:
    stop = RELAY | {"msgid": 11, "msgArgs": ["k3", "203.0.113.7", "198.51.100.20", 60]}
    start, end = event("meshcentral", RELAY), event("meshcentral", stop)
    assert (start.phase, end.phase) == ("start", "stop")
    assert start.activity_id == end.activity_id
    assert start.source_event_id != end.source_event_id


def test_the_live_push_and_the_history_row_are_the_same_fact() -> None:
    live = event("meshcentral", {"action": "event", "event": RELAY | {"domain": "", "username": "dana.ortiz"}})
    assert live.fact_key() == event("meshcentral", RELAY | {"msg": "translated"}).fact_key()


def test_two_instances_with_the_same_native_id_are_two_activities() -> None:
    text = json.dumps([RELAY]).encode()
    assert events(read("meshcentral/x", text))[0].source == "meshcentral:one"
    other = events(list(CONNECTORS["meshcentral"].read(BytesIO(text), "two", Options())))[0]
    assert other.activity_id != events(read("meshcentral/x", text))[0].activity_id
    assert other.id != events(read("meshcentral/x", text))[0].id


def test_viewers_of_one_desktop_are_people_and_the_total_is_nobody() -> None:
    outcomes = read("meshcentral/capture.jsonl")
    viewers = [found for found in events(outcomes) if found.native.get("msgid") == 144]
    assert len({found.activity_id for found in viewers}) == 3  # one of them came back
    assert all(found.technician for found in viewers)
    assert [o.reason for o in outcomes if isinstance(o, Skipped)].count("multiplex_mark") == 1


@pytest.mark.parametrize("userid", [None, "", "system"])
def test_nobody_is_never_a_default_person(userid: str | None) -> None:
    assert event("meshcentral", RELAY | {"userid": userid}).technician is None
    assert event("tacticalrmm", RUN | {"username": userid}).technician is None
    assert event("syncro", TIMER | {"user_id": userid}).technician is None
    assert event("meshcentral", RELAY | {"guestname": "Visitor"}).technician is None


def test_the_same_work_in_two_tools_stays_two_activities() -> None:
    audit = [o for o in read("tacticalrmm/audit_logs.json") if not isinstance(o, Skipped)]
    assert audit == []  # a click on take-control has no end: the seconds are the remote tool's


def test_rows_of_the_guest_side_are_skipped() -> None:
    (found,) = report("a,s,Guest,,2026-03-01T06:00:00Z,,")
    assert found == Skipped(2, "guest")


def test_ids_of_64_bits_and_more_keep_every_digit() -> None:
    number = 2**63 + 12345678901
    found = event("syncro", TIMER | {"id": number, "ticket_id": number + 1})
    assert found.source_event_id == str(number)
    assert found.ticket is not None
    assert found.ticket.native_id == str(number + 1)


def test_an_id_is_the_same_as_number_and_as_text() -> None:
    assert event("syncro", TIMER).fact_key() == event("syncro", TIMER | {"id": "1", "user_id": "3"}).fact_key()


def test_a_changed_row_is_a_later_revision_of_the_same_event() -> None:
    before = event("syncro", TIMER)
    after = event("syncro", TIMER | {"billable": False, "updated_at": "2026-03-09T10:00:00-05:00"})
    assert (before.id, before.activity_id) == (after.id, after.activity_id)
    assert before.revision < after.revision


def test_a_run_that_got_its_result_is_the_second_revision() -> None:
    waiting, done = event("tacticalrmm", RUN), event("tacticalrmm", RUN | {"script_results": {"execution_time": 2}})
    assert (waiting.revision, waiting.ended_at) == (1, None)
    assert (done.revision, done.ended_at, done.time_basis) == (2, instant("2026-03-02T14:20:07Z"), "derived")
    assert waiting.id == done.id


def test_an_older_export_never_beats_a_newer_one() -> None:
    opened = "a,s,Host,d,2026-03-02T14:00:00Z,,"
    closed = "a,s,Host,d,2026-03-02T14:00:00Z,2026-03-02T15:00:00Z,3600"
    (older,), (newer,) = events(report(opened)), events(report(closed))
    assert older.id == newer.id
    assert older.revision < newer.revision
    (said,) = events(report(opened, options=Options(as_of=instant("2026-03-03T00:00:00Z"))))
    assert said.revision == instant("2026-03-03T00:00:00Z")


def test_pauses_make_the_length_shorter_than_the_bounds() -> None:
    found = event("syncro", TIMER)
    assert found.started_at is not None
    assert found.ended_at is not None
    assert (found.ended_at - found.started_at, found.duration_ms) == (2_400_000, 1_890_000)


@pytest.mark.parametrize("form", ["{}", "[{}]", '{{"tickets": [{}]}}', '{{"ticket": {}}}', "{0}\n{0}"])
def test_timers_inside_a_ticket_are_read_besides_the_ticket(form: str) -> None:
    ticket = {"id": 7, "number": 48213, "updated_at": "2026-03-02T09:40:00-05:00", "ticket_timers": [TIMER]}
    outcomes = read("syncro/x", form.format(json.dumps(ticket)).encode())
    assert [type(outcome) for outcome in outcomes[:2]] == [DirectoryObject, Event]
    assert len(outcomes) == 2 * max(1, form.count("{0}"))


def test_a_running_timer_has_no_length_yet() -> None:
    found = event("syncro", TIMER | {"end_time": None, "active_duration": 0})
    assert (found.ended_at, found.duration_ms) == (None, None)


def test_a_device_without_a_group_is_known_without_a_client() -> None:
    options = Options(as_of=instant("2026-03-02T18:00:00Z"))
    found = one("meshcentral", {"_id": "node//n1", "type": "node", "name": "PC"}, options)
    assert isinstance(found, DirectoryObject)
    assert found.item.model_dump()["client"] is None


def test_directory_rows_without_any_instant_ask_for_the_as_of() -> None:
    with pytest.raises(Refused, match="--as-of"):
        one("meshcentral", {"_id": "node//n1", "type": "node", "name": "PC"})


def test_unknown_fields_are_fine_and_missing_ones_are_not() -> None:
    assert event("syncro", TIMER | {"new_in_2027": {"a": [1]}}).id == event("syncro", TIMER).id
    lacking = one("syncro", {name: value for name, value in TIMER.items() if name != "updated_at"})
    assert isinstance(lacking, BadRow)
    assert (lacking.reason, lacking.saw) == ("missing_key", "no updated_at")


def test_the_order_of_a_file_and_its_split_change_no_fact() -> None:
    rows = json.loads((EXAMPLES / "meshcentral/events_response.json").read_bytes())["events"]
    whole = {found.fact_key() for found in events(read("meshcentral/events_response.json"))}
    split = {event("meshcentral", row).fact_key() for row in reversed(rows)}
    assert whole == split
    assert len(whole) == len(rows)


def test_a_time_that_names_no_zone_has_no_reading() -> None:
    assert parse_instant("2026-03-02T14:05:12").readings(None) == []
