"""Law 18 on the model of the hops: seal at any point; versions never decrease, nothing sealed is computed again, in =
ledger + parked."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from billing.closes import Closes
from billing.rate import RateState
from billing.rate_index import Index
from billing.seal_cut import Cut
from billing.sealing import Sealing
from billing.seals import Seals
from streams.changelog import unpack
from streams.models.event import activity_id
from streams.models.fact import Fact
from tests.laws.finance import Close, Item, Manual, rebuilt
from tests.laws.model import Rules, Worker, fresh_state
from tests.laws.pool import FIRST, SOURCE, base_objects, release
from tests.laws.sealing import (
    DAY,
    EARLY,
    KEEP,
    LATER,
    Told,
    check_parked,
    check_seals,
    count,
    random_history,
    read,
    session,
    without_seals,
)
from tests.laws.test_closing import Office, check_closed_stay, check_outcomes
from tests.laws.test_hops import check_versions, runs_for

EXAMPLES = int(os.environ.get("EVERYMINUTE_LAW_EXAMPLES", "150"))


def office(seed: int, rules: Rules | None = None, calm: bool = False) -> Office:
    random = Random(seed)
    made, items = Office(rules or Rules(), seed), random_history(random)
    made.calm(items) if calm else made.troubled(items, random)
    return made


def check(one: Office) -> Told:
    world = one.world
    told = read(world)
    check_versions(world)
    check_outcomes(world, one.finance.made)
    check_closed_stay(world)
    check_seals(world, told)
    check_parked(world, told)
    check_count(one, told)
    assert world.ledger() == without_seals(world, told), "a row was computed from what is left"
    return told


def check_count(one: Office, told: Told) -> None:
    """Whoever starts from the changelog knows as many facts as whoever read the log, and the same seals."""
    owner = one.world.generation["rate"]
    restored = Worker(one.world, "rate").state
    one.world.generation["rate"] = owner
    bare = RateState("t", 0)
    for key, value in one.world.changelogs["rate"].items():
        for fact in unpack(key, value):
            if not told.state._seals.drops(fact.key, told.state._decided.closes):
                bare.restore(fact.key, fact.value)
    for state in (restored, bare):
        check_restored(state, told)


def check_restored(restored: RateState, told: Told) -> None:
    """From the whole changelog, or from one without what the seals drop."""
    restored.counts()
    assert count(restored) == count(told.state)
    for name in ("through", "works", "booked", "evidence"):
        assert getattr(restored._seals, name) == getattr(told.state._seals, name), name
    assert restored._index.works.keys() == told.state._index.works.keys()
    assert not restored._index.works.keys() & told.sealed.keys()
    counts = restored.counts()
    assert counts.received == counts.done + counts.waiting + counts.parked


def test_any_trouble_around_seals() -> None:
    met: Counter[str] = Counter()
    for seed in range(max(20, EXAMPLES // 3)):
        one = office(seed)
        try:
            told = check(one)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}") from error
        met["seals"] += len(told.places)
        met["sealed"] += len(told.sealed)
        met["refused"] += sum(not one.holds for one in told.state._seals._seals.values())
        met["late"] += len(told.late)
        met["parked"] += sum(not item.void for item in one.world.parked.values())
        met["settled"] += sum(item.void for item in one.world.parked.values())
    for what in ("seals", "sealed", "refused", "late", "parked"):
        assert met[what] > 3, met


def test_a_ledger_with_seals_is_made_anew_without_them() -> None:
    """Law 19: where nothing was parked, the sources of truth give the same ledger, and nothing is sealed meanwhile."""
    met = 0
    for seed in range(1000, 1000 + max(10, EXAMPLES // 5)):
        one = office(seed, calm=True)
        new = rebuilt(one.world, one.finance.made, Random(seed))
        assert not any(fact.kind == "seal" for fact in new.logs["rate"])
        if not one.world.parked and any(fact.kind == "seal" for fact in one.world.logs["rate"]):
            met += 1
            assert one.world.ledger() == new.ledger(), f"seed {seed}"
    assert met > 2


SPENT: list[Item] = [
    *KEEP, EARLY, session(0, 40, 1), Close("c1", "2026-03"), Close("c2", "2026-03"), Close("c1", "2026-04"),
    Close("c2", "2026-04"),
]  # fmt: skip


def test_a_late_fact_before_the_seal_keeps_the_month_open() -> None:
    """The order of the log decides: the seal was written, but the fact stands before it."""
    one = Office(Rules(), 1)
    one.calm(SPENT)
    for item in (LATER, session(0, 50, 2)):
        one.finance.feed(item)
    one.owners["rate"] = Worker(one.world, "rate", 1).steps()
    for hop in ("pair", "link"):
        while one.world.committed[hop] < len(one.world.logs[hop]):
            next(one.owners[hop])
    one.settle()
    told = check(one)
    assert not told.places
    assert not one.world.parked
    assert any(fact.kind == "seal" for fact in one.world.logs["rate"])
    assert any(row.identity.corrects_period for _, row in one.world.store.values() if not row.void)


def test_a_late_fact_behind_the_seal_is_parked_until_it_says_the_same_again() -> None:
    one = Office(Rules(), 1)
    one.calm([*SPENT, LATER])
    before = one.world.ledger()
    assert read(one.world).sealed
    one.calm([session(0, 50, 2)])
    (item,) = one.world.parked.values()
    assert (item.reason, item.void, item.topic) == ("sealed", False, "rate-log")
    assert "c1, sealed through 2026-04" in item.saw
    assert item.key.startswith(b"t|work|")
    assert b"spans" in item.value
    check(one)
    one.calm([session(0, 40, 3)])
    assert [item.void for item in one.world.parked.values()] == [True]
    check(one)
    assert one.world.ledger() == before


def test_new_work_of_a_sealed_month_is_parked_and_what_ends_later_is_not() -> None:
    one = Office(Rules(), 1)
    one.calm([*SPENT, LATER])
    one.calm([session(2, 20, 1), session(1, 31 * 24 * 60 + 60, 1)])
    check(one)
    (item,) = one.world.parked.values()
    assert activity_id(SOURCE, "a2") in item.saw
    assert any(row.identity.period == "2026-05" and row.worked_seconds for _, row in one.world.store.values())


def test_a_decision_about_sealed_work_is_parked() -> None:
    one = Office(Rules(), 1)
    one.calm([*SPENT, LATER])
    one.calm([Manual("write_off", "a0")])
    (item,) = one.world.parked.values()
    assert "write_off about" in item.saw
    assert b'"decision"' in item.value
    check(one)


@pytest.mark.parametrize("late", [False, True], ids=["dies", "finishes last"])
def test_rate_stopped_at_any_effect_around_a_seal(late: bool) -> None:
    """Laws 7 and 8, exhaustive: rate stops once at each effect of a seal and of what comes behind it."""
    for effect in range(200):
        one = Office(Rules(), effect)
        one.calm(SPENT)
        for item in (LATER, session(0, 50, 2), session(1, 45 * 24 * 60, 1)):
            one.finance.feed(item)
        if not runs_for(one, "rate", effect):
            assert effect > 10
            return
        if late:
            one.pause("rate")
        else:
            one.owners["rate"] = Worker(one.world, "rate").steps()
        one.settle()
        for zombie in one.zombies:
            one.wake(zombie, 60)
        one.settle()
        check(one)


def test_a_client_with_a_memory_over_months_is_not_sealed() -> None:
    keep = release(2, FIRST[-1].digest(), base_objects(retention=1, scope="ticket"))
    one = Office(Rules(), 1)
    one.calm([*keep, *SPENT[len(KEEP) :], LATER, session(0, 50, 2)])
    assert not one.world.parked
    assert not any(fact.kind == "seal" for fact in one.world.logs["rate"])


class _Hasty(Sealing):
    def _largest(self, wanted: Cut) -> Cut:
        return wanted


class Hasty(RateState):
    """A planted defect: sealed while an open statement still corrects the month, or work lies across."""

    def __init__(self, tenant: str, epoch: int) -> None:
        super().__init__(tenant, epoch)
        self._sealing.__class__ = _Hasty


class _Impatient(Sealing):
    def propose(self, mark: int) -> Iterator[Fact]:
        for fact in super().propose(mark + 60 * DAY):
            yield replace(fact, rev=mark)


class Impatient(RateState):
    """A planted defect: sealed before the retention is over."""

    def __init__(self, tenant: str, epoch: int) -> None:
        super().__init__(tenant, epoch)
        self._sealing.__class__ = _Impatient


class _Lost(Seals):
    __slots__ = ()

    def _forget(self, index: Index, closes: Closes, keys: set[str]) -> int:
        return 0 * super()._forget(index, closes, keys)


class Lost(RateState):
    """A planted defect: the count of what a seal drops is lost."""

    def __init__(self, tenant: str, epoch: int) -> None:
        super().__init__(tenant, epoch)
        self._seals.__class__ = _Lost


class Reckless(RateState):
    """A planted defect: what comes late is computed from what is left."""

    def _fold(self, fact: Fact, touched: Any, strays: Any, outcome: Any) -> bool:
        through, self._seals.through = self._seals.through, {}
        folded = super()._fold(fact, touched, strays, outcome)
        self._seals.through = through
        return folded


@pytest.mark.parametrize("state", [Hasty, Impatient, Lost, Reckless])
def test_a_planted_defect_is_caught(state: type[RateState]) -> None:
    """Law 21."""
    rules = Rules(new_state=lambda hop: state("t", 0) if hop == "rate" else fresh_state(hop))
    for seed in range(EXAMPLES):
        try:
            check(office(seed, rules, calm=True))
        except (AssertionError, KeyError):
            return
    pytest.fail(f"{state.__doc__}: nothing went wrong")
