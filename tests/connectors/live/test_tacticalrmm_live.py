"""Tactical RMM polled: the facts of a file import, whatever the server answers in between."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from connectors.instants import iso
from connectors.live import tacticalrmm
from connectors.live.source import DAY, Trouble
from connectors.live.state import load
from tests.connectors.golden import EXAMPLES
from tests.connectors.live.rig import QUICK, Rig, certificate, facts, imported, until
from tests.connectors.live.tactical_server import KEY, NOW, Failure, TacticalServer

TACTICAL = EXAMPLES / "tacticalrmm"
HISTORY = "/agents/scripthistory/"


def rig(home: Path, server: TacticalServer, **more: Any) -> Rig:
    return Rig(home, **({"connector": "tacticalrmm", "url": server.url, "secret": KEY} | more))


def as_file(path: Path, server: TacticalServer) -> set[str]:
    """Facts of the whole history as it is now, exported and imported."""
    path.write_text(json.dumps(server.runs))
    return facts(imported("tacticalrmm", path).events)


def run(number: int, at: int, seconds: str | None = "12.4183") -> dict[str, Any]:
    results = None if seconds is None else {"id": number, "stdout": "secret", "retcode": 0, "execution_time": seconds}
    return {"id": number, "time": iso(at), "username": "dana.ortiz", "script": 41, "script_results": results,
            "agent": 17, "script_name": "Reset", "agent_id": "vQxRzTnKpLmWsYbHdJcGfAeUoIqXzCvBnMlKjHgF"}  # fmt: skip


def test_a_look_gives_the_facts_of_the_exported_files(tmp_path: Path) -> None:
    with TacticalServer() as server:
        live = rig(tmp_path, server)
        live.look()
    files = imported("tacticalrmm", *(TACTICAL / name for name in ("scripthistory.json", "agents.json")), as_of=NOW)
    assert facts(live.kept.events) == facts(files.events)
    assert live.kept.facts == files.facts, "as of the server's clock"
    assert not live.kept.parked


def test_a_second_look_sends_only_what_changed(tmp_path: Path) -> None:
    with TacticalServer() as server:
        live = rig(tmp_path, server)
        live.look()
        events, objects = len(live.kept.events), len(live.kept.facts)
        server.now += 60_000
        live.look()
        assert (len(live.kept.events), len(live.kept.facts)) == (events, objects)
        server.agents = [agent | {"client_name": "Northwind"} for agent in server.agents]
        server.runs.append(run(7, server.now - 1000))
        live.look()
        assert len(live.kept.events) == events + 1
        assert len(live.kept.facts) == 2 * objects
        assert live.kept.facts[-1].rev == server.now > live.kept.facts[0].rev


def test_a_run_that_was_open_is_read_again_however_old(tmp_path: Path) -> None:
    with TacticalServer() as server:
        live = rig(tmp_path, server)
        server.runs.append(run(7, NOW - 1000, None))
        live.look()
        assert set(load(live.place.cursor).opened) == {"90215", "7"}
        server.now = NOW + 20 * DAY
        live.look()
        before = as_file(tmp_path / "before.json", server)
        server.runs = [row | {"script_results": {"retcode": 0, "execution_time": 3}} if row["id"] == 7 else row
                       for row in server.runs]  # fmt: skip
        live.look()
        assert set(load(live.place.cursor).opened) == {"90215"}
        assert facts(live.kept.events) == before | as_file(tmp_path / "after.json", server)
        assert len(set(live.keys)) == len(live.keys)


def test_a_run_that_the_server_has_pruned_is_forgotten_and_not_voided(tmp_path: Path) -> None:
    with TacticalServer() as server:
        live = rig(tmp_path, server)
        live.look()
        sent = len(live.kept.events)
        server.now = NOW + 20 * DAY
        server.runs.clear()
        live.look()
        assert load(live.place.cursor).opened == {}
        assert len(live.kept.events) == sent


def test_rows_that_come_late_or_out_of_order_are_all_read(tmp_path: Path) -> None:
    with TacticalServer(shuffled=True) as server:
        live = rig(tmp_path, server)
        for number in range(200):
            server.runs.append(run(number, NOW - number * 7_000_000))
        live.look()
        assert facts(live.kept.events) == as_file(tmp_path / "all.json", server)
        server.runs.append(run(1000, NOW - 600_000))  # dated before the last look, readable only now
        server.now += 60_000
        live.look()
        assert facts(live.kept.events) == as_file(tmp_path / "all.json", server)


def test_after_a_long_absence_history_comes_in_windows_and_what_came_stays(tmp_path: Path) -> None:
    with TacticalServer() as server:
        live = rig(tmp_path, server)
        live.look()
        for day in range(10):
            server.runs.append(run(day, NOW + day * DAY + 5000))
        server.now = NOW + 10 * DAY
        server.asked.clear()

        live.look()
        windows = [query for path, query in server.asked if path == HISTORY]
        assert len(windows) > 10
        assert facts(live.kept.events) == as_file(tmp_path / "all.json", server)


def test_a_failure_in_the_middle_keeps_what_was_read(tmp_path: Path) -> None:
    with TacticalServer() as server:
        live = rig(tmp_path, server, since=NOW - 5 * DAY)
        for day in range(5):
            server.runs.append(run(day, NOW - day * DAY - 5000))

        asked: list[int] = []

        def third(query: dict[str, str], whole: Any = server.history) -> Any:
            asked.append(1)
            if len(asked) == 3:
                server.fail = [Failure(500, path=HISTORY)]
            return whole(query)

        server.history = third  # type: ignore[method-assign]
        with pytest.raises(Trouble, match="answers 500"):
            live.look()
        kept, cursor = len(live.kept.events), load(live.place.cursor).cursor
        assert kept > 0
        assert cursor == NOW - 2 * DAY
        live.look()
        assert len(set(live.keys)) == len(live.keys)
        assert facts(live.kept.events) == as_file(tmp_path / "all.json", server)


def test_the_audit_log_is_paged_and_bills_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tacticalrmm, "AUDIT_PAGE", 2)
    with TacticalServer() as server:
        row = server.audit[0]
        server.audit += [row | {"id": number, "entry_time": iso(NOW - number * 1000)} for number in range(5)]
        live = rig(tmp_path, server)
        live.look()
        assert server.paths().count("/logs/audit/") == 4
        assert all(event.kind == "script_run" for event in live.kept.events)
        assert not live.kept.parked


def test_a_key_that_may_not_read_the_audit_log_is_enough(tmp_path: Path) -> None:
    with TacticalServer(fail=[]) as server:
        server.fail = [Failure(403, path="/logs/audit/")]
        live = rig(tmp_path, server)
        live.look()
        assert facts(live.kept.events) == as_file(tmp_path / "all.json", server)


LATER = formatdate(NOW / 1000 + 90, usegmt=True)


@pytest.mark.parametrize(
    ("failure", "waits"),
    [
        (Failure(429, {"retry-after": "17"}), 18.0),
        (Failure(503, {"retry-after": LATER}), 91.0),  # by the server's clock, which is months away from ours
        (Failure(429, {"retry-after": "soon"}), 0.01),
        (Failure(500), 0.01),
        (Failure(502, body=b"<html>"), 0.01),
    ],
)
def test_what_passes_is_waited_for(tmp_path: Path, failure: Failure, waits: float) -> None:
    async def story(server: TacticalServer) -> None:
        live = rig(tmp_path, server, every=60)
        async with live.serving() as runner:
            await until(lambda: runner.progress.state == "live", "read")
            assert runner.progress.errors == 1
        assert live.waits[0] == waits
        assert facts(live.kept.events) == as_file(tmp_path / "all.json", server)

    with TacticalServer(fail=[failure]) as server:
        asyncio.run(story(server))


@pytest.mark.parametrize(
    ("failure", "says"),
    [
        (Failure(401, body=b'{"detail":"The token has expired."}'), "does not accept the key (The token has expired)."),
        (Failure(403, body=b'{"detail":"no"}', path=HISTORY), "'List agent history'"),
        (Failure(404), "answers 404. Is --url the address of the API"),
        (Failure(302, {"location": "https://elsewhere.example/"}), "answers 302"),
        (Failure(200, {"content-type": "text/html"}, b"<html>", "/agents/"), "text/html instead of JSON"),
    ],
)
def test_what_does_not_pass_says_what_to_do_and_waits_long(tmp_path: Path, failure: Failure, says: str) -> None:
    async def story(server: TacticalServer) -> None:
        live = rig(tmp_path, server)
        async with live.serving() as runner:
            await until(lambda: live.waits, "refused")
            assert runner.progress.state == "refused"
            assert says in runner.progress.problem
            assert KEY not in runner.progress.problem
        assert live.waits == [300.0], "no hot loop"

    with TacticalServer(fail=[failure] * 3) as server:
        asyncio.run(story(server))


def test_a_server_that_hangs_is_given_up(tmp_path: Path) -> None:
    with TacticalServer(hang=threading.Event()) as server:
        live = rig(tmp_path, server, pace=QUICK._replace(answer=0.2))
        with pytest.raises(Trouble, match="did not answer in time") as trouble:
            live.look()
        assert not trouble.value.refused


def test_a_clock_that_went_wrong_hides_nothing(tmp_path: Path) -> None:
    with TacticalServer() as server:
        live = rig(tmp_path, server)
        server.now = NOW + 400 * DAY
        live.look()
        server.now = NOW
        server.runs.append(run(7, NOW - 3 * DAY))
        live.look()
        assert facts(live.kept.events) == as_file(tmp_path / "all.json", server)


def test_killed_between_send_and_cursor_it_sends_again_and_loses_nothing(tmp_path: Path) -> None:
    with TacticalServer() as server:
        live = rig(tmp_path, server)
        runner = live.runner()
        runner._save = lambda force: None  # type: ignore[method-assign]
        asyncio.run(runner.look(once=True))
        sent = list(live.keys)
        live.look()
        assert live.keys == sent + sent


def test_a_certificate_nobody_vouches_for_is_refused_in_words(tmp_path: Path) -> None:
    pem = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with TacticalServer(context=context) as server:
        with pytest.raises(Trouble, match="certificate we do not trust") as trouble:
            rig(tmp_path, server).look()
        assert trouble.value.refused
        trusting = rig(tmp_path, server, instance="two", ca_file=str(pem))
        trusting.look()
        assert len(trusting.kept.events) == 3


def test_what_scripts_print_never_leaves_the_server_by_us(tmp_path: Path) -> None:
    with TacticalServer() as server:
        server.runs.append(
            run(7, NOW - 1000) | {"script_results": {"stdout": "secret" * 200_000, "execution_time": "x"}}
        )
        live = rig(tmp_path, server)
        live.look()
        (parked,) = live.kept.parked
        assert b"secret" not in parked.value
        assert parked.reason == "wrong_shape"
