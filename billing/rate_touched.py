"""What a batch may have changed, client by client."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from billing.book import Change
from billing.rate_index import EVERYTHING, Held
from billing.rate_reach import Place
from streams.models.fact import Fact

_NO_PRICE = ("device", "ticket")  # directory objects that no row of rate reads


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


def touch_catalog(change: Change, clients: Iterable[str], touched: dict[str, Touched]) -> None:
    """What a change of the catalogue may have changed: a client, or all of them."""
    kind, _, id_ = change.key.partition("/")
    if kind == "client":
        touched.setdefault(id_, Touched()).since(EVERYTHING)
    elif change.everything or (change.key and kind not in _NO_PRICE):
        for client in clients:
            touched.setdefault(client, Touched()).since(EVERYTHING)


class Roles:
    """Technicians that have, or ever had, a role that rate lines may name: of the others rate reads nothing."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def learn(self, fact: Fact) -> bool:
        """Take in an object; whether it is about one of them."""
        if fact.id.startswith("technician/") and b'"role"' in bytes(fact.body):
            self._known.add(fact.id)
        return fact.id in self._known
