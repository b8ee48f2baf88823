"""What rate remembers of work, without some of it: as if it had never come."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from typing import TypeVar

from billing.calendar import DAY
from billing.rate_index import Index, Shelf
from billing.rate_reach import Place
from streams.models.entry import Identity

T = TypeVar("T", str, int)


def forget(index: Index, ids: Iterable[str], gone: Callable[[Identity], bool]) -> None:
    """Drop pieces of work with all their places and evidence, and identities."""
    for id_ in ids:
        held = index.works.pop(id_, None)
        if held is None:
            continue
        index.running -= held.work.state == "running"
        for place in held.places:
            _drop(index.shelves[place.client], id_, place)
        for proof in held.work.proof:
            _discard(index.evidence, proof.interval, id_)
    for shelf in index.shelves.values():
        for work, known in list(shelf.identities.items()):
            known.difference_update([one for one in known if gone(one)])
            if not known:
                del shelf.identities[work]
                shelf.charges.discard(work)


def _drop(shelf: Shelf, work: str, place: Place) -> None:
    """Undo ``Shelf.add``, for all places of a piece of work one after the other."""
    latest = shelf.latest.pop(work, None)
    if latest is not None:
        del shelf.order[bisect_left(shelf.order, (latest, work))]
    _discard(shelf.tickets, place.ticket, work)
    _discard(shelf.technicians, place.technician, work)
    _discard(shelf.runs, place.run, work)
    for day in range(place.start // DAY, place.end // DAY + 1):
        _discard(shelf.days, day, work)


def _discard(sets: dict[T, set[str]], key: T, work: str) -> None:
    found = sets.get(key)
    if found is not None:
        found.discard(work)
        if not found:
            del sets[key]
