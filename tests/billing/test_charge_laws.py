"""Charges as laws: they fall due by facts alone, follow the terms that hold, and take no day twice."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from billing.cycles import MONTHS, cycle_at, cycles
from billing.rate import RateState
from streams.models.catalog import CatalogObject, Contract
from streams.models.entry import Entry, encode_entry
from streams.models.fact import Fact
from tests.billing.rate_kit import LAWS, TENANT, at, catalogue, release_facts, work_fact, worked

days = st.dates(date(2020, 1, 1), date(2032, 1, 1))
every = st.sampled_from(sorted(MONTHS))


@LAWS
@given(every, st.integers(1, 28), days, st.integers(1, 900))
def test_cycles_share_out_every_day_once(cycle: str, cycle_day: int, begins: date, length: int) -> None:
    since, until = begins.toordinal(), begins.toordinal() + length
    found = list(cycles(cycle, cycle_day, since, until, until))
    assert (found[0].since, found[-1].until) == (since, until)
    assert all(one.until == after.since for one, after in pairwise(found))
    assert all(0 < one.share <= 1 for one in found)
    assert all(one.is_whole for one in found[1:-1])
    assert sum((one.share * one.days for one in found), Fraction(0)) == length


@LAWS
@given(every, st.integers(1, 28), days, st.integers(0, 900))
def test_the_cycle_of_a_day_is_the_one_among_all_cycles(cycle: str, cycle_day: int, begins: date, later: int) -> None:
    since = begins.toordinal()
    day, until = since + later, since + later + 500
    (listed,) = [one for one in cycles(cycle, cycle_day, since, until, until) if one.since <= day < one.until]
    assert cycle_at(cycle, cycle_day, day, since, until) == listed


def run(facts: list[Fact], batch: int = 7) -> dict[str, Entry]:
    """The rows that hold at the end; what the hop appends to its own log comes back at the end of it."""
    state, queue = RateState(TENANT, 0), list(facts)
    held: dict[str, tuple[int, Entry]] = {}
    while queue:
        size = next((n for n, fact in enumerate(queue[:batch], 1) if fact.ends_fold), batch)
        part, queue = queue[:size], queue[size:]
        outcome = state.step(part)
        queue += outcome.appends
        for version, entry in outcome.outputs:
            if entry.id not in held or version >= held[entry.id][0]:
                held[entry.id] = (version, entry)
    return {id_: entry for id_, (_, entry) in held.items() if not entry.void}


def mark(text: str) -> Fact:
    return Fact(kind="mark", tenant="*", id="mark", rev=at(text))


def terms(**fields: Any) -> list[CatalogObject]:
    contract = Contract.model_validate({"id": "acme-tm", "client": "acme", "from": "2026-01-15"} | fields)
    return [contract if isinstance(one, Contract) else one for one in catalogue()]


def contents(rows: dict[str, Entry]) -> dict[str, bytes]:
    return {id_: encode_entry(entry) for id_, entry in rows.items()}


FEE = {"id": "f", "amount": "100"}
COMMITTED = terms(fees=[FEE, FEE | {"id": "g", "timing": "arrears"}], minimum="500", maximum="550")


def plain(rows: dict[str, Entry]) -> dict[tuple[str, str], int]:
    return {(one.identity.period, one.identity.work): one.amount for one in rows.values()}


@LAWS
@given(st.randoms(use_true_random=False), st.integers(1, 9))
def test_the_order_of_marks_work_and_release_does_not_matter(dice: Random, batch: int) -> None:
    *objects, release = release_facts(COMMITTED)
    rest = [mark("2026-03-05"), mark("2026-02-02"), mark("2026-04-01")]
    rest += [work_fact(worked(200, f"w{n}", f"2026-0{n}-20 10:00")) for n in (1, 2, 3)]
    expected = plain(run([*objects, release, *rest]))
    mixed = dice.sample([*objects, *rest, *rest], len(objects) + 2 * len(rest))
    last = max(n for n, fact in enumerate(mixed) if fact.kind == "object")
    mixed.insert(dice.randint(last + 1, len(mixed)), release)
    assert plain(run(mixed, batch)) == expected
    assert len(expected) == 3 + 4 + 3 + 1 + 2, "work, fees f (January to April) and g, a discount, two true-ups"


def test_a_mark_makes_nothing_until_its_fact_is_read_back() -> None:
    state = RateState(TENANT, 0)
    for fact in release_facts(COMMITTED):
        state.step([fact])
    outcome = state.step([mark("2026-01-15 00:00")])
    assert outcome.outputs == []
    (due,) = outcome.appends
    assert (due.kind, due.id, due.rev) == ("due", "acme|acme-tm|fee/f|2026-01-15", at("2026-01-15 00:00"))
    (booked,) = [entry for _, entry in state.step([due]).outputs]
    assert booked.charge == "fee"
    assert state.step([mark("2026-01-15 00:00")]).appends == [], "it fell due already"


def test_a_worker_that_forgot_what_it_asked_for_asks_again() -> None:
    state = RateState(TENANT, 0)
    for fact in release_facts(COMMITTED):
        state.step([fact])
    first = state.step([mark("2026-01-16")]).appends
    assert state.step([mark("2026-01-16")]).appends == first


def test_a_due_charge_follows_the_terms_and_is_void_when_they_ask_for_it_no_longer() -> None:
    first = release_facts(COMMITTED)
    base = [*first, mark("2026-02-20")]
    assert sorted(one.amount for one in run(base).values() if one.charge == "fee") == [5484, 5484, 10000]
    dearer = release_facts(terms(fees=[FEE | {"amount": "120"}]), 2, first[-1].digest())
    assert sorted(one.amount for one in run([*base, *dearer]).values()) == [6581, 12000]
    gone = release_facts(terms(), 2, first[-1].digest())
    assert run([*base, *gone]) == {}
    moved = release_facts(terms(fees=[FEE], cycle_day=20), 2, first[-1].digest())
    assert {one.local_date for one in run([*base, *moved]).values()} == {"2026-01-15", "2026-01-20", "2026-02-20"}


@LAWS
@given(st.lists(st.integers(1, 40), min_size=1, max_size=8), st.integers(100, 3000), st.integers(100, 3000))
def test_between_minimum_and_maximum(hours: list[int], one: int, other: int) -> None:
    """Work, true-ups and discounts together bring each month at least the minimum and at most the maximum."""
    least, most = sorted((one, other))
    begins = date(2026, 2, 1)
    dates = [begins + timedelta(days=(7 * n) % 59) for n in range(len(hours))]
    works = [worked(60 * count, f"w{n}", f"{on} 00:00") for n, (count, on) in enumerate(zip(hours, dates, strict=True))]
    objects = terms(**{"from": begins, "minimum": str(least), "maximum": str(most)})
    rows = run([*release_facts(objects), *map(work_fact, works), mark("2026-04-01")])
    for period in ("2026-02", "2026-03"):
        mine = [entry for entry in rows.values() if entry.identity.period == period]
        total, work = sum(e.amount for e in mine), sum(e.amount for e in mine if not e.charge)
        assert total == min(max(work, least * 100), most * 100)
        assert len([entry for entry in mine if entry.charge]) == (work != total)
