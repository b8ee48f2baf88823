"""What a batch may have changed, client by client."""

from __future__ import annotations

from dataclasses import dataclass, field

from billing.rate_index import Held
from billing.rate_reach import Place


@dataclass(slots=True)
class Touched:
    """At one client: everything from ``start`` on, and single pieces of work."""

    start: int | None = None
    places: set[Place] = field(default_factory=set)
    works: set[str] = field(default_factory=set)
    charges: bool = False

    def since(self, start: int) -> None:
        self.start = start if self.start is None else min(self.start, start)


def touch_work(held: Held, touched: dict[str, Touched]) -> None:
    """Every client that any revision of the work ever stood at is touched, from its earliest start there."""
    for place in held.places:
        one = touched.setdefault(place.client, Touched())
        one.since(place.start)
        one.places.add(place)
        one.works.add(held.work.id)
