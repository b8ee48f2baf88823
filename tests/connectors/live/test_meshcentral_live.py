"""MeshCentral live: the facts of a file import, whatever breaks in between."""

from __future__ import annotations

import asyncio
import json
import ssl
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.live import meshcentral
from connectors.live.source import DAY, Trouble
from connectors.live.state import load
from tests.connectors.golden import EXAMPLES
from tests.connectors.live.mesh_server import HISTORY, LOGIN_KEY, NOW, PASSWORD, USER, MeshServer, session
from tests.connectors.live.rig import Rig, certificate, facts, imported, until

MESH = EXAMPLES / "meshcentral"
FILES = ("events", "meshes", "nodes")


def rig(home: Path, server: MeshServer, **more: Any) -> Rig:
    target = {"connector": "meshcentral", "url": server.url, "user": USER, "secret": PASSWORD}
    return Rig(home, **(target | more))


def as_file(path: Path, server: MeshServer) -> set[str]:
    """Facts of the server's whole history, exported and imported."""
    path.write_text(json.dumps({"action": "events", "events": server.events[::-1]}))
    return facts(imported("meshcentral", path).events)


def test_a_look_gives_the_facts_of_the_exported_files(tmp_path: Path) -> None:
    with MeshServer() as server:
        live = rig(tmp_path, server)
        live.look()
    files = imported("meshcentral", *(MESH / f"{name}_response.json" for name in FILES), as_of=1)
    assert facts(live.kept.events) == facts(files.events)
    assert [(fact.id, bytes(fact.body)) for fact in live.kept.facts] == [
        (fact.id, bytes(fact.body)) for fact in files.facts
    ]
    assert all(NOW <= fact.rev < NOW + 60_000 for fact in live.kept.facts), "as of the server's clock"


def test_a_second_look_sends_only_what_is_new(tmp_path: Path) -> None:
    with MeshServer() as server:
        live = rig(tmp_path, server)
        live.look()
        sent = len(live.kept.events), len(live.kept.facts)
        live.look()
        assert (len(live.kept.events), len(live.kept.facts)) == sent
        server.now = NOW + 600_000
        server.happen(*session(1, NOW - 60_000, 300))
        group, (node,) = next(iter(server.nodes.items()))
        server.nodes = {group: [node | {"name": "ACME-WS-015"}]}
        live.look()
        assert len(live.kept.events) == sent[0] + 2
        assert [fact.id for fact in live.kept.facts[sent[1] :]] == [live.kept.facts[1].id]
        assert live.kept.facts[-1].rev > live.kept.facts[1].rev


def test_what_is_pushed_and_what_is_read_again_is_one_fact(tmp_path: Path) -> None:
    async def story(server: MeshServer) -> None:
        live = rig(tmp_path, server)
        async with live.serving() as runner:
            await until(lambda: runner.progress.state == "live", "history read")
            server.happen(*session(1, NOW - 300_000, 200))
            await until(lambda: len(live.kept.events) == len(HISTORY) + 2, "the push has arrived")
            server.drop()
            server.happen(*session(2, NOW - 50_000, 20))  # nobody listens
            await until(lambda: len(live.kept.events) == len(HISTORY) + 4, "what happened meanwhile is read")
        assert len(set(live.keys)) == len(live.keys), "nothing twice within one process"
        assert facts(live.kept.events) == as_file(tmp_path / "all.json", server)
        assert runner.progress.errors >= 1

    with MeshServer() as server:
        asyncio.run(story(server))


def test_a_push_does_not_hide_what_the_history_has_not_told_yet(tmp_path: Path) -> None:
    hour = 3_600_000

    async def story(server: MeshServer, live: Rig) -> None:
        async with live.serving():
            await until(lambda: server.open, "connected")
            server.happen(*session(2, NOW + 5 * hour, 60))
            await until(lambda: len(live.kept.events) == len(HISTORY) + 2, "the push has arrived")

    with MeshServer() as server:
        live = rig(tmp_path, server)
        live.look()
        server.now, server.hold = NOW + 6 * hour, True
        server.happen(*session(1, NOW + hour, 60), pushed=False)
        asyncio.run(story(server, live))
        server.hold = False
        live.look()
        assert facts(live.kept.events) == as_file(tmp_path / "all.json", server)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["push", "lost", "drop", "restart", "twice", "back"]), min_size=1, max_size=7))
def test_whatever_breaks_the_facts_are_those_of_the_history(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("live")

    async def story(server: MeshServer, live: Rig) -> None:
        at = NOW - 3_000_000
        left = list(enumerate(steps))
        while left:
            async with live.serving() as runner:
                await until(lambda: runner.progress.state == "live", "history read")
                while left:
                    number, step = left.pop(0)
                    at += 100_000
                    rows = session(number, at, 60)
                    if step == "restart":
                        break  # killed: what is not on the disk is read again
                    if step in ("drop", "lost"):
                        server.drop()
                    server.happen(*(rows[::-1] if step == "back" else rows), pushed=step != "lost")
                    if step == "twice":
                        for row in rows:
                            server.say(json.dumps({"action": "event", "event": row}))

    with MeshServer() as server:
        live = rig(folder, server)
        asyncio.run(story(server, live))
        live.look()
        assert facts(live.kept.events) == as_file(folder / "all.json", server)


def test_killed_between_send_and_cursor_it_sends_again_and_loses_nothing(tmp_path: Path) -> None:
    with MeshServer() as server:
        live = rig(tmp_path, server)
        runner = live.runner()
        runner._save = lambda force: None  # type: ignore[method-assign]  # the process dies before the disk has it
        asyncio.run(runner.look(once=True))
        assert load(live.place.cursor).cursor is None
        sent = list(live.keys)
        live.look()
        assert live.keys == sent + sent
        assert load(live.place.cursor).cursor is not None


def test_the_cursor_waits_for_the_broker(tmp_path: Path) -> None:
    class RefusedError(Exception): ...

    def refuse() -> None:
        raise RefusedError

    with MeshServer() as server:
        live = rig(tmp_path, server)
        live.fail = refuse
        with pytest.raises(RefusedError):
            live.look()
        assert load(live.place.cursor).cursor is None
        live.fail = lambda: None
        live.look()
        assert facts(live.kept.events) == as_file(tmp_path / "all.json", server)


def test_more_is_asked_for_until_the_history_reaches_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meshcentral, "LIMITS", (4, 16, 60))
    with MeshServer() as server:
        live = rig(tmp_path, server)
        live.look()
        server.now = NOW + DAY
        for number in range(10):
            server.happen(*session(number, NOW + number * 3_600_000, 60))
        server.asked.clear()
        live.look()
        assert [asked["limit"] for asked in server.asked if asked["action"] == "events"] == [4, 16, 60]
        assert facts(live.kept.events) == as_file(tmp_path / "all.json", server)


def test_what_the_server_no_longer_tells_is_said_to_be_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meshcentral, "LIMITS", (4,))
    with MeshServer() as server:
        live = rig(tmp_path, server)
        live.look()
        server.now = NOW + DAY
        for number in range(10):
            server.happen(*session(number, NOW + number * 3_600_000, 60))
        runner = live.look()
        assert "may be missing" in runner.progress.gap
        assert "2026-03-02T17:00:00Z and 2026-03-03T02:00:00Z" in runner.progress.gap
        assert "may be missing" in live.look().progress.gap, "and still, after a restart"


def test_a_cursor_from_the_future_hides_nothing(tmp_path: Path) -> None:
    with MeshServer() as server:
        live = rig(tmp_path, server)
        server.now = NOW + 400 * DAY  # the server's clock went wrong
        live.look()
        server.now = NOW
        server.happen(*session(1, NOW - 300_000, 200))
        live.look()
        assert facts(live.kept.events) >= facts(imported("meshcentral", MESH / "events_response.json").events)
        assert len(set(live.keys)) == len(HISTORY) + 2


def test_an_old_server_that_does_not_tell_its_time(tmp_path: Path) -> None:
    with MeshServer(now=None) as server:
        live = rig(tmp_path, server)
        live.look()
        live.look()
        assert facts(live.kept.events) == as_file(tmp_path / "all.json", server)


@pytest.mark.parametrize("text", ['{action:"pong"}', '{"action":"pong"}', '{"action":"msg","event":7}', "[]"])
def test_frames_that_say_nothing_do_no_harm(tmp_path: Path, text: str) -> None:
    async def story(server: MeshServer) -> None:
        live = rig(tmp_path, server)
        async with live.serving() as runner:
            await until(lambda: runner.progress.state == "live", "history read")
            server.say(text)
            server.happen(*session(1, NOW - 300_000, 200))
            await until(lambda: len(live.kept.events) == len(HISTORY) + 2, "it goes on")
        assert not live.kept.parked
        assert server.connections == 1

    with MeshServer() as server:
        asyncio.run(story(server))


def test_a_broken_frame_is_parked_with_its_bytes(tmp_path: Path) -> None:
    async def story(server: MeshServer) -> None:
        live = rig(tmp_path, server)
        async with live.serving() as runner:
            await until(lambda: runner.progress.state == "live", "history read")
            server.say('{"action":"event","event":{"etype":"relay"')
            await until(lambda: live.kept.parked, "parked")
        assert live.kept.parked[0].value == b'{"action":"event","event":{"etype":"relay"'
        assert live.kept.parked[0].place == "live:1"

    with MeshServer() as server:
        asyncio.run(story(server))


def test_silence_ends_a_connection(tmp_path: Path) -> None:
    async def story(server: MeshServer) -> None:
        live = rig(tmp_path, server)
        async with live.serving() as runner:
            await until(lambda: runner.progress.errors, "it gives up")
            assert "does not answer (userinfo)" in runner.progress.problem
            server.mute = False
            await until(lambda: runner.progress.state == "live", "and comes back")

    with MeshServer(mute=True) as server:
        asyncio.run(story(server))


def test_a_lost_answer_is_asked_for_again_with_growing_patience(tmp_path: Path) -> None:
    async def story(server: MeshServer) -> None:
        live = rig(tmp_path, server)
        async with live.serving() as runner:
            await until(lambda: runner.progress.state == "live", "history read")
        assert live.waits == [0.01, 0.02, 0.04, 0.05, 0.05]
        assert facts(live.kept.events) == as_file(tmp_path / "all.json", server)

    with MeshServer(cut_after=5) as server:
        asyncio.run(story(server))


@pytest.mark.parametrize(
    ("close", "says"),
    [
        ({"cause": "noauth", "msg": "noauth-4"}, "does not accept who we are. Check user and secret"),
        ({"cause": "noauth", "msg": "tokenrequired"}, "second factor. Make a login token"),
        ({"cause": "noauth", "msg": "nokey"}, "?key="),
        ({"cause": "banned", "msg": ""}, "too many failed logins"),
        ({"cause": "locked", "msg": ""}, "has locked the account ~t:billing"),
    ],
)
def test_who_is_not_let_in_says_why_and_waits(tmp_path: Path, close: dict[str, str], says: str) -> None:
    async def story(server: MeshServer) -> None:
        live = rig(tmp_path, server)
        async with live.serving() as runner:
            await until(lambda: live.waits, "refused")
            assert runner.progress.state == "refused"
            assert says in runner.progress.problem
            assert PASSWORD not in runner.progress.problem
        assert live.waits == [300.0], "no hot loop"
        assert server.connections == 1

    with MeshServer(close_with=close) as server:
        asyncio.run(story(server))


def test_a_wrong_secret_is_refused_and_a_new_one_taken_up(tmp_path: Path) -> None:
    with MeshServer() as server:
        live = rig(tmp_path, server, secret="wrong")
        with pytest.raises(Trouble, match="does not accept") as trouble:
            live.look()
        assert trouble.value.refused
        (live.place.folder / "secret").write_text(PASSWORD)
        live.look()
        assert len(live.kept.events) == len(HISTORY)


def test_the_login_key_opens_as_an_account(tmp_path: Path) -> None:
    with MeshServer() as server:
        live = rig(tmp_path, server, user="billing", login_key=True, secret=LOGIN_KEY.hex())
        live.look()
        assert len(live.kept.events) == len(HISTORY)
        other = rig(tmp_path, server, instance="two", user="billing", login_key=True, secret="abc")
        with pytest.raises(Trouble, match="160 hex digits"):
            other.look()


def test_a_certificate_nobody_vouches_for_is_refused_in_words(tmp_path: Path) -> None:
    pem = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with MeshServer(context=context) as server:
        with pytest.raises(Trouble, match="certificate we do not trust") as trouble:
            rig(tmp_path, server).look()
        assert trouble.value.refused
        trusting = rig(tmp_path, server, instance="two", ca_file=str(pem))
        trusting.look()
        assert len(trusting.kept.events) == len(HISTORY)


def test_nobody_there(tmp_path: Path) -> None:
    with MeshServer() as server:
        live = rig(tmp_path, server)
    with pytest.raises(Trouble, match="cannot be reached") as trouble:
        live.look()
    assert not trouble.value.refused
