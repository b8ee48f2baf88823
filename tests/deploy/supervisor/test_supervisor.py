"""A stack starts in order, heals itself, stops in reverse, and says what it cannot do."""

import shutil
import signal
import time
from collections import namedtuple
from functools import partial
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from deploy.embedded import ports
from deploy.embedded.state import State
from deploy.embedded.supervisor import Component, Exit, Pace, up
from tests.deploy.supervisor.rig import Rig, finished, gone, interrupted, replaced, until


def test_each_waits_for_those_before_it(rig: Rig) -> None:
    rig.up(
        {"name": "web", "order": 30},
        {"name": "kafka", "order": 10, "ready": "go"},
        {"name": "topics", "order": 20, "once": True, "mode": "ends well"},
        {"name": "engine", "order": 10, "ready": "go"},
    )
    until(lambda: sorted(rig.journal()) == ["start engine", "start kafka"])
    rig.touch("engine.go")
    until(lambda: rig.run().components[1].state is State.READY)
    assert len(rig.journal()) == 2
    rig.touch("kafka.go")
    until(rig.complete)
    assert rig.journal()[2:] == ["start topics", "start web"]
    assert [row.state for row in rig.run().components] == [State.READY, State.READY, State.DONE, State.READY]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_all_in_reverse(rig: Rig, number: int) -> None:
    process = rig.up(*({"name": name, "order": order} for order, name in enumerate(["kafka", "writer", "web"])))
    until(rig.complete)
    code, output = interrupted(process, number)
    assert code == Exit.OK
    assert rig.journal("stop") == ["stop web", "stop writer", "stop kafka"]
    assert output.index("web stopped") < output.index("writer stopped") < output.index("kafka stopped")
    assert "Everything runs. Hello." in output


def test_one_that_will_not_stop_is_killed_in_time(rig: Rig) -> None:
    process = rig.up(
        {"name": "kafka", "order": 1}, {"name": "hangs", "order": 2, "mode": "stubborn"}, stop=3.5, stop_each=1.0
    )
    until(rig.complete)
    pid = rig.pid("hangs")
    began = time.monotonic()
    assert interrupted(process)[0] == Exit.OK
    assert 1.0 <= time.monotonic() - began < 3.5
    assert gone(pid)
    assert rig.journal("stop") == ["stop kafka"]


def test_what_dies_starts_again_later_each_time_until_it_is_given_up(rig: Rig) -> None:
    process = rig.up({"name": "kafka", "order": 1}, {"name": "worker", "order": 2}, tries=4, delay=0.1)
    until(rig.complete)
    rig.touch("worker.die")
    until(lambda: rig.run().components[1].state is State.FAILED)
    starts = rig.times("start worker")
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    assert len(starts) == 4
    assert all(gap >= wait for gap, wait in zip(gaps, [0.1, 0.2, 0.4], strict=True))
    assert rig.journal("start").count("start kafka") == 1
    assert rig.run().components[1].restarts == 3
    code, output = interrupted(process)
    assert code == Exit.FAILED
    assert "worker ended with exit code 9, 4 times in a row: given up" in output
    assert "asked to die" in output


def test_one_that_dies_once_is_back(rig: Rig) -> None:
    rig.up({"name": "kafka", "order": 1}, {"name": "worker", "order": 2}, stable=0.0)
    until(rig.complete)
    for _ in range(6):  # more often than `tries` in all, but never in a row
        before = rig.pid("worker")
        assert before is not None
        psutil.Process(before).kill()
        until(partial(replaced, rig, "worker", before))
    assert rig.run().components[1].restarts == 6


def test_one_is_not_restarted_before_what_it_needs(rig: Rig) -> None:
    rig.up({"name": "kafka", "order": 1, "ready": "go"}, {"name": "worker", "order": 2})
    rig.touch("kafka.go")
    until(rig.complete)
    (rig.folder / "kafka.go").unlink()
    for name in ("kafka", "worker"):
        pid = rig.pid(name)
        assert pid is not None
        psutil.Process(pid).kill()
    until(lambda: rig.journal().count("start kafka") == 2)
    assert rig.journal().count("start worker") == 1
    rig.touch("kafka.go")
    until(lambda: rig.journal().count("start worker") == 2)


@pytest.mark.parametrize(("once", "starts"), [(False, 3), (True, 1)])
def test_a_start_that_fails_says_why_and_leaves_nothing(rig: Rig, once: bool, starts: int) -> None:
    process = rig.up({"name": "kafka", "order": 1}, {"name": "engine", "order": 2, "mode": "ends", "once": once})
    code, output = finished(process)
    assert code == Exit.FAILED
    assert "engine ended with exit code 7" in output
    assert "cannot open [the ledger]: broken jar" in output
    assert str(rig.home / "logs" / "engine.log") in output
    assert "Traceback" not in output
    assert rig.journal().count("start engine") == starts
    assert rig.journal("stop") == ["stop kafka"]


def test_one_that_is_never_ready_fails_the_start(rig: Rig) -> None:
    process = rig.up({"name": "kafka", "order": 1, "ready": "never"}, start=0.3, start_tries=1)
    code, output = finished(process)
    assert code == Exit.FAILED
    assert "kafka was not ready within 0 s" in output


def test_a_command_that_does_not_exist_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = Component(name="kafka", argv=[str(tmp_path / "no-java")], order=1)
    assert up(tmp_path / "home", [missing], pace=Pace(delay=0.01)) == Exit.FAILED
    assert "no-java" in capsys.readouterr().err


def test_a_port_in_use_is_named_before_anything_starts(rig: Rig) -> None:
    holder = rig.up({"name": "other", "order": 1, "mode": f"port{(port := ports.free(1)[0])}"})
    until(rig.complete)
    pid = rig.pid("other")
    second = Rig(rig.folder)
    second.home = rig.folder / "second"
    code, output = finished(second.up({"name": "a", "order": 1}, {"name": "web", "order": 2, "port": port}))
    assert code == Exit.FAILED
    assert f"Port {port}, which web needs, is in use by " in output
    assert f"(process {pid})" in output
    assert "EVERYMINUTE_TEST_PORT" in output
    assert rig.journal() == ["start other"]
    interrupted(holder)


def test_a_second_up_tells_what_runs(rig: Rig) -> None:
    port = ports.free(1)[0]
    rig.up({"name": "web", "order": 1, "port": port, "mode": f"port{port}"})
    until(rig.complete)
    code, output = finished(rig.up({"name": "web", "order": 1, "port": port}))
    assert code == Exit.ALREADY_RUNNING
    assert f"web: ready, process {rig.pid('web')}, port {port}" in output
    assert not gone(rig.pid("web"))


def test_two_reasons_in_a_row_from_its_watchdog_kill_it_and_one_does_not(rig: Rig) -> None:
    process = rig.up({"name": "worker", "order": 1, "probe": True})
    until(rig.complete)
    first = rig.pid("worker")
    reports = rig.folder / "worker.probe"
    rig.touch("worker.probe", "no progress\n\nno progress")
    until(lambda: reports.read_text() == "")
    assert rig.pid("worker") == first
    rig.touch("worker.probe", "stands still\nstands still")
    assert first is not None
    until(partial(replaced, rig, "worker", first))
    assert gone(first)
    assert "worker was killed by its watchdog: stands still" in interrupted(process)[1]


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("in the way")
    assert up(tmp_path / "file" / "home", []) == Exit.FAILED
    told = capsys.readouterr().err
    assert "Cannot write to" in told
    assert "EVERYMINUTE_HOME" in told


def test_a_full_disk_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    usage = namedtuple("usage", ["total", "used", "free"])
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**10, 10**10 - 10**7, 10**7))
    assert up(tmp_path / "home", []) == Exit.FAILED
    assert "Only 10 MB are free" in capsys.readouterr().err
