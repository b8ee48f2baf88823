"""`everyminute live` and `poll`, as commands, and what `status` says of them."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path
from typing import Any

import pytest

from connectors.live.state import load
from deploy.embedded.stack import components
from jobs.live import find, places
from jobs.live_status import live_rows, well
from sinks.runfile import RunFile
from streams.settings import Settings
from tests.connectors.live.tactical_server import KEY, TacticalServer
from tests.jobs.command import Ran, everyminute


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "key.txt"
    path.write_text(f"{KEY}\n")
    return path


def run(home: Path, *arguments: object, **settings: str) -> Ran:
    return everyminute(*arguments, home=str(home / "home"), **settings)


def added(home: Path, secret: Path, *more: object, connector: str = "tacticalrmm", url: str = "") -> Ran:
    url = url or ("https://api.example.com" if connector == "tacticalrmm" else "wss://mesh.example.com")
    return run(home, "live", "add", connector, "main", "--url", url, "--secret-file", secret, *more)


def listed(home: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = run(home, "live", "list", "--format", "json").json()
    return found


def test_a_tool_is_added_listed_and_removed(tmp_path: Path, secret: Path) -> None:
    assert added(tmp_path, secret).code == 0
    (row,) = listed(tmp_path)
    assert (row["connector"], row["instance"], row["tenant"], row["state"]) == (
        "tacticalrmm",
        "main",
        "main",
        "stopped",
    )
    settings = Settings(home=tmp_path / "home")
    place = find(settings, "tacticalrmm", "main")
    for path in place.folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE(place.folder.stat().st_mode) == 0o700
    assert place.secret() == KEY
    assert KEY not in run(tmp_path, "live", "list").out + (place.folder / "settings.json").read_text()
    assert added(tmp_path, secret).code == 2, "once is enough"
    place.cursor.write_text('{"cursor":7}')
    assert run(tmp_path, "live", "remove", "tacticalrmm", "main").code == 0
    assert listed(tmp_path) == []
    assert not (place.folder / "secret").exists()
    assert place.cursor.exists(), "it goes on where it was when it is added again"
    assert run(tmp_path, "live", "remove", "tacticalrmm", "main").code == 2
    assert added(tmp_path, secret).code == 0
    assert run(tmp_path, "live", "remove", "tacticalrmm", "main", "--forget").code == 0
    assert not place.folder.exists()


def test_a_new_secret_replaces_the_old_one(tmp_path: Path, secret: Path) -> None:
    added(tmp_path, secret)
    secret.write_text("another-key")
    assert run(tmp_path, "live", "secret", "tacticalrmm", "main", "--secret-file", secret).code == 0
    assert find(Settings(home=tmp_path / "home"), "tacticalrmm", "main").secret() == "another-key"
    secret.write_text("\n")
    assert run(tmp_path, "live", "secret", "tacticalrmm", "main", "--secret-file", secret).code == 2


@pytest.mark.parametrize(
    ("connector", "url", "more", "says"),
    [
        ("syncro", "https://a.example", (), "choose one of meshcentral, tacticalrmm"),
        ("tacticalrmm", "http://api.example.com", (), "readable for everybody"),
        ("meshcentral", "ws://mesh.example.com", ("--user", "a"), "readable for everybody"),
        ("tacticalrmm", "https://me:pw@api.example.com", (), "holds a password"),
        ("tacticalrmm", "https://api.example.com?x=1", (), "question mark"),
        ("tacticalrmm", "api.example.com", (), "whole address"),
        ("tacticalrmm", "https://api.example.com:x", (), "whole address"),
        ("meshcentral", "wss://mesh.example.com", (), "--user"),
        ("tacticalrmm", "https://api.example.com", ("--ca-file", "/nowhere.pem"), "no file"),
        ("tacticalrmm", "https://api.example.com", ("--since", "yesterday"), "--since"),
        ("tacticalrmm", "https://api.example.com", ("--every", "1"), "every"),
        ("tacticalrmm", "https://api.example.com", ("--tenant", "a/b"), "--tenant"),
    ],
)
def test_wrong_use_says_what_to_do(
    tmp_path: Path, secret: Path, connector: str, url: str, more: tuple[str, ...], says: str
) -> None:
    ran = added(tmp_path, secret, *more, connector=connector, url=url)
    assert ran.code == 2
    assert says in ran.err
    assert places(Settings(home=tmp_path / "home")) == []


@pytest.mark.parametrize(
    ("url", "whole"),
    [
        ("https://mesh.example.com", "wss://mesh.example.com/control.ashx"),
        ("wss://mesh.example.com/", "wss://mesh.example.com/control.ashx"),
        ("wss://mesh.example.com:8443/customer/", "wss://mesh.example.com:8443/customer/control.ashx"),
        ("wss://mesh.example.com/control.ashx", "wss://mesh.example.com/control.ashx"),
    ],
)
def test_the_address_of_the_socket_is_completed(tmp_path: Path, secret: Path, url: str, whole: str) -> None:
    added(tmp_path, secret, "--user", "~t:a", connector="meshcentral", url=url)
    assert listed(tmp_path)[0]["url"] == whole


def test_a_key_in_the_address_is_never_shown(tmp_path: Path, secret: Path) -> None:
    added(tmp_path, secret, "--user", "~t:a", connector="meshcentral", url="wss://mesh.example.com/?key=geheim")
    assert "geheim" not in run(tmp_path, "live", "list", "--format", "json").out


def test_up_runs_what_was_added(tmp_path: Path, secret: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    assert not [one for one in components(settings) if one.name.startswith("live")]
    added(tmp_path, secret)
    (component,) = [one for one in components(settings) if one.name.startswith("live")]
    assert component.name == "live-tacticalrmm.main"
    assert list(component.argv)[-3:] == ["jobs.live_run", "tacticalrmm", "main"]
    assert not component.ready()
    RunFile(settings.home, component.name).write({"state": "waiting"})
    assert component.ready(), "whether the tool answers or not: nothing waits for it"


def test_status_tells_state_and_lag(tmp_path: Path, secret: Path) -> None:
    added(tmp_path, secret)
    settings = Settings(home=tmp_path / "home")
    told = {
        "state": "refused", "problem": "It does not accept the [key].", "last_event": 1_772_460_000_000,
        "last_contact": time.time(), "complete": time.time() - 3600, "next_try": time.time() + 300,
        "sent": {"events": 12, "directory": 3, "parked": 0}, "errors": 4, "gap": "",
    }  # fmt: skip
    RunFile(settings.home, "live-tacticalrmm.main").write(told)
    (row,) = run(tmp_path, "status", "--format", "json").json()["live"]
    assert (row["state"], row["pid"], row["errors"]) == ("refused", os.getpid(), 4)
    assert row["last_event"] == "2026-03-02T14:00:00Z"
    assert 3590 < row["behind_seconds"] < 3700
    assert row["problem"] == "It does not accept the [key]."
    text = run(tmp_path, "live", "list").out
    assert "tacticalrmm:main" in text
    assert "It does not accept the [key]." in text
    assert "1:00:0" in text
    assert [well(one) for one in live_rows(settings)] == [False]
    RunFile(settings.home, "live-tacticalrmm.main").write(told | {"state": "live", "complete": time.time()})
    assert [well(one) for one in live_rows(settings)] == [True]


def test_poll_needs_the_tool_and_kafka(tmp_path: Path, secret: Path) -> None:
    assert run(tmp_path, "poll", "tacticalrmm").code == 2
    with TacticalServer() as server:
        added(tmp_path, secret, url=server.url)
        server.key = "another"
        ran = run(tmp_path, "poll", "tacticalrmm", kafka="127.0.0.1:1")
        assert (ran.code, "does not accept the key" in ran.err) == (3, True)
        server.key = KEY
        ran = run(tmp_path, "poll", "tacticalrmm", kafka="127.0.0.1:1")
        assert (ran.code, "Kafka does not answer" in ran.err) == (3, True)
        assert load(find(Settings(home=tmp_path / "home"), "tacticalrmm", "main").cursor).cursor is None


def test_two_processes_never_share_a_cursor(tmp_path: Path, secret: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.live.LOCK_SECONDS", 0.1)
    added(tmp_path, secret)
    with find(Settings(home=tmp_path / "home"), "tacticalrmm", "main").owned():
        ran = run(tmp_path, "poll", "tacticalrmm")
    assert ran.code == 3
    assert "is being read already" in ran.err
