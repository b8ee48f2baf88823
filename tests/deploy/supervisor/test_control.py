"""From another process: what runs, ending it, and what a killed supervisor left behind."""

import signal
import subprocess
import sys

import pytest

from deploy.embedded.state import Home, Process, Row, Run, State
from deploy.embedded.supervisor import Exit, down, status
from tests.deploy.supervisor.rig import Rig, finished, gone, until


def test_status_and_down_from_another_process(rig: Rig) -> None:
    assert status(rig.home).code == Exit.NOT_RUNNING
    process = rig.up({"name": "kafka", "order": 1}, {"name": "web", "order": 2, "port": None})
    until(rig.complete)
    found = status(rig.home)
    assert found.code == Exit.OK
    assert found.supervisor == process.pid
    assert [row["name"] for row in found.rows] == ["kafka", "web"]
    memory = found.rows[0]["memory_mb"]
    assert isinstance(memory, float)
    assert 1 < memory < 100
    assert found.rows[1] == {
        "name": "web",
        "state": "ready",
        "pid": rig.pid("web"),
        "port": None,
        "restarts": 0,
        "memory_mb": found.rows[1]["memory_mb"],
        "log": str(rig.home / "logs" / "web.log"),
    }
    said: list[str] = []
    assert down(rig.home, said.append) == Exit.OK
    assert finished(process)[0] == Exit.OK
    assert said == ["Stopped."]
    assert rig.journal("stop") == ["stop web", "stop kafka"]
    assert down(rig.home, said.append) == Exit.NOT_RUNNING


def test_status_says_when_one_does_not_run(rig: Rig) -> None:
    rig.up({"name": "kafka", "order": 1}, {"name": "worker", "order": 2}, tries=1)
    until(rig.complete)
    rig.touch("worker.die")
    until(lambda: status(rig.home).rows[1]["state"] == "failed")
    assert status(rig.home).code == Exit.DEGRADED


def killed(rig: Rig) -> tuple[int | None, int | None]:
    """Kill -9 the supervisor of two components; the process ids of what it leaves."""
    process = rig.up({"name": "kafka", "order": 1}, {"name": "web", "order": 2})
    until(rig.complete)
    left = rig.pid("kafka"), rig.pid("web")
    process.send_signal(signal.SIGKILL)
    finished(process)
    assert [row["state"] for row in status(rig.home).rows] == ["left over", "left over"]
    assert status(rig.home).code == Exit.NOT_RUNNING
    return left


def test_down_stops_what_a_killed_supervisor_left(rig: Rig) -> None:
    kafka, web = killed(rig)
    said: list[str] = []
    assert down(rig.home, said.append) == Exit.OK
    assert gone(kafka)
    assert gone(web)
    assert rig.journal("stop") == ["stop web", "stop kafka"]
    assert any(f"web (process {web}), left over" in text for text in said)
    assert status(rig.home).rows == []


def test_up_stops_what_a_killed_supervisor_left_and_starts_anew(rig: Rig) -> None:
    kafka, web = killed(rig)
    rig.up({"name": "kafka", "order": 1}, {"name": "web", "order": 2})
    anew = ["start kafka", "start web"]
    until(lambda: rig.journal() == [*anew, "stop web", "stop kafka", *anew])
    assert gone(kafka)
    assert gone(web)


def test_another_process_under_an_old_number_is_left_alone(rig: Rig) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as innocent:
        real = Process.of(innocent.pid)
        assert real is not None
        older = Process(pid=real.pid, created=real.created - 3600)
        home = Home(rig.home)
        home.create()
        row = Row(name="kafka", state=State.READY, process=older, log=home.logs / "kafka.log")
        home.write(Run(supervisor=older, complete=True, components=[row]))
        assert status(rig.home).rows == []
        assert down(rig.home, lambda text: None) == Exit.NOT_RUNNING
        assert innocent.poll() is None
        innocent.communicate(b"\n")


@pytest.mark.parametrize("content", [b"", b"{", b'{"supervisor": 1}'])
def test_a_damaged_state_file_is_no_obstacle(rig: Rig, content: bytes) -> None:
    Home(rig.home).create()
    (rig.home / "run" / "state.json").write_bytes(content)
    assert status(rig.home).code == Exit.NOT_RUNNING
    rig.up({"name": "kafka", "order": 1})
    until(rig.complete)


def test_detached_it_returns_once_all_run_and_leaves_them_running(rig: Rig) -> None:
    code, output = finished(rig.up({"name": "kafka", "order": 1}, {"name": "web", "order": 2}, detach=True))
    assert code == Exit.OK
    assert output.index("kafka") < output.index("web") < output.index("Everything runs. Hello.")
    found = status(rig.home)
    assert found.code == Exit.OK
    pid = found.supervisor
    assert down(rig.home, lambda text: None) == Exit.OK
    assert gone(pid)


def test_detached_a_start_that_fails_is_told_where_it_was_asked_for(rig: Rig) -> None:
    code, output = finished(rig.up({"name": "engine", "order": 1, "mode": "ends"}, detach=True))
    assert code == Exit.FAILED
    assert "engine ended with exit code 7" in output
    assert "cannot open [the ledger]: broken jar" in output
    assert status(rig.home).code == Exit.NOT_RUNNING


def test_down_ends_a_supervisor_that_is_still_starting(rig: Rig) -> None:
    process = rig.up({"name": "kafka", "order": 1, "ready": "never"})
    until(lambda: rig.journal() == ["start kafka"])
    pid = rig.pid("kafka")
    assert down(rig.home, lambda text: None) == Exit.OK
    finished(process)
    assert gone(pid)
