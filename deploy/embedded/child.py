"""One component as it lives: started, asked whether it is ready, probed, restarted or given up."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

from rich.markup import escape

from deploy.embedded.component import Call, Component, Pace
from deploy.embedded.state import SETTLED, Process, Row, State, kill_group

LARGEST_LOG = 10_000_000  # bytes; a larger one is put aside at the next start of its component


class Child:
    """Runs one component. `tick` looks after it; `say` is told what the person at the terminal should know."""

    def __init__(self, component: Component, log: Path, pace: Pace, say: Callable[[str], None]) -> None:
        self.component = component
        self.log = log
        self.state = State.WAITING
        self.reason = ""  # why it ended last
        self.began = 0.0
        self.was_ready = False
        self._pace = pace
        self._say = say
        self._process: subprocess.Popen[bytes] | None = None
        self._identity: Process | None = None
        self._starts = 0
        self._deaths = 0  # in a row
        self._since = 0.0  # of the state
        self._asked: Call[bool] | None = None
        self._probe: Call[str | None] | None = None
        self._strikes = 0

    @property
    def settled(self) -> bool:
        return self.state in SETTLED

    @property
    def running(self) -> Process | None:
        return self._identity if self._process is not None and self._process.poll() is None else None

    def row(self) -> Row:
        return Row(
            name=self.component.name,
            state=self.state,
            process=self.running,
            port=self.component.port,
            restarts=max(0, self._starts - 1),
            log=self.log,
        )

    def due(self, now: float) -> bool:
        """Whether it should be started, as far as it alone is concerned. `now` is monotonic, in seconds."""
        if self.state is State.RETRYING:
            return now >= self._since + self._pace.backoff(self._deaths)
        return self.state is State.WAITING

    def start(self, now: float) -> None:
        environment = {**os.environ, "PYTHONUNBUFFERED": "1", **self.component.env}
        self._starts += 1
        self._become(State.STARTING, now)
        self.began, self._asked = now, None
        try:
            if self.log.exists() and self.log.stat().st_size > LARGEST_LOG:
                self.log.replace(self.log.with_suffix(".log.1"))
            with self.log.open("ab") as log:
                self._process = subprocess.Popen(
                    list(self.component.argv),
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
        except OSError as error:
            self._process = None
            self._end(now, f"could not be started: {error}")
            return
        self._identity = Process.of(self._process.pid)

    def tick(self, now: float) -> None:
        if self._process is None or self.state not in (State.STARTING, State.READY):
            return
        code = self._process.poll()
        if code is not None:
            kill_group(self._process.pid)
            if code == 0 and self.component.once:
                self._become(State.DONE, now)
                self.was_ready = True
            else:
                self._end(now, _ending(code))
        elif self.state is State.STARTING:
            self._watch_start(now)
        else:
            self._watch_run(now)

    def kill(self, now: float, reason: str) -> None:
        """End it at once; it is restarted like one that died."""
        if self._process is not None:
            kill_group(self._process.pid)
            self._process.wait()
            self._end(now, reason)

    def stopped(self) -> None:
        self.state = State.STOPPED

    def last_lines(self, count: int = 5) -> str:
        """The end of its log, where the cause of an end usually is."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - 4000))
            lines = log.read().decode(errors="replace").strip().splitlines()
        return "\n".join(f"  | {line[:300]}" for line in lines[-count:])

    def _watch_start(self, now: float) -> None:
        if now > self._since + self._pace.start:
            self.kill(now, f"was not ready within {self._pace.start:.0f} s")
            return
        if self.component.once:
            return
        if self._asked is None:
            self._asked = Call(self.component.ready)
        elif self._asked.done:
            if self._asked.value:
                self._become(State.READY, now)
                self.was_ready = True
            self._asked = None

    def _watch_run(self, now: float) -> None:
        if self.component.probe is None:
            return
        if self._probe is None:
            self._probe = Call(self.component.probe)
            return
        reason = self._probe_result(now)
        if now >= self._probe.began + self._pace.probe and (self._probe.done or reason):
            self._probe = None
            self._strikes = self._strikes + 1 if reason else 0
            if reason and self._strikes >= 2:
                self.kill(now, f"was killed by its watchdog: {reason}")

    def _probe_result(self, now: float) -> str | None:
        assert self._probe is not None
        if not self._probe.done:
            late = now > self._probe.began + self._pace.probe_answer
            return f"its probe did not answer in {self._pace.probe_answer:.0f} s" if late else None
        return f"its probe failed: {self._probe.error!r}" if self._probe.error else self._probe.value

    def _end(self, now: float, reason: str) -> None:
        self.reason = reason
        if self.state is State.READY and now >= self._since + self._pace.stable:
            self._deaths = 0
        self._deaths += 1
        self._strikes, self._probe, self._asked = 0, None, None
        if self._deaths >= self._allowed():
            self._become(State.FAILED, now)
            if self.was_ready:
                self._say(
                    f"[bold red]✗ {self.component.name} {escape(reason)}, {self._deaths} times in a row: given "
                    f"up. Mend the cause, then run down and up. Its log is {escape(str(self.log))}, and ends:[/]"
                    f"\n{escape(self.last_lines())}"
                )
            return
        self._become(State.RETRYING, now)
        wait = self._pace.backoff(self._deaths)
        self._say(f"[yellow]! {self.component.name} {escape(reason)}; starts again in {wait:.1f} s[/]")

    def _allowed(self) -> int:
        if self.component.once:
            return 1
        return self._pace.tries if self.was_ready else self._pace.start_tries

    def _become(self, state: State, now: float) -> None:
        self.state, self._since = state, now


def _ending(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
