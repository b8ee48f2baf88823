"""What a contract promises beside prices: nothing is forgotten when work comes, moves or goes, and no second is lost.

Concurrency, limits, free minutes and first blocks let pieces of work decide over each other, in several hops.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streams.models.catalog import Allowance, CatalogObject, Contract, Limit, Lot, RateCard, RateLine
from streams.models.fact import Fact
from streams.models.interval import Span
from streams.models.work import Work
from tests.billing.rate_kit import (
    LAWS,
    at,
    book_of,
    catalogue,
    office_hours,
    rated,
    release_facts,
    with_calendar,
    work,
    work_fact,
)
from tests.billing.rate_log import Log, cut, truth

BASE = at("2026-03-31 00:00")
REACHES = ["entry", "ticket", "period"]
SCOPES = ["entry", "ticket", "ticket_day", "client_day", "period"]
BLOCK: dict[str, Any] = {"kind": "block_hours", "lots": [Lot(id="l", from_=date(2026, 1, 1), hours=Decimal(1))]}
IDS = ["a", "b", "c", "d", "e"]


@st.composite
def promises(draw: st.DrawFn) -> list[CatalogObject]:
    """One client under a contract with some of them, rounding by any scope, office hours or none."""
    rounding: dict[str, Any] = {
        "scope": draw(st.sampled_from(SCOPES)),
        "increment_minutes": draw(st.sampled_from([0, 15])),
    }
    rounding["first_block_minutes"] = draw(st.sampled_from([0, 0, 30]))
    line = RateLine(
        rate=Decimal(draw(st.sampled_from(["100", "145", "33.33"]))),
        first_block=draw(st.sampled_from([None, Decimal(80)])),
        floor=draw(st.sampled_from([None, Decimal(40)])),
        floor_below_minutes=draw(st.sampled_from([0, 30])),
        trip_fee=draw(st.sampled_from([None, Decimal("49.00")])),
    )
    limits = st.builds(
        Limit, amount=st.sampled_from([Decimal(0), Decimal(90), Decimal(250)]), scope=st.sampled_from(REACHES)
    )
    free = st.builds(Allowance, minutes=st.sampled_from([1, 20, 90]), scope=st.sampled_from(REACHES))
    contract = Contract(
        id="acme-tm",
        client="acme",
        rounding="policy",
        **draw(st.sampled_from([{}, {}, BLOCK])),
        max_concurrent_technicians=draw(st.sampled_from([None, 1, 2])),
        concurrency=draw(st.sampled_from(["contract", "ticket"])),
        not_to_exceed=draw(st.lists(limits, max_size=2)),
        free_first=draw(st.lists(free, max_size=1)),
    )
    objects = catalogue(**rounding)
    if draw(st.booleans()):
        objects = [*with_calendar(objects), *office_hours()]
    kept = [one for one in objects if not isinstance(one, Contract | RateCard)]
    return [*kept, contract, RateCard(id="base", lines=[line])]


@st.composite
def spans(draw: st.DrawFn) -> Span:
    start = BASE + draw(st.sampled_from([-26, 9, 10, 16, 23, 25])) * 3600 + draw(st.sampled_from([0, 600]))
    return start, start + draw(st.sampled_from([300, 1200, 3000, 3 * 3600]))


@st.composite
def pieces(draw: st.DrawFn, id_: str) -> Work:
    first = draw(spans())
    pause = (first[1] + 600, first[1] + 1500)
    return work(
        id_,
        *([first, pause] if draw(st.booleans()) else [first]),
        ticket=draw(st.sampled_from(["T1", "T1", "T2", None])),
        technician=draw(st.sampled_from(["ann", "bob", "cy"])),
        client=draw(st.sampled_from(["acme", "acme", "acme", "beta"])),
        state=draw(st.sampled_from(["done", "done", "done", "void"])),
    )


@st.composite
def histories(draw: st.DrawFn) -> list[Fact]:
    ids = st.sampled_from(IDS)
    works = draw(st.lists(st.tuples(ids.flatmap(pieces), st.integers(0, 3)), min_size=1, max_size=12))
    facts = [work_fact(item, rev) for item, rev in works]
    place = draw(st.integers(0, len(facts)))
    facts[place:place] = release_facts(draw(promises()))
    return facts


@LAWS
@given(histories(), st.lists(st.integers(1, 4), max_size=20))
def test_law_2_batches_do_not_matter(history: list[Fact], sizes: list[int]) -> None:
    log = Log([])
    for part in cut(history, sizes):
        log.step(part)
    assert log.store.live() == truth(history)


@LAWS
@given(histories())
def test_every_prefix_is_told_in_full(history: list[Fact]) -> None:
    """After each record the store holds exactly the truth of the prefix: nothing a hop away was forgotten."""
    log = Log([])
    for n, fact in enumerate(history, 1):
        log.feed(fact)
        assert log.store.live() == truth(history[:n])


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[CatalogObject], list[Work]]:
    works = [draw(pieces(id_)) for id_ in IDS[: draw(st.integers(1, 5))]]
    return draw(promises()), [one for one in works if one.client == "acme" and one.state == "done"]


@LAWS
@given(cases())
def test_law_11_no_second_and_no_cent_is_lost(case: tuple[list[CatalogObject], list[Work]]) -> None:
    objects, works = case
    rows = rated(objects, *works)
    assert sum(row.worked_seconds for row in rows) == sum(one.seconds for one in works)
    for row in rows:
        parts = list(row.outcomes())
        assert sum(part.quantity for part in parts) == row.quantity_seconds == row.worked_seconds + row.rounding_seconds
        assert sum(part.worked for part in parts) == row.worked_seconds
        assert sum(part.amount for part in parts) == row.amount
        assert sum(part.risk for part in parts) == row.risk_amount
        assert all(part.amount == 0 for part in parts if part.disposition != "billed")
        assert [one.seconds >= 0 and one.billed_seconds >= 0 and one.end >= one.start for one in row.segments]


@LAWS
@given(cases())
def test_no_limit_is_exceeded_and_what_it_takes_is_at_risk(case: tuple[list[CatalogObject], list[Work]]) -> None:
    """Billed + capped by the limit = what would be billed without it; no scope is above its amount."""
    objects, works = case
    contract = next(one for one in objects if isinstance(one, Contract))
    free = [one.model_copy(update={"not_to_exceed": []}) if one is contract else one for one in objects]
    rows, without = rated(objects, *works), rated(free, *works)
    capped = sum(part.risk for row in rows for part in row.outcomes() if part.reason == "not_to_exceed")
    assert sum(row.amount for row in rows) + capped == sum(row.amount for row in without)
    tickets = {one.id: one.ticket for one in works}
    for limit in contract.not_to_exceed:
        sums: dict[str, int] = {}
        for row in rows:
            id_ = row.identity.work
            key = {"entry": id_, "ticket": tickets[id_] or f"w/{id_}", "period": row.identity.period}[limit.scope]
            sums[key] = sums.get(key, 0) + row.amount
        assert all(Fraction(total, 100) <= Fraction(limit.amount) for total in sums.values())


@LAWS
@given(cases())
def test_no_more_technicians_are_paid_at_once_than_the_contract_says(
    case: tuple[list[CatalogObject], list[Work]],
) -> None:
    """Counted second by second, at every edge; and what is capped is neither rounded nor charged."""
    objects, works = case
    contract = next(one for one in objects if isinstance(one, Contract))
    if contract.max_concurrent_technicians is None:
        return
    spans_of = {one.id: one.spans for one in works}
    who = {
        one.id: (one.technician, (one.ticket or one.id) if contract.concurrency == "ticket" else "") for one in works
    }
    paid: list[tuple[int, int, str]] = []
    for row in rated(objects, *works):
        for one in row.segments:
            if (one.disposition or row.disposition) == "concurrency_cap":
                assert one.seconds == one.billed_seconds
            else:
                paid += [
                    (max(start, one.start), min(end, one.end), row.identity.work)
                    for start, end in spans_of[row.identity.work]
                    if max(start, one.start) < min(end, one.end)
                ]
    for edge in {start for start, _, _ in paid}:
        present = {who[id_] for start, end, id_ in paid if start <= edge < end}
        places = {place for _, place in present}
        assert all(
            len({name for name, at_ in present if at_ == place}) <= contract.max_concurrent_technicians
            for place in places
        )


def test_a_change_is_told_over_three_hops() -> None:
    """x caps y, with whom z is rounded pro rata, after whom v has what z leaves of the limit of their ticket."""
    contract = Contract(
        id="acme-tm",
        client="acme",
        rounding="policy",
        max_concurrent_technicians=1,
        not_to_exceed=[Limit(amount=Decimal(90), scope="ticket")],
    )
    objects = catalogue(scope="tech_day", increment_minutes=45, surplus="pro_rata")
    book = [*(one for one in objects if not isinstance(one, Contract)), contract]
    day, next_day = at("2026-03-30 09:00"), at("2026-03-31 09:00")
    facts = [
        *release_facts(book),
        work_fact(work("y", (day, day + 1200), technician="bob", ticket="T2")),
        work_fact(work("z", (day + 7200, day + 9000), technician="bob", ticket="T3")),
        work_fact(work("v", (next_day, next_day + 3600), technician="cy", ticket="T3")),
        work_fact(work("x", (day - 60, day + 600), technician="ann", ticket="T1")),
    ]
    log = Log(facts[:-1])
    before = log.store.live()
    log.feed(facts[-1])
    after = log.store.live()
    assert after == truth(facts)
    changed = {one.work for one in after if after[one] != before.get(one)}
    assert changed == {"x", "y", "z", "v"}


def test_the_catalogue_of_these_laws_is_read_whole() -> None:
    """The book knows the promises: a law over contracts without any would hold by accident."""
    contract = Contract(id="acme-tm", client="acme", not_to_exceed=[Limit(amount=Decimal(50))])
    objects: Sequence[CatalogObject] = [*(one for one in catalogue() if not isinstance(one, Contract)), contract]
    assert book_of(objects).get(Contract, "acme-tm") == contract
    (row,) = rated(objects, work("a", (BASE, BASE + 3600)))
    assert (row.amount, row.risk_amount) == (5000, 5000)
