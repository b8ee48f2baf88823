"""/v1/timers on a real server and a real broker; the clock is the test's."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from jobs import tokens
from jobs.access import Access
from streams.models.event import Ref
from streams.models.interval import Interval
from streams.models.work import Proof, Work
from streams.settings import Settings
from streams.topics import LINK_LOG, RATE_LOG
from tests.engine_fixture import until
from tests.kafka_fixture import kafka
from tests.web.conftest import served
from tests.web.timer_rig import ATTACK, Technician, TimerRig, fact_of, timer_rig
from web.timer_actions import Owner

__all__ = ["kafka"]
pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def rig(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TimerRig]:
    with timer_rig(kafka, f"m{uuid.uuid4().hex[:10]}.", tmp_path_factory.mktemp("timers")) as found:
        yield found


@pytest.fixture
def dana(rig: TimerRig) -> Iterator[Technician]:
    """A day later for each test, with whatever ran stopped."""
    with rig.program("dana") as found:
        for one in found.get("now")["current"]:
            found.act("stop", one["timer"], uuid.uuid4().hex)
        rig.clock.tick(86_400)
        yield found


def new() -> str:
    return uuid.uuid4().hex


def of(rig: TimerRig, timer: str) -> list[tuple[str, int]]:
    """Phases and instants that stand in Kafka for a timer of dana's."""
    activity = Owner("main", "dana").activity(timer)
    return [(one.phase, one.at or 0) for one in rig.events() if one.activity_id == activity]


def test_a_click_is_in_kafka_when_it_is_answered_and_read_at_once(rig: TimerRig, dana: Technician) -> None:
    timer = new()
    done = dana.act("start", timer, ticket="T1", note="on site")
    assert of(rig, timer) == [("start", rig.clock.ms)]
    [running] = done["current"]
    assert (running["state"], running["label"], running["client_name"]) == ("running", "T1", "Acme Dental")
    assert running["note"] == "on site"
    assert dana.get("now")["current"][0]["timer"] == timer


def test_double_clicks_and_retries_are_one_event(rig: TimerRig, dana: Technician) -> None:
    timer = new()
    body = {"at": rig.clock.iso, "sent_at": rig.clock.iso, "ticket": "T1"}
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: dana.act("start", timer, **body), range(4)))
    assert sorted(one["repeated"] for one in answers) == [False, True, True, True]
    assert len({one["event"] for one in answers}) == 1
    rig.clock.tick(60)
    dana.act("stop", timer, "stop-1")
    rig.clock.tick(3)
    again = dana.act("stop", timer, "stop-1")
    assert again["repeated"]
    assert [phase for phase, _ in of(rig, timer)] == ["start", "stop"]


def test_a_timer_that_starts_pauses_the_other_and_can_be_gone_back_to(rig: TimerRig, dana: Technician) -> None:
    first, second = new(), new()
    dana.act("start", first, ticket="T1")
    rig.clock.tick(600)
    dana.act("start", second, ticket="T2")
    assert dana.states()[first] == "paused"
    rig.clock.tick(300)
    dana.act("switch", first, "back", ticket="T1")
    rig.clock.tick(60)
    dana.act("stop", first, "end")
    day = {one["timer"]: one for one in dana.get("day", zone="UTC")["timers"]}
    assert (day[first]["seconds"], day[first]["state"]) == (660, "stopped")
    assert (day[second]["seconds"], day[second]["state"]) == (300, "paused")


def test_another_process_and_a_restarted_one_read_the_same(rig: TimerRig, dana: Technician) -> None:
    timer = new()
    with served(rig.settings, rig.clock) as beside, rig.program("dana", address=beside) as other:
        dana.act("start", timer, ticket="T1")
        assert [one["timer"] for one in other.get("now")["current"]] == [timer]
        rig.clock.tick(5)
        other.act("stop", timer, "s")
        assert dana.get("now")["current"] == []


def test_clicks_that_waited_for_a_network_keep_their_instant(rig: TimerRig, dana: Technician) -> None:
    timer, clicked = new(), datetime.fromisoformat(rig.clock.iso)
    rig.clock.tick(3600)
    dana.act("start", timer, at=clicked.isoformat(), ticket="T1")
    dana.act("stop", timer, "s", at=(clicked + timedelta(minutes=7)).isoformat())
    found = next(one for one in dana.get("day", zone="UTC")["timers"] if one["timer"] == timer)
    assert found["seconds"] == 420


def test_a_wrong_clock_is_not_believed_and_kept(rig: TimerRig, dana: Technician) -> None:
    timer, wrong = new(), datetime.fromisoformat(rig.clock.iso) - timedelta(hours=3)
    done = dana.act("start", timer, at=wrong.isoformat(), sent_at=(wrong + timedelta(seconds=30)).isoformat())
    assert datetime.fromisoformat(done["at"]) == datetime.fromisoformat(rig.clock.iso) - timedelta(seconds=30)
    [event] = [one for one in rig.events() if one.native.get("timer") == timer]
    assert (event.time_basis, event.native["client_at"]) == ("server", wrong.isoformat())
    old = dana.post("start", new(), at=(wrong - timedelta(days=9)).isoformat())
    assert (old.status_code, old.json()["title"]) == (422, "Too long ago")


def test_a_correction_is_a_revision_with_its_reason_and_undoes_no_later_one(rig: TimerRig, dana: Technician) -> None:
    timer, began = new(), rig.clock.ms
    dana.act("start", timer, ticket="T1")
    rig.clock.tick(3600)
    dana.act("stop", timer, "stop")
    fixed = datetime.fromisoformat(rig.clock.iso) - timedelta(minutes=40)
    for _ in range(2):
        dana.act("correct", timer, "c1", reason="forgot_to_stop", ended_at=fixed.isoformat())
    dana.act("correct", timer, "c2", reason="forgot_to_start", started_at=(fixed - timedelta(minutes=30)).isoformat())
    assert dana.act("correct", timer, "c1", reason="forgot_to_stop", ended_at=fixed.isoformat())["repeated"]
    stands = of(rig, timer)
    assert stands.count(("stop", began + 3_600_000)) == 1, "what was recorded first stays"
    assert len(stands) == 4
    found = next(one for one in dana.get("day", zone="UTC")["timers"] if one["timer"] == timer)
    assert (found["seconds"], found["flags"]) == (1800, ["corrected"])
    [stop] = [one for one in rig.events() if one.correction == "forgot_to_stop"]
    assert stop.revision > 0


@pytest.mark.parametrize(
    ("fields", "title"),
    [
        ({}, "Nothing to change"),
        ({"ended_at": "2000-01-01T00:00:00Z"}, "It would end before it starts"),
        ({"ended_at": "2090-01-01T00:00:00Z"}, "In the future"),
    ],
)
def test_a_correction_that_cannot_be_says_why(dana: Technician, fields: dict[str, str], title: str) -> None:
    timer = new()
    dana.act("start", timer)
    answer = dana.post("correct", timer, "c", reason="other", **fields)
    assert (answer.status_code, answer.json()["title"]) == (422, title)


def test_another_technician_and_another_tenant_find_nothing(rig: TimerRig, dana: Technician) -> None:
    timer = new()
    dana.act("start", timer)
    with rig.program("erin") as erin, rig.program("dana", tenant="other") as namesake:
        for stranger in (erin, namesake):
            for action in ("stop", "pause", "resume"):
                assert stranger.post(action, timer).status_code == 404
            assert stranger.post("note", timer, text="mine now").status_code == 404
            assert stranger.post("correct", timer, reason="other", ticket="T2").status_code == 404
            assert stranger.get("now")["current"] == []
        assert erin.client.get("/v1/timers/day", params={"technician": "dana"}).status_code == 404
    assert dana.states()[timer] == "running"


def test_nobody_without_a_technician_keeps_timers(rig: TimerRig) -> None:
    with rig.program("") as program:
        answer = program.post("start", new())
    assert (answer.status_code, answer.json()["title"]) == (403, "Whose timers?")


def test_tickets_are_found_by_number_title_and_client(dana: Technician) -> None:
    def found(words: str) -> list[Any]:
        return [one["ticket"] or one["client"] for one in dana.get("tickets", q=words)["results"]]

    assert found("") == ["T1", "T2"]
    assert found("48213") == ["~desk:main:77"]
    assert found("mailbox") == ["T2"]
    assert found("birch") == ["T2", "birch"]
    assert found("old one") == []
    assert dana.get("tickets", q="onerror")["results"][0]["title"] == ATTACK


def test_what_the_pipeline_captured_stands_beside_the_timers(rig: TimerRig, dana: Technician) -> None:
    at = rig.clock.ms // 1000
    work = Work(
        tenant="main", id=new(), kind="remote_session", technician="dana", client="acme", ticket="T1", device="ws1",
        spans=((at - 900, at),), recovered=True, proof=(Proof("i", "mesh:1", "remote_session", 900),),
    )  # fmt: skip
    run = Interval(
        tenant="main", id=new(), source="mesh:1", kind="script_run", technician=Ref("d.ito"), device=Ref("node//ws1"),
        start=at - 60, end=at - 20, spans=((at - 60, at - 20),), close="interval",
    )  # fmt: skip
    rig.send(RATE_LOG, [fact_of("work", work.id, 1, work)])
    rig.send(LINK_LOG, [fact_of("interval", run.id, 1, run)])
    until(20, lambda: len(dana.get("day", zone="UTC")["captured"]) == 2, "both are read")
    session, script = dana.get("day", zone="UTC")["captured"]
    assert (session["kind"], session["seconds"], session["label"], session["device"]) == (
        "remote_session", 900, "T1", "Front desk",
    )  # fmt: skip
    assert (script["kind"], script["seconds"], script["client_name"]) == ("script_run", 40, "Acme Dental")
    with rig.program("erin") as erin:
        assert erin.get("day", zone="UTC")["captured"] == []


def test_a_forgotten_timer_shows_what_was_inferred_and_is_confirmed(rig: TimerRig, dana: Technician) -> None:
    timer, began = new(), rig.clock.ms // 1000
    activity = dana.act("start", timer, ticket="T1")["current"][0]["activity"]
    rig.clock.tick(9 * 3600)
    work = Work(
        tenant="main", id=activity, kind="ticket_timer", technician="dana", client="acme", ticket="T1",
        spans=((began, began + 1500),), flags=("estimated_end",),
    )  # fmt: skip
    rig.send(RATE_LOG, [fact_of("work", activity, 1, work)])
    until(20, lambda: dana.get("now")["current"][0]["estimated_end"] is not None, "the inference is read")
    [shown] = dana.get("now")["current"]
    assert shown["state"] == "forgotten"
    dana.act("correct", timer, "ok", reason="estimate_confirmed", ended_at=shown["estimated_end"])
    assert dana.get("now")["current"] == []
    assert [one.correction for one in rig.events() if one.activity_id == activity] == ["", "estimate_confirmed"]


def test_a_forgotten_timer_is_not_ended_by_the_next_morning(rig: TimerRig, dana: Technician) -> None:
    """Pausing it then would bill the night."""
    lost, next_day = new(), new()
    dana.act("start", lost, ticket="T1")
    rig.clock.tick(20 * 3600)
    dana.act("start", next_day, ticket="T2")
    dana.act("switch", new(), ticket="T1")
    assert [phase for phase, _ in of(rig, lost)] == ["start"]
    assert dana.states()[lost] == "forgotten"
    assert [phase for phase, _ in of(rig, next_day)] == ["start", "pause"]


def test_a_night_with_a_clock_change_counts_what_passed(rig: TimerRig, dana: Technician) -> None:
    """Berlin, 26 October 2025: 03:00 becomes 02:00, and the day has 25 hours."""
    found = dana.get("day", zone="Europe/Berlin", date="2025-10-26")
    begins, ends = (datetime.fromisoformat(found[name]) for name in ("begins", "ends"))
    assert ends - begins == timedelta(hours=25)
    for wrong in ("2025-13-01", "2025-02-30"):
        assert dana.client.get("/v1/timers/day", params={"date": wrong}).status_code == 422


def test_the_feed_tells_of_a_click_elsewhere(rig: TimerRig, dana: Technician) -> None:
    timer = new()
    with dana.client.stream("GET", "/v1/timers/live", params={"zone": "UTC"}) as stream:
        days = (json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data: "))
        assert timer not in {one["timer"] for one in next(days)["timers"]}
        dana.act("start", timer, ticket="T1")
        assert next(days)["timers"][-1]["timer"] == timer


def test_in_single_user_mode_one_names_the_technician_and_a_foreign_page_can_do_nothing(
    rig: TimerRig, dana: Technician, tmp_path: Path
) -> None:
    alone = rig.settings.model_copy(update={"home": tmp_path})
    with served(alone, rig.clock) as address, httpx.Client(base_url=address, trust_env=False, timeout=30) as browser:
        page = browser.get("/timers", params={"technician": "dana"}).text
        token = re.search(r'csrf-token" content="([0-9a-f]+)"', page)
        assert token is not None
        body = {"timer": new(), "key": "k", "at": rig.clock.iso, "sent_at": rig.clock.iso}
        ours = {"origin": address, "x-csrf-token": token[1]}
        for theirs in ({}, ours | {"origin": "https://elsewhere.example"}, ours | {"x-csrf-token": "0"}):
            refused = browser.post("/v1/timers/start", params={"technician": "dana"}, json=body, headers=theirs)
            assert refused.status_code == 403, refused.text
        assert browser.post("/v1/timers/start", json=body, headers=ours).json()["title"] == "Whose timers?"
        done = browser.post("/v1/timers/start", params={"technician": "dana"}, json=body, headers=ours)
        assert done.status_code == 200, done.text
    assert dana.states()[body["timer"]] == "running"


def test_a_broker_that_is_away_is_said(tmp_path: Any) -> None:
    settings = Settings(home=tmp_path, kafka="127.0.0.1:1", clickhouse_port=1)
    token = tokens.create(Access(settings), "t", "main", ("timers",), "dana")
    with served(settings) as address:
        answer = httpx.post(
            f"{address}/v1/timers/start", json={"timer": new(), "key": "k"}, timeout=60,
            headers={"authorization": f"Bearer {token}"}, trust_env=False,
        )  # fmt: skip
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
