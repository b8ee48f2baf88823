"""The service of a live tool as a process: its run file, removal and return, and a broker that is away."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError

from tests.connectors.golden import EXAMPLES
from tests.connectors.live.rig import Rig, facts, imported, until
from tests.connectors.live.tactical_server import KEY, TacticalServer
from tests.integration.pipeline import ROOT, wait_for
from tests.jobs.command import everyminute


def test_while_kafka_is_away_nothing_is_lost_and_status_says_so(tmp_path: Path) -> None:
    def away() -> None:
        raise KafkaConnectionError("no broker")

    async def story(server: TacticalServer) -> None:
        live = Rig(tmp_path, connector="tacticalrmm", url=server.url, secret=KEY)
        live.fail = away
        async with live.serving() as runner:
            await until(lambda: runner.progress.errors > 2, "it tries again")
            assert "Kafka did not take everything: KafkaConnectionError: no broker" in runner.progress.problem
            assert runner.state.cursor is None
            live.fail = lambda: None
            await until(lambda: runner.progress.state == "live", "it goes on")
        assert live.waits[:3] == [0.01, 0.02, 0.04]
        files = imported("tacticalrmm", EXAMPLES / "tacticalrmm" / "scripthistory.json")
        assert facts(live.kept.events) == facts(files.events)

    with TacticalServer() as server:
        asyncio.run(story(server))


@contextmanager
def process(home: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = {key: text for key, text in os.environ.items() if not key.startswith("EVERYMINUTE_")}
    environment |= {"EVERYMINUTE_HOME": str(home), "EVERYMINUTE_KAFKA": "127.0.0.1:1"}
    argv = [sys.executable, "-m", "jobs.live_run", "tacticalrmm", "main"]
    started = subprocess.Popen(argv, env=environment, cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        yield started
    finally:
        started.kill()
        started.wait()


def told(home: Path) -> dict[str, Any]:
    file = home / "run" / "live-tacticalrmm.main.json"
    found: dict[str, Any] = json.loads(file.read_bytes()) if file.exists() else {}
    return found


def test_a_removed_tool_is_left_alone_and_starts_anew_when_it_is_added_again(tmp_path: Path) -> None:
    def add(secret: str) -> int:
        file = tmp_path / "secret"
        file.write_text(secret)
        where = ("--url", server.url, "--secret-file", file)
        return everyminute("live", "add", "tacticalrmm", "main", *where, home=str(tmp_path)).code

    with TacticalServer() as server:
        assert add("wrong") == 0
        with process(tmp_path) as service:
            wait_for(lambda: told(tmp_path).get("state") == "refused", "it was not let in")
            asked = len(server.asked)
            assert everyminute("live", "remove", "tacticalrmm", "main", home=str(tmp_path)).code == 0
            wait_for(lambda: told(tmp_path)["state"] == "removed", "it has seen that it was removed")
            assert service.poll() is None, "the supervisor need not start it again and again"
            assert add(KEY) == 0
            assert service.wait(20) == 0, "the supervisor starts it with its new settings"
        assert len(server.asked) == asked
        with process(tmp_path) as service:
            wait_for(lambda: "Kafka" in told(tmp_path).get("problem", ""), "it was let in, and found no broker")
            service.terminate()
            assert service.wait(20) == 0
        assert told(tmp_path)["state"] == "stopped"


@pytest.mark.parametrize("arguments", [("tacticalrmm", "other")])
def test_what_was_not_added_is_not_run(tmp_path: Path, arguments: tuple[str, str]) -> None:
    environment = os.environ | {"EVERYMINUTE_HOME": str(tmp_path)}
    argv = [sys.executable, "-m", "jobs.live_run", *arguments]
    ended = subprocess.run(argv, check=False, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 2
    assert "There is no live tacticalrmm other" in ended.stderr
