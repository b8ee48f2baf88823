"""Rows of a client, computed with all that they depend on: what shares a scope with them, or the whole client where a
balance or a commitment connects everything; charges; then what closed statements make of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from billing.charge_plan import Planned, is_charge
from billing.charges import charges
from billing.closes import Closing, Statements
from billing.contracts.accounts import Accounts
from billing.corrections import corrected
from billing.due import Dues
from billing.rate_drawn import drawn_rows, scoped_rows
from billing.rate_index import EVERYTHING, Index
from billing.rate_terms import ClientTerms
from billing.rate_touched import Touched
from billing.statement import rate_works
from billing.usage import Remembered
from streams.models.entry import Entry

LAST = 1 << 60  # later than all work


class Asked(NamedTuple):
    """Whose rows, under which terms, and what may have changed."""

    tenant: str
    client: str
    terms: ClientTerms
    touched: Touched
    closed: Statements | None
    sealed: Closing | None = None  # the last period that is sealed


def rows_of(asked: Asked, ids: set[str], index: Index, dues: Dues, held: dict[str, Accounts]) -> list[Entry]:
    """Rows of ``ids``, and of what depends on them, which is added to ``ids``. ``held`` are the balances of clients,
    with places to go back to."""
    memory, terms, start = Remembered(), asked.terms, asked.touched.start
    if terms.balances and not terms.commits:
        memory.accounts = held.setdefault(asked.client, Accounts())
        memory.accounts.complete = False
    else:
        held.pop(asked.client, None)
    if terms.commits:
        rows = _whole(asked, ids, index, memory)
    elif terms.balances:
        rows = drawn_rows(index, terms, memory.accounts, ids, start)
    else:
        rows = scoped_rows(index, terms, ids)
    if terms.commits or terms.balances or asked.touched.charges or start == EVERYTHING or any(map(is_charge, ids)):
        if terms.balances and not terms.commits and not memory.accounts.complete:
            drawn_rows(index, terms, memory.accounts, set(), LAST)  # to the end, whatever was asked for
        ids |= index.shelf(asked.client).charges
        ids |= set(filter(is_charge, asked.closed.rows)) if asked.closed else set()
        rows += charges(asked.tenant, terms, _counted(asked, dues.holding(terms)), memory)
    if asked.sealed is not None:
        rows = [row for row in rows if row.identity.period > asked.sealed.period]
    return rows if asked.closed is None else corrected(asked.closed, ids, rows)


def _counted(asked: Asked, due: Iterator[Planned]) -> Iterator[Planned]:
    """Without minimums of cycles that began where work was sealed: what it brought is no longer known."""
    for one in due:
        begun = asked.terms.zone.midnight(one.cycle.since) if one.charge == "true_up" else None
        if begun is None or asked.sealed is None or begun >= asked.sealed.until:
            yield one


def _whole(asked: Asked, ids: set[str], index: Index, memory: Remembered) -> list[Entry]:
    """Rows of ``ids`` and of all behind the first of them, which are added to it; computed with all of the client."""
    works = list(index.current(asked.client, index.shelf(asked.client).since(EVERYTHING)))
    rows = rate_works(asked.terms, works, memory.accounts, memory.usage)
    if asked.touched.start is not None:
        start = min([asked.touched.start, *(work.start for work in index.current(asked.client, ids))])
        ids |= {row.identity.work for row in rows if row.end >= start}
    return [row for row in rows if row.identity.work in ids]
