"""Which rows of a client are computed again: what shares a scope; with balances all from the place of a change on."""

from __future__ import annotations

from billing.contracts.accounts import Accounts
from billing.contracts.standing import Standing, standings
from billing.rate_index import EVERYTHING, Index
from billing.rate_policies import Memory
from billing.rate_reach import place_of
from billing.rate_spread import gather
from billing.rate_terms import ClientTerms
from billing.statement import rate_works
from streams.models.entry import Entry
from streams.models.work import Work

HOPS = 4  # from one scope that is charged together to the next


def drawn_rows(index: Index, terms: ClientTerms, accounts: Accounts, ids: set[str], start: int | None) -> list[Entry]:
    """Rows of ``ids`` and of all that stands behind the first of them or behind ``start``; these are added to
    ``ids``. ``start`` None: only ``ids`` are asked for."""
    shelf = index.shelf(terms.client)
    begins = [work.start for work in index.current(terms.client, ids)]
    first = min([*begins, *([] if start is None else [start])], default=None)
    if first is None:
        return []
    accounts.rewind(_charged_from(index, terms, first))
    since = accounts.key[0] if accounts.key[0] >= 0 else EVERYTHING
    works = {
        work.id: work
        for work in index.current(terms.client, shelf.since(since))
        if (work.start, work.id) > accounts.key
    }
    rows = rate_works(terms, [*works.values(), *_beside(index, terms, works)], accounts)
    accounts.complete = True
    if start is not None:
        ids |= {row.identity.work for row in rows if row.identity.work in works and row.end >= first}
    return [row for row in rows if row.identity.work in ids and row.identity.work in works]


def scoped_rows(index: Index, terms: ClientTerms, ids: set[str]) -> list[Entry]:
    """Rows of ``ids`` of a client without balances, computed with all that shares a rounding scope with them."""
    works = {work.id: work for work in index.current(terms.client, ids)}
    rows = rate_works(terms, [*works.values(), *_beside(index, terms, works)])
    return [row for row in rows if row.identity.work in works]


def balances_of(index: Index, clients: list[ClientTerms], held: dict[str, Accounts], at: int | None) -> list[Standing]:
    """Balances at an instant, or when the last work of all ended, whichever is later."""
    ends = [one.work.spans[-1][1] for one in index.works.values() if one.work.spans]
    last = max([*ends, *([] if at is None else [at])], default=0)
    found: list[Standing] = []
    for terms in clients:
        if terms.balances:
            accounts = held.setdefault(terms.client, Accounts())
            drawn_rows(index, terms, accounts, set(), last + 1)
            found += standings(terms, accounts, last)
    return found


def _beside(index: Index, terms: ClientTerms, works: dict[str, Work]) -> list[Work]:
    """What else the rows of some work depend on."""
    if not terms.memory.any:
        return []
    ids = gather(index, terms.client, works.values(), terms.memory, terms.zone)
    return list(index.current(terms.client, ids - works.keys()))


def _charged_from(index: Index, terms: ClientTerms, first: int) -> int:
    """Where all begins that is charged together with work from ``first`` on: what draws after it must have drawn, too.
    Where that takes many hops, the beginning."""
    memory = terms.memory
    charged = Memory(memory.charged, 0, runs=memory.runs)
    if not charged.any:
        return first
    shelf = index.shelf(terms.client)
    for _ in range(HOPS):
        works = [one for one in index.current(terms.client, shelf.since(first)) if one.start >= first]
        together = index.current(terms.client, shelf.sharing(map(place_of, works), charged, terms.zone))
        before = min([first, *(one.start for one in together)])
        if before == first:
            return first
        first = before
    return EVERYTHING
