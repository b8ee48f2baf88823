"""The roads a story is run by. Whatever the road, the ledger is the same."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from billing.outcome import Outcome
from jobs.simulate import Road, State
from streams.models.event import Event
from streams.models.fact import Fact

F = TypeVar("F")
T = TypeVar("T")


class Shuffled(Road):
    """Any order that keeps a release behind its objects; batches of any size."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def events(self, events: list[Event]) -> list[Event]:
        return self.random.sample(events, len(events))

    def facts(self, objects: list[Fact], release: Fact | None, rest: list[Fact]) -> list[Fact]:
        mixed = self.random.sample([*objects, *rest], len(objects) + len(rest))
        if release is None:
            return mixed
        last = max((n for n, fact in enumerate(mixed) if fact.kind == "object"), default=-1)
        mixed.insert(self.random.randint(last + 1, len(mixed)), release)
        return mixed

    def batch(self) -> int:
        return self.random.randint(1, 4)


class Twice(Road):
    """Everything comes a second time, after all of it came."""

    def events(self, events: list[Event]) -> list[Event]:
        return [*events, *events]

    def facts(self, objects: list[Fact], release: Fact | None, rest: list[Fact]) -> list[Fact]:
        whole = super().facts(objects, release, rest)
        return [*whole, *whole]


class Restarted(Shuffled):
    """As shuffled, and the worker dies between batches: a new one begins with what was kept, in any order."""

    def start(self, make: Callable[[], State[F, T]]) -> State[F, T]:
        return Mortal(make, self.random)


class Mortal(Generic[F, T]):
    """A state that forgets everything but what it kept, before two of five steps."""

    def __init__(self, make: Callable[[], State[F, T]], dice: random.Random) -> None:
        self.make, self.random = make, dice
        self.state = make()
        self.kept: list[tuple[str, bytes]] = []

    def restore(self, key: str, value: bytes) -> None:
        self.kept.append((key, value))
        self.state.restore(key, value)

    def step(self, facts: Sequence[F]) -> Outcome[T]:
        if self.random.random() < 0.4:
            self.state = self.make()
            for key, value in self.random.sample(self.kept, len(self.kept)):
                self.state.restore(key, value)
        outcome = self.state.step(facts)
        self.kept += outcome.kept
        return outcome
