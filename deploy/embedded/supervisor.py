"""Starts the components of one home directory in order, keeps them running, and stops them again."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.markup import escape

from deploy.embedded import ports
from deploy.embedded.child import Child
from deploy.embedded.component import Component, Pace
from deploy.embedded.control import Status, down, status, stop_left_over, table
from deploy.embedded.errors import Exit, StartError
from deploy.embedded.state import SETTLED, Home, Process, Row, Run, State, end

__all__ = ["Component", "Exit", "Pace", "StartError", "Status", "down", "status", "table", "up"]

DETACHED = "EVERYMINUTE_DETACHED"  # set in the process that `up --detach` leaves behind
LEAST_SPACE = 500_000_000  # bytes free: the stack itself, and a first day of facts


def up(
    home: Path, components: Sequence[Component], detach: bool = False, greeting: str = "", pace: Pace | None = None
) -> Exit:
    """Run the components until a signal; with `detach`, until they are ready, leaving them to run.

    Says what happens on standard output and errors on standard error; `greeting` is printed once all run.
    A detached supervisor is the same command run again, so nothing but this call may depend on `detach`.
    """
    errors = Console(stderr=True, soft_wrap=True, highlight=False)
    place = Home(home)
    pace = pace or Pace()
    left_behind = os.environ.pop(DETACHED, None) is not None  # taken away, so that no component inherits it
    try:
        _claim(place)
        stop_left_over(place, _say(), pace.stop)
        for component in components:
            if component.port is not None:
                ports.require_free(component.port, component.name, _change_port(component))
        for component in components:
            if component.prepare is not None:
                component.prepare()
        if detach and not left_behind:
            place.unlock()
            return _detach(place, greeting, errors)
        return Supervisor(place, components, pace, greeting).run()
    except StartError as error:
        errors.print(f"[bold red]{escape(error.problem)}[/]\n{escape(error.remedy)}")
        return error.code
    except KeyboardInterrupt:
        return Exit.FAILED
    finally:
        place.unlock()


class Supervisor:
    """One run. It owns the home directory's lock while it lives."""

    def __init__(self, home: Home, components: Iterable[Component], pace: Pace, greeting: str) -> None:
        self._home = home
        self._pace = pace
        self._greeting = greeting
        self._say = _say()
        ordered = sorted(components, key=lambda c: c.order)  # stable: as listed within one order
        self._children = [Child(c, home.logs / f"{c.name}.log", pace, self._say) for c in ordered]
        self._complete = False
        self._wake = threading.Event()
        self._signals = 0
        self._published: Run | None = None
        self._written = True

    def run(self) -> Exit:
        """Until a signal, or until the start fails (raises StartError); nothing is left running either way."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        try:
            while not self._signals:
                self._round(time.monotonic())
                self._wake.wait(self._pace.tick)
            well = self._complete and not any(child.state is State.FAILED for child in self._children)
        finally:
            self._stop()
        return Exit.OK if well else Exit.FAILED

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._signals += 1
        self._wake.set()

    def _round(self, now: float) -> None:
        for child in self._children:
            before = child.state
            if child.due(now) and self._predecessors_are_settled(child):
                child.start(now)
                self._publish()  # at once: what is not in the state file could be left over unknown
            child.tick(now)
            if child.settled and child.state is not before:
                self._say(line(child.row(), now - child.began))
            if child.state is State.FAILED and not self._complete:
                raise _failed(child)
        if not self._complete and all(child.settled for child in self._children):
            self._complete = True
            self._publish()
            self._say(f"[bold green]Everything runs.[/] {self._greeting}".rstrip())
        self._publish()

    def _predecessors_are_settled(self, child: Child) -> bool:
        order = child.component.order
        return all(other.settled for other in self._children if other.component.order < order)

    def _publish(self) -> None:
        own = Process.of(os.getpid())
        assert own is not None
        rows = [child.row() for child in self._children]
        run = Run(supervisor=own, complete=self._complete, components=rows)
        if run == self._published:
            return
        try:
            self._home.write(run)
        except OSError as error:  # a full disk: what runs goes on; `status` shows an older state meanwhile
            if self._written:
                self._say(f"[yellow]! cannot write to {self._home.path}: {error.strerror}[/]")
            self._written = False
        else:
            self._written, self._published = True, run

    def _stop(self) -> None:
        """Reverse order, SIGTERM then SIGKILL, within `pace.stop`; a second signal ends the waiting."""
        deadline = time.monotonic() + self._pace.stop
        told = self._signals
        levels = [list(level) for _, level in groupby(self._children[::-1], key=lambda c: c.component.order)]
        for number, level in enumerate(levels):
            reserved = 1.0 * (len(levels) - number)
            patience = max(0.0, min(self._pace.stop_each, deadline - time.monotonic() - reserved))
            self._stop_level(level, patience if self._signals <= max(told, 1) else 0.0)
        self._home.clear()

    def _stop_level(self, level: list[Child], patience: float) -> None:
        running = {child: process for child in level if (process := child.running)}
        end(running.values(), patience)
        for child in level:
            child.stopped()
        for child in running:
            self._say(f"[dim]■ {child.component.name} stopped[/]")


def line(row: Row, seconds: float | None = None) -> str:
    """One component on one line: state, port, memory, and how long it took."""
    address = f"{ports.HOST}:{row.port}" if row.port else ""
    memory = f"{row.process.memory_mb():.0f} MB" if row.process else ""
    took = f"{seconds:.1f} s" if seconds is not None else ""
    return f"[green]✓[/] {row.name:<12} {row.state:<8} {address:<16} {memory:>7} {took:>7}".rstrip()


def _say() -> Callable[[str], None]:
    """Prints a line of markup; a terminal that has gone away must not stop what goes on."""
    console = Console(soft_wrap=True, highlight=False)

    def say(text: str) -> None:
        with contextlib.suppress(OSError, SystemExit):  # rich ends the process on a closed pipe
            console.print(text)

    return say


def _claim(home: Home) -> None:
    """Make the home directory ours. Raises StartError."""
    try:
        home.create()
        if not home.lock():
            raise _already_running(home)
        free = shutil.disk_usage(home.path).free
    except OSError as error:
        raise StartError(
            f"Cannot write to {home.path}: {error.strerror or error}.",
            "Make it a folder you can write, or set EVERYMINUTE_HOME to another one.",
        ) from error
    if free < LEAST_SPACE:
        raise StartError(
            f"Only {free / 1e6:.0f} MB are free in {home.path}; {LEAST_SPACE / 1e6:.0f} MB are needed to start.",
            "Free some space, or set EVERYMINUTE_HOME to a folder on a larger disk.",
        )


def _already_running(home: Home) -> StartError:
    run = home.read()
    rows = run.components if run else []
    told = "".join(
        f"\n  {row.name}: {row.state}"
        + (f", process {row.process.pid}" if row.process else "")
        + (f", port {row.port}" if row.port else "")
        for row in rows
    )
    by = f" (process {run.supervisor.pid})" if run else ""
    return StartError(
        f"everyminute already runs in {home.path}{by}.{told}",
        "Stop it with `everyminute down`, or run a second one with another EVERYMINUTE_HOME and other ports.",
        Exit.ALREADY_RUNNING,
    )


def _change_port(component: Component) -> str:
    setting = component.port_setting or "its port setting"
    return f"Stop that process, or choose another port with {setting}."


def _failed(child: Child) -> StartError:
    last = child.last_lines()
    return StartError(
        f"{child.component.name} {child.reason}." + (f" The end of its log:\n{last}" if last else ""),
        f"Everything was stopped again. The whole log is {child.log}.",
    )


def _detach(home: Home, greeting: str, errors: Console) -> Exit:
    """Run this very command again in a session of its own, and follow it until all is ready or it ends."""
    log = home.logs / "supervisor.log"
    with log.open("ab") as out:
        began = out.tell()
        process = subprocess.Popen(
            [sys.executable, *sys.orig_argv[1:]],
            env={**os.environ, DETACHED: "1"},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    say, shown = _say(), set[str]()
    try:
        while process.poll() is None:
            run = home.read()
            if run is not None and run.supervisor.pid == process.pid:
                for row in run.components:
                    if row.state in SETTLED and row.name not in shown:
                        shown.add(row.name)
                        say(line(row))
                if run.complete:
                    say(f"[bold green]Everything runs.[/] {greeting}".rstrip())
                    return Exit.OK
            time.sleep(0.1)
    except BaseException:
        process.terminate()
        process.wait()
        raise
    with log.open("rb") as told:
        told.seek(began)
        errors.print(escape(told.read().decode(errors="replace").strip()))
    return Exit(process.returncode) if process.returncode in list(Exit) and process.returncode else Exit.FAILED
