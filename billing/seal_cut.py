"""Where a seal may lie: between two months of each client, so that no piece of work, and nothing that an open statement
still counts with, lies on both sides. All of it is a function of the facts, never of what this process has sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from billing.closes import Closes, Closing
from billing.rate_index import Held, Index
from billing.rate_terms import ClientTerms
from streams.models.entry import Entry

Cut = dict[str, Closing]  # by client: the last period that lies behind
DAY = 86_400
BOUNDED = frozenset({"ticket_day", "tech_day", "client_day", "project_day", "period"})  # scopes that end with a month


def over(closes: Closes, sealed: Cut, days: int, mark: int) -> Cut:
    """The newest closed period of each client that ended so many days before a clock mark, where that is news."""
    found: Cut = {}
    for client in closes.clients():
        past = [one for one in _closings(closes, client) if one.until + days * DAY <= mark]
        if past and client and (client not in sealed or past[-1].until > sealed[client].until):
            found[client] = past[-1]
    return found


def named(closes: Closes, sealed: Cut, clients: dict[str, str]) -> Cut:
    """The cut that a seal names, as far as it is news; a period that is not closed is left out."""
    found: Cut = {}
    for client, period in clients.items():
        for one in _closings(closes, client):
            if one.period == period and (client not in sealed or one.until > sealed[client].until):
                found[client] = one
    return found


def has_end(terms: ClientTerms) -> bool:
    """Whether work of one month leaves nothing that a later month counts with: no balance, no minimum or maximum of a
    cycle, no scope that goes on over months."""
    memory = terms.memory
    plain = not (terms.balances or terms.commits or memory.window or memory.runs)
    return plain and memory.scopes | memory.charged <= BOUNDED


def settled(rows: list[Entry], behind: Closing, through: str) -> bool:
    """Whether no open statement (after ``through``) corrects a period behind the cut."""
    open_ = (row.identity for row in rows if not row.void and row.identity.period > through)
    return all(one.corrects_period > behind.period or not one.corrects_period for one in open_)


def largest(index: Index, closes: Closes, wanted: Cut, may: Callable[[str, Closing], bool]) -> Cut:
    """The largest cut up to the wanted one that no piece of work lies across. ``may`` says whether a client's
    statements allow it."""
    cut = {client: wanted[client] for client in sorted(wanted) if may(client, wanted[client])}
    lowered = True
    while lowered:
        lowered = False
        for client in list(cut):
            across = [start for start, held in behind(index, client, cut[client].until) if _is_across(held, cut)]
            if not across:
                continue
            lowered = True
            earlier = [one for one in _closings(closes, client) if one.until <= min(across)]
            if earlier and may(client, earlier[-1]):
                cut[client] = earlier[-1]
            else:
                del cut[client]
    return cut


def behind(index: Index, client: str, until: int) -> Iterator[tuple[int, Held]]:
    """Work that ever began at a client before an instant, with its earliest start there."""
    shelf = index.shelves.get(client)
    for id_ in list(shelf.latest) if shelf is not None else ():
        held = index.works[id_]
        start = min(place.start for place in held.places if place.client == client)
        if start < until:
            yield start, held


def _is_across(held: Held, cut: Cut) -> bool:
    """Whether a piece of work that began behind the cut may still change: it runs, nobody knows its client, or it ever
    stood before the cut."""
    work = held.work
    if work.state == "running" or (work.state == "done" and not work.client):
        return True
    known = [place for place in held.places if place.client]
    return any(place.client not in cut or place.end > cut[place.client].until for place in known)


def _closings(closes: Closes, client: str) -> list[Closing]:
    statements = closes.of(client)
    return list(statements.closings()) if statements is not None else []
