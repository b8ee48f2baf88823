"""How far a change at one piece of work reaches over others, and what must be at hand to compute them.

A change passes on in hops: it caps those who work at the same time, that changes what they are rounded with, and that
what is charged after it. So what is to be sent is found hop by hop, and what is needed for it in the other direction.
"""

from __future__ import annotations

from collections.abc import Iterable

from billing.calendar import Zone
from billing.rate_index import Index
from billing.rate_policies import Memory
from billing.rate_reach import Place, place_of
from streams.models.work import Work


def spread(index: Index, client: str, places: Iterable[Place], memory: Memory, zone: Zone) -> set[str]:
    """Work whose rows may change with what stands, or ever stood, at ``places``."""
    shelf = index.shelf(client)
    reached = set(places)
    found: set[str] = set()
    for hop in memory.hops:
        found |= shelf.sharing(reached, hop, zone)
        if hop.window:
            found |= index.chain(client, index.current(client, found), hop.window)
        reached |= {place_of(work) for work in index.current(client, found)}
    return found


def gather(index: Index, client: str, works: Iterable[Work], memory: Memory, zone: Zone) -> set[str]:
    """Work that the rows of ``works`` depend on."""
    shelf = index.shelf(client)
    known = list(works)
    found: set[str] = set()
    for hop in reversed(memory.hops):
        found |= shelf.sharing(map(place_of, known), hop, zone)
        if hop.window:
            found |= index.chain(client, known, hop.window)
        ids = {work.id for work in known}
        known += index.current(client, found - ids)
    return found
