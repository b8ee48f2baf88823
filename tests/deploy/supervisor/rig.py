"""Small stacks of small processes: run as a script it is the supervisor's process, `Rig` drives it.

A component's process writes `start NAME SECONDS` and `stop NAME SECONDS` to one journal file (appends of one
line are whole), is ready while NAME.ready exists, and is told what to do by its mode.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from deploy.embedded import stack
from deploy.embedded.state import Home, Run, State
from deploy.embedded.supervisor import Component, Pace, up
from streams.settings import Settings

DEADLINE = 60.0  # seconds a test waits for anything

CHILD = """
import os, signal, socket, sys, time
name, mode, folder = sys.argv[1:4]

def note(word):
    with open(folder + "/journal", "a") as journal:
        journal.write(f"{word} {name} {time.monotonic()}\\n")

def stop(*_):
    if mode != "stubborn":
        note("stop")
        os._exit(0)

signal.signal(signal.SIGTERM, stop)
if mode.startswith("port"):
    listener = socket.create_server(("127.0.0.1", int(mode[4:])))
note("start")
if mode == "ends well":
    sys.exit(0)
if mode == "ends":
    print("first line\\ncannot open [the ledger]: broken jar", file=sys.stderr, flush=True)
    sys.exit(7)
open(f"{folder}/{name}.ready", "a")
while not os.path.exists(f"{folder}/{name}.die"):
    time.sleep(0.01)
print("asked to die", flush=True)
sys.exit(9)
"""


def component(spec: dict[str, Any], folder: Path) -> Component:
    if "kafka" in spec:
        return next(c for c in stack.components(Settings(**spec["kafka"])) if c.name == "kafka")
    name, mode = spec["name"], spec.get("mode", "runs")
    probe = folder / f"{name}.probe"
    return Component(
        name=name,
        order=spec["order"],
        port=spec.get("port"),
        port_setting="EVERYMINUTE_TEST_PORT",
        argv=[sys.executable, "-I", "-S", "-c", CHILD, name, mode, str(folder)],
        once=spec.get("once", False),
        ready=partial(_exists, folder / f"{name}.{spec.get('ready', 'ready')}"),
        probe=partial(_report, probe) if spec.get("probe") else None,
    )


def _exists(path: Path) -> bool:
    return path.exists()


def _report(path: Path) -> str | None:
    """What the file says; each report is taken away, so that the test knows it was read."""
    reasons = path.read_text().splitlines() if path.exists() else []
    if not reasons:
        return None
    path.write_text("\n".join(reasons[1:]))
    return reasons[0] or None


class Rig:
    """One home directory and the supervisors started in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self._started: list[subprocess.Popen[str]] = []

    def up(self, *specs: dict[str, Any], detach: bool = False, **pace: float) -> "subprocess.Popen[str]":
        """Start a supervisor with these components. Its whole output is one stream."""
        told = json.dumps(
            {
                "home": str(self.home),
                "folder": str(self.folder),
                "specs": specs,
                "detach": detach,
                "pace": {"tick": 0.01, "delay": 0.05, "probe": 0.05, "tries": 4, **pace},
            }
        )
        process = subprocess.Popen(
            [sys.executable, __file__, told],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._started.append(process)
        return process

    def run_kafka(self, port: int, controller_port: int) -> None:
        """Start a supervisor of the real broker."""
        self.up({"kafka": {"home": str(self.home), "kafka_port": port, "kafka_controller_port": controller_port}})

    def touch(self, name: str, text: str = "") -> None:
        (self.folder / name).write_text(text)

    def journal(self, word: str = "") -> list[str]:
        """`start NAME` and `stop NAME` in the order in which they happened."""
        path = self.folder / "journal"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line.rsplit(" ", 1)[0] for line in lines if line.startswith(word)]

    def times(self, entry: str) -> list[float]:
        lines = (self.folder / "journal").read_text().splitlines()
        return [float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(entry + " ")]

    def run(self) -> Run:
        run = Home(self.home).read()
        assert run is not None
        return run

    def pid(self, name: str) -> int | None:
        run = Home(self.home).read()
        rows = run.components if run else []
        return next((row.process.pid for row in rows if row.name == name and row.process), None)

    def complete(self) -> bool:
        run = Home(self.home).read()
        return run is not None and run.complete and run.supervisor.alive() is not None

    def clean(self) -> None:
        """Kill what is left, by its id; print what the supervisors said, which pytest shows for a failed test."""
        run = Home(self.home).read()
        processes = [run.supervisor, *(row.process for row in run.components if row.process)] if run else []
        for process in self._started:
            process.kill()
        for left in processes:
            if found := left.alive():
                found.kill()
        print(*self.journal(), run, sep="\n")
        for process in self._started:
            if process.stdout is not None and not process.stdout.closed:
                print(process.communicate()[0])


def until(condition: Callable[[], object], deadline: float = DEADLINE) -> None:
    """Return once the condition holds; fail after `deadline` seconds."""
    end = time.monotonic() + deadline
    while not condition():
        assert time.monotonic() < end, f"still not so after {deadline} s"
        time.sleep(0.01)


def finished(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """Exit code and output of a supervisor that ends by itself."""
    output, _ = process.communicate(timeout=DEADLINE)
    return process.returncode, output


def interrupted(process: "subprocess.Popen[str]", number: int = signal.SIGINT) -> tuple[int, str]:
    process.send_signal(number)
    return finished(process)


def replaced(rig: Rig, name: str, pid: int) -> bool:
    """Whether another process than `pid` runs the component, and is ready."""
    ready = {row.name: row.process for row in rig.run().components if row.state is State.READY}
    process = ready.get(name)
    return process is not None and process.pid != pid


def gone(pid: int | None) -> bool:
    assert pid is not None
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def main() -> None:
    told = json.loads(sys.argv[1])
    folder = Path(told["folder"])
    components = [component(spec, folder) for spec in told["specs"]]
    code = up(Path(told["home"]), components, detach=told["detach"], greeting="Hello.", pace=Pace(**told["pace"]))
    sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
