"""An opening holds all that a later statement needs: what goes on from it draws what going through would have drawn."""

from __future__ import annotations

import msgspec
from hypothesis import assume, given
from hypothesis import strategies as st

from billing.book import CatalogState
from billing.contracts.accounts import Accounts
from billing.contracts.saved import opening, resumed
from billing.rate_terms import ClientTerms
from billing.statement import rate_works
from streams.models.catalog import CatalogObject
from streams.models.interval import Span
from streams.models.opening import Opening
from streams.models.work import Work
from tests.billing.rate_kit import LAWS, release_facts, work
from tests.billing.test_balance_laws import BASE, shops


def book_of(objects: list[CatalogObject]) -> CatalogState:
    book = CatalogState()
    for fact in release_facts(objects):
        book.fold(fact)
    return book


def pieces(first: int, spans: list[Span]) -> list[Work]:
    """Work without tickets shares no scope; one after the other, so that the history can be cut between them."""
    made, at = [], first
    for number, (pause, length) in enumerate(spans):
        made.append(work(f"{first}-{number}", (at + pause, at + pause + length), ticket=None))
        at += pause + length
    return made


LENGTHS = st.tuples(st.sampled_from([60, 3600, 20 * 3600]), st.sampled_from([301, 3000, 3 * 3600]))


@LAWS
@given(shops(), st.lists(LENGTHS, max_size=6), st.lists(LENGTHS, min_size=1, max_size=6))
def test_what_goes_on_draws_the_same(objects: list[CatalogObject], early: list[Span], late: list[Span]) -> None:
    terms = ClientTerms(book_of(objects), "acme")
    before = pieces(BASE - 40 * 3600, early)
    after = pieces(max([BASE, *(one.spans[-1][1] for one in before)]), late)
    assume(not crosses(before, terms))  # what lies behind the end of a balance would draw among the later work
    whole = Accounts()
    through = rate_works(terms, [*before, *after], whole)
    accounts = Accounts()
    rate_works(terms, before, accounts)
    records = [msgspec.json.encode(opening(account)) for account in accounts.held.values()]
    again = Accounts()
    for record in records:
        read = msgspec.json.decode(record, type=Opening)
        again.held[read.contract] = resumed(terms.plans[read.contract], read)
    rows = rate_works(terms, after, again)
    late_ids = {one.id for one in after}
    assert rows == [row for row in through if row.identity.work in late_ids]
    assert {name: opening(one) for name, one in again.held.items()} == {
        name: opening(one) for name, one in whole.held.items()
    }


def crosses(before: list[Work], terms: ClientTerms) -> bool:
    days = {terms.zone.day(at).ordinal for one in before[-1:] for at in one.spans[0]}
    return len(days) > 1
