"""What the supervisor is told about each process, and how patient it is with them."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Component:
    """One process of the stack.

    It starts when every component of a lower `order` is ready; those of one order start together. `ready` is
    asked until it says yes. `probe`, asked while it runs, returns None or a reason to kill it; two reasons in
    a row are acted on. A component that runs `once` is ready when it has ended with exit code 0. `prepare`
    runs in the supervisor before anything starts, and may raise StartError. `port_setting` names the setting
    that changes `port`. The three callables run outside the main thread and may block.
    """

    name: str
    argv: Sequence[str]
    order: int
    ready: Callable[[], bool] = lambda: True
    env: Mapping[str, str] = field(default_factory=dict)
    port: int | None = None
    port_setting: str = ""
    once: bool = False
    probe: Callable[[], str | None] | None = None
    prepare: Callable[[], None] | None = None


@dataclass(frozen=True)
class Pace:
    """Patience, all in seconds except the counts."""

    tick: float = 0.05  # between two looks at the processes
    start: float = 90.0  # until a started component must be ready
    start_tries: int = 3  # deaths in a row before it was ever ready, then the whole start fails
    delay: float = 0.5  # before the first restart; doubled for each further death in a row
    longest_delay: float = 30.0
    tries: int = 8  # deaths in a row after which it is given up
    stable: float = 30.0  # ready for so long, earlier deaths are forgotten
    probe: float = 5.0  # between two probes
    probe_answer: float = 20.0  # a probe that takes longer is itself a reason
    stop: float = 15.0  # for all components together
    stop_each: float = 5.0  # for one order, before SIGKILL

    def backoff(self, deaths: int) -> float:
        return min(self.delay * 2.0 ** (deaths - 1), self.longest_delay)


class Call(Generic[T]):
    """A call in a thread of its own, so that one that hangs holds up nobody."""

    def __init__(self, function: Callable[[], T]) -> None:
        self.began = time.monotonic()
        self.done = False
        self.value: T | None = None
        self.error: Exception | None = None
        self._function = function
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        try:
            self.value = self._function()
        except Exception as error:  # told to whoever asks; a probe that fails must not end the supervisor
            self.error = error
        self.done = True
