"""Laws of prepaid work: no lot gives more than it has, a fact taken back restores it, and no order matters."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import billing.draw
from billing.contracts.lots import listed
from billing.rate import RateState
from streams.models.catalog import (
    CatalogObject,
    Client,
    Contract,
    Drawdown,
    Lot,
    Organisation,
    RateCard,
    RateLine,
    Rollover,
    Rounding,
)
from streams.models.entry import Entry
from streams.models.fact import Fact
from streams.models.interval import Span
from tests.billing.rate_kit import (
    LAWS,
    TENANT,
    at,
    office_hours,
    rated,
    release_facts,
    with_calendar,
    work,
    work_fact,
)
from tests.billing.rate_log import Log, content, cut, truth


@pytest.fixture(autouse=True, scope="module")
def _places_everywhere() -> Iterator[None]:
    """So few pieces of work would never reach a place to go back to."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(billing.draw, "EVERY", 1)
        yield


BASE = at("2026-03-31 00:00")
ZONES = ["UTC", "America/New_York", "Pacific/Auckland"]
SIZES = st.lists(st.integers(1, 4), max_size=30)
HOURS = [Decimal("0.5"), Decimal(1), Decimal("3.25"), Decimal(7)]


DRAWS = [
    Drawdown(),
    Drawdown(),
    Drawdown(tiers={"after_hours": Decimal("1.5")}),
    Drawdown(block_rate=Decimal(60)),
]
ROLLS = [
    None,
    Rollover(),
    Rollover(periods=1, max_hours=Decimal(1)),
    Rollover(max_hours=Decimal(2), min_hours=Decimal(1), above_hours=Decimal(1)),
]


@st.composite
def by_incident(draw: st.DrawFn) -> Contract:
    lots = [
        Lot.model_validate({"id": f"l{n}", "from": date(2026, 3, 30), "incidents": draw(st.integers(1, 2))})
        for n in range(draw(st.integers(0, 2)))
    ]
    given_: dict[str, Any] = {
        "kind": "per_incident",
        "from": draw(st.sampled_from([None, date(2026, 2, 10)])),
        "included_incidents": draw(st.sampled_from([None, 1])),
        "incident_price": draw(st.sampled_from([None, Decimal(75)])),
        "on_exhausted": draw(st.sampled_from(["overage", "hold", "overrun_limit", "carry_debt"])),
        "overrun_percent": Decimal(100),
        "rounding": "policy",
    }
    return Contract.model_validate({"id": "k", "client": "acme", "lots": lots, **given_})


@st.composite
def contracts(draw: st.DrawFn) -> Contract:
    days = st.sampled_from([date(2026, 3, 1), date(2026, 3, 30), date(2026, 4, 1), date(2026, 4, 2)])
    lots = [
        Lot.model_validate(
            {
                "id": f"l{n}",
                "from": draw(days),
                "until": draw(st.sampled_from([None, date(2026, 4, 1), date(2026, 5, 1)])),
                draw(st.sampled_from(["hours", "hours", "money"])): draw(st.sampled_from(HOURS))
                * 10 ** draw(st.sampled_from([0, 0, 1])),
                "priority": draw(st.integers(0, 1)),
                "granted": draw(st.booleans()),
                "spread": draw(st.sampled_from([1, 1, 1, 3])),
                "carry": draw(st.booleans()),
                "price": draw(st.sampled_from([None, Decimal(100)])),
            }
        )
        for n in range(draw(st.integers(0, 3)))
    ]
    if draw(st.integers(0, 4)) == 0:
        return draw(by_incident())
    given_: dict[str, Any] = {
        "kind": draw(st.sampled_from(["block_hours", "retainer"])),
        "from": draw(st.sampled_from([None, date(2026, 2, 10)])),
        "included_hours": draw(st.sampled_from([None, *HOURS])),
        "rollover": draw(st.sampled_from(ROLLS)),
        "current_first": draw(st.booleans()),
        "drawdown": draw(st.sampled_from(DRAWS)),
        "premium": draw(st.sampled_from(["quantity", "quantity", "price"])),
        "alerts": draw(st.sampled_from([[], [], [Decimal(50), Decimal(80)]])),
        "minimum_available_hours": draw(st.sampled_from([None, None, Decimal("0.5")])),
        "until": draw(st.sampled_from([None, None, date(2026, 4, 2)])),
        "overage_rate": draw(st.sampled_from([None, Decimal(90)])),
        "on_exhausted": draw(st.sampled_from(["overage", "hold", "overrun_limit", "carry_debt"])),
        "overrun_percent": Decimal(50),
        "rounding": "policy",
    }
    return Contract.model_validate({"id": "k", "client": "acme", "lots": lots, **given_})


@st.composite
def shops(draw: st.DrawFn) -> list[CatalogObject]:
    scope = draw(st.sampled_from(["entry", "ticket_day", "ticket"]))
    other = Contract(id="beta-tm", client="beta", rounding="policy")
    return with_calendar(
        [
            Organisation(zone=draw(st.sampled_from(ZONES))),
            Client(id="acme"),
            RateCard(id="base", lines=[RateLine(rate=Decimal("100"))]),
            Rounding(id="policy", increment_minutes=15, scope=scope),
            draw(contracts()),
            other,
            *office_hours(),
        ]
    )


@st.composite
def spans(draw: st.DrawFn) -> Span:
    start = BASE + draw(st.sampled_from([-26, -2, 3, 5, 6, 22, 23, 25])) * 3600
    return start, start + draw(st.sampled_from([0, 301, 420, 3000, 3 * 3600, 5 * 3600]))


@st.composite
def moving(draw: st.DrawFn) -> Fact:
    """A revision of one of five pieces of work: done here or at another client, or taken back."""
    item = work(
        draw(st.sampled_from(["a", "b", "c", "d", "e"])),
        draw(spans()),
        client=draw(st.sampled_from(["acme", "acme", "acme", "beta"])),
        ticket=draw(st.sampled_from(["T1", "T2", None])),
        state=draw(st.sampled_from(["done", "done", "done", "void"])),
    )
    return work_fact(item, rev=draw(st.integers(0, 3)))


@st.composite
def histories(draw: st.DrawFn) -> list[Fact]:
    first = release_facts(draw(shops()))
    facts = draw(st.lists(moving(), min_size=1, max_size=14))
    if draw(st.booleans()):
        second = release_facts(draw(shops()), 2, first[-1].digest())
        place = draw(st.integers(0, len(facts)))
        facts[place:place] = second
    return [*first, *facts, *draw(st.lists(st.sampled_from(facts), max_size=3))]


def played(history: Sequence[Fact], sizes: Sequence[int] = ()) -> Log:
    log = Log([])
    for part in cut(history, sizes):
        log.step(part)
    return log


@LAWS
@given(histories(), SIZES)
def test_law_2_batches_do_not_matter(history: list[Fact], sizes: list[int]) -> None:
    assert played(history, sizes).store.live() == truth(history)


@LAWS
@given(histories())
def test_every_prefix_is_told_in_full(history: list[Fact]) -> None:
    log = Log([])
    for n, fact in enumerate(history, 1):
        log.feed(fact)
        assert log.store.live() == truth(history[:n])


@LAWS
@given(histories(), SIZES)
def test_laws_3_and_4_a_row_that_differs_had_a_lower_version(history: list[Fact], sizes: list[int]) -> None:
    owner = played(history, sizes)
    last = {entry.identity: (number >> 24, None if entry.void else content(entry)) for number, entry in owner.sent}
    known: set[str] = set()
    for n, fact in enumerate(owner.facts):
        rows = truth(owner.facts[:n])
        assert all(len(known) < count for one, (count, holds) in last.items() if rows.get(one) != holds)
        known.add(fact.key())


@LAWS
@given(histories(), st.lists(SIZES, min_size=1, max_size=2))
def test_law_5_one_version_one_content(history: list[Fact], cuts: list[list[int]]) -> None:
    log = played(history)
    contents: dict[Any, set[str]] = defaultdict(set)
    for sizes in cuts:
        state = RateState(TENANT, 0)
        for part in cut(log.facts, sizes):
            for number, entry in state.step(part).outputs:
                contents[entry.identity, number >> 24].add(repr(content(entry)))
    assert all(len(found) == 1 for found in contents.values())


@LAWS
@given(shops(), st.lists(moving(), min_size=1, max_size=10), st.randoms(use_true_random=False))
def test_the_order_of_facts_does_not_matter(objects: list[CatalogObject], facts: list[Fact], random: Random) -> None:
    shuffled = random.sample(facts, len(facts))
    release = release_facts(objects)
    assert played([*release, *shuffled]).store.live() == played([*release, *facts]).store.live()


@LAWS
@given(shops(), st.lists(moving(), max_size=8), spans())
def test_work_taken_back_restores_exactly(objects: list[CatalogObject], facts: list[Fact], one: Span) -> None:
    before = played([*release_facts(objects), *facts])
    there = [*release_facts(objects), *facts, work_fact(work("z", one))]
    gone = work_fact(work("z", one, state="void"), rev=9)
    assert played([*there, gone]).store.live() == before.store.live()


@LAWS
@given(shops(), st.lists(moving(), min_size=1, max_size=12))
def test_no_lot_gives_more_than_it_has_and_no_second_is_lost(objects: list[CatalogObject], facts: list[Fact]) -> None:
    rows = list(played([*release_facts(objects), *facts]).store.live().values())
    (contract,) = (one for one in objects if isinstance(one, Contract) and one.id == "k")
    most = {f"k/{lot.id}": lot.hours for lot in contract.lots if lot.hours is not None}
    drawn: dict[str, int] = defaultdict(int)
    pieces = 0
    for row in rows:
        assert row.worked_seconds + row.rounding_seconds == row.quantity_seconds
        assert sum(one.quantity for one in row.outcomes()) == row.quantity_seconds
        assert sum(one.worked for one in row.outcomes()) == row.worked_seconds
        assert sum(one.amount for one in row.outcomes()) == row.amount
        assert sum(one.risk for one in row.outcomes()) == row.risk_amount
        assert_in_order(row)
        for one in row.segments:
            drawn[one.lot] += one.drawn_seconds
            pieces += bool(one.lot)
    for lot, seconds in drawn.items():
        size = most.get(lot, contract.included_hours if lot.startswith("k/2") else None)
        assert size is None or seconds <= Fraction(size) * 3600 + Fraction(pieces, 2)  # shown seconds are rounded


@LAWS
@given(
    st.integers(1, 120),
    st.decimals(min_value="0.001", max_value="500", places=3),
    st.sampled_from(["hours", "money"]),
    st.dates(date(2024, 1, 1), date(2028, 12, 31)),
    st.sampled_from(["month", "quarter", "year"]),
)
def test_the_parts_of_a_spread_lot_are_the_lot(n: int, size: Decimal, unit: str, first: date, cycle: str) -> None:
    lot = {"id": "l", "from": first, unit: size, "spread": n, "price": 77, "carry": True}
    contract = Contract.model_validate({"id": "k", "client": "acme", "kind": "block_hours", "cycle": cycle,
                                        "lots": [lot]})  # fmt: skip
    parts = listed(contract)
    whole = Fraction(size) * (3600 if unit == "hours" else 1)
    grain = 1 if unit == "hours" else 100
    assert sum(one.size for one in parts) == whole
    assert sum(one.price or 0 for one in parts) == 77
    assert all((one.size * grain).denominator == 1 for one in parts[:-1])
    assert max(one.size for one in parts) - min(one.size for one in parts) < Fraction(2, grain)
    assert [one.start for one in parts] == sorted({one.start for one in parts})


def assert_in_order(row: Entry) -> None:
    ends = [row.start, *(edge for one in row.segments for edge in (one.start, one.end))]
    assert ends == sorted(ends)
    assert not row.segments or ends[-1] <= row.end


def test_the_same_month_again_is_computed_alike() -> None:
    """Nothing of a computation stays behind in the terms."""
    contract = Contract.model_validate(
        {"id": "k", "client": "acme", "kind": "block_hours", "lots": [{"id": "l", "from": "2026-01-01", "hours": 1}]}
    )
    objects: list[CatalogObject] = [
        Client(id="acme"),
        RateCard(id="base", lines=[RateLine(rate=Decimal(100))]),
        contract,
    ]
    pieces = [work(name, (BASE + n * 7200, BASE + n * 7200 + 3000)) for n, name in enumerate("ab")]
    first, again = rated(objects, *pieces), rated(objects, *pieces[::-1])
    assert first == again
    assert [(row.seconds_of("covered"), row.seconds_of("billed"), row.amount) for row in first] == [
        (3000, 0, 0),
        (600, 2400, 66_67),
    ]
