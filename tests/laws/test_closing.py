"""Laws 14 to 17 and 19 on the model of the hops: closed stays closed, the sum is true, a close is decided once."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest

from billing.rate import RateState
from streams.models.closing import decode_closed
from streams.models.event import Event
from streams.models.fact import Fact
from tests.laws.finance import (
    Close,
    Finance,
    Item,
    Rerate,
    closed,
    manifest,
    outcomes,
    random_history,
    rebuilt,
    sums,
    without_closes,
)
from tests.laws.model import CONTENT, HOPS, Rules, Worker, World, drain, fresh_state, settled_world
from tests.laws.test_hops import check_versions, runs_for

EXAMPLES = int(os.environ.get("EVERYMINUTE_LAW_EXAMPLES", "150"))


class Office:
    """A world with a finance department. Closes wait until the store shows what there is to see."""

    def __init__(self, rules: Rules, seed: int) -> None:
        self.world = settled_world(rules, seed)
        self.finance = Finance(self.world)
        self.owners = {hop: Worker(self.world, hop).steps() for hop in HOPS}
        self.zombies: list[Iterator[str]] = []

    def calm(self, items: list[Item]) -> None:
        """Everything comes to rest before each close, so that right hashes are right."""
        for item in items:
            if isinstance(item, Close):
                self.settle()
            self.finance.feed(item)
        self.settle()

    def troubled(self, items: list[Item], random: Random) -> None:
        """One or two hops die and sleep anywhere; finance looks whenever it likes."""
        hops = random.sample(HOPS, random.randint(1, 2))
        for item in items:
            if isinstance(item, Close) and random.random() < 0.7:
                self.settle()
            self.finance.feed(item)
            for _ in range(random.randint(0, 2)):
                hop = random.choice(hops)
                for _n in range(random.randint(1, 9)):
                    next(self.owners[hop])
                what = random.random()
                if what < 0.3:
                    self.owners[hop] = Worker(self.world, hop).steps()
                elif what < 0.6:
                    self.pause(hop)
                elif self.zombies:
                    self.wake(random.choice(self.zombies), random.randint(1, 9))
        self.settle()
        for zombie in self.zombies:
            self.wake(zombie, 60)
        self.settle()

    def pause(self, hop: str) -> None:
        self.zombies.append(self.owners[hop])
        self.owners[hop] = Worker(self.world, hop).steps()

    def wake(self, zombie: Iterator[str], steps: int) -> None:
        for _ in range(steps):
            if next(zombie) in ("ack", "idle"):
                return

    def settle(self) -> None:
        drain(self.world, self.owners)


def check(office: Office, seed: int) -> None:
    """Everything that must hold, whatever happened."""
    world, made = office.world, office.finance.made
    check_versions(world)
    check_outcomes(world, made)
    check_closed_stay(world)
    assert world.ledger() == rebuilt(world, made, Random(seed)).ledger(), "law 19: a new log"


def check_outcomes(world: World, made: list[Event | Fact]) -> None:
    """Law 16: every close has an outcome, and numbers and periods of a client follow each other."""
    asked = {one.id for one in made if isinstance(one, Fact) and b'"kind":"close"' in bytes(one.body)}
    assert asked == set(outcomes(world)), "a close without an outcome, or an outcome without a close"
    for client in ("c1", "c2"):
        mine = [one for one in closed(world) if one.client == client]
        assert [one.number for one in mine] == list(range(1, len(mine) + 1))
        periods = [one.period for one in mine]
        assert periods == sorted(set(periods))


def check_closed_stay(world: World) -> None:
    """Law 14: from the fact on that closes a statement, its rows are those of the manifest, in every emission."""
    known: set[str] = set()
    counts: dict[str, int] = {}  # facts up to the place where one was read first
    for fact in world.logs["rate"]:
        if fact.counts:
            known.add(fact.key())
        counts.setdefault(fact.key(), len(known))
    for decision in closed_decisions(world):
        fact = outcomes(world)[decision]
        rows = {row.id: CONTENT["rate"](row) for row in manifest(world, decode_closed(bytes(fact.body)))}
        for hop, id_, number, content in world.sent:
            if hop == "rate" and id_ in rows and number >> 24 >= counts[fact.key()]:
                assert content == rows[id_], "a closed row was sent with something else"
        for id_, content in rows.items():
            assert CONTENT["rate"](world.store[id_][1]) == content, "a closed row changed"


def closed_decisions(world: World) -> list[str]:
    return [id_ for id_, fact in outcomes(world).items() if fact.kind == "closed"]


def office(seed: int, rules: Rules | None = None, catalogue: bool = True, calm: bool = False) -> Office:
    random = Random(seed)
    made = Office(rules or Rules(), seed)
    items = random_history(random, catalogue)
    if calm:
        made.calm(items)
    else:
        made.troubled(items, random)
    return made


def test_any_trouble_leaves_closed_statements_and_the_truth_alone() -> None:
    """Random histories of finance with crashes and workers that wake up late; and they reach what they should."""
    met: Counter[str] = Counter()
    for seed in range(EXAMPLES * 2):
        one = office(seed)
        check(one, seed)
        met["closed"] += len(closed(one.world))
        met["refused"] += len(outcomes(one.world)) - len(closed(one.world))
        rows = [row for _, row in one.world.store.values() if not row.void]
        met["corrections"] += any(row.identity.row_class != "regular" for row in rows)
        met["corrected twice"] += any(row.identity.corrects_period and row.identity.period > "2026-04" for row in rows)
    assert met["closed"] > EXAMPLES, met
    assert met["refused"] > EXAMPLES, met
    assert met["corrections"] > EXAMPLES // 2, met
    assert met["corrected twice"] > EXAMPLES // 20, met


def test_the_sum_over_a_piece_of_work_is_the_latest_truth() -> None:
    """Law 15, per field: as if nothing had ever been closed. The catalogue stays the same here."""
    corrected = 0
    for seed in range(EXAMPLES * 2):
        one = office(seed, catalogue=False)
        assert sums(one.world) == sums(without_closes(one.finance.made)), f"seed {seed}"
        corrected += any(row.identity.corrects_period for _, row in one.world.store.values() if not row.void)
    assert corrected > EXAMPLES // 2


def test_after_re_rating_everything_the_sum_is_the_truth_under_the_newest_release() -> None:
    """Law 15 under a changed catalogue."""
    moved = 0
    for seed in range(EXAMPLES):
        made = Office(Rules(), seed)
        items = random_history(Random(seed), zones=False)  # a closed month ends where it ended, in whatever zone
        if not any(isinstance(one, Fact) and one.kind == "release" for one in items):
            continue
        made.calm([*items, Rerate("2026-01-01", 2)])
        check(made, seed)
        assert sums(made.world) == sums(without_closes(made.finance.made)), f"seed {seed}"
        moved += any(row.identity.corrects_period for _, row in made.world.store.values() if not row.void)
    assert moved > EXAMPLES // 8


def test_reading_everything_again_adds_nothing_and_lowers_no_version() -> None:
    """Law 17, also from a changelog that is ahead of what was committed."""
    for seed in range(EXAMPLES // 3):
        one = office(seed)
        world = one.world
        before, versions = world.ledger(), {key: version for key, (version, _) in world.store.items()}
        decided = {id_: fact.key() for id_, fact in outcomes(world).items()}
        world.committed = dict.fromkeys(HOPS, 0)
        drain(world, {hop: Worker(world, hop).steps() for hop in HOPS})
        assert world.ledger() == before
        assert {id_: fact.key() for id_, fact in outcomes(world).items()} == decided
        assert all(world.store[key][0] >= version for key, version in versions.items())


def test_two_doors_have_one_winner() -> None:
    """Law 16: of two closes of one statement one is accepted, and the other is refused."""
    doors = 0
    for seed in range(EXAMPLES):
        random = Random(seed)
        one = Office(Rules(), seed)
        items = [*random_history(random, catalogue=False)[:3], Close("c1", "2026-03", twice=True)]
        one.calm(items)
        pair = list(outcomes(one.world).values())[-2:]
        kinds = sorted(fact.kind for fact in pair)
        doors += kinds == ["closed", "refused"]
        assert kinds != ["closed", "closed"]
    assert doors > EXAMPLES // 2


@pytest.mark.parametrize("seed", range(max(3, EXAMPLES // 50)))
@pytest.mark.parametrize("late", [False, True], ids=["dies", "finishes last"])
def test_rate_stopped_at_any_effect_around_a_close(seed: int, late: bool) -> None:
    """Laws 7 and 8, exhaustive: rate stops once at each effect of a close and of what follows it."""
    for effect in range(200):
        one = Office(Rules(), seed)
        items = random_history(Random(seed))
        place = next(n for n, item in enumerate(items) if isinstance(item, Close))
        one.calm(items[:place])
        for item in items[place:]:
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
        check(one, effect)


class Forgetful(RateState):
    """A planted defect: closed rows follow the truth."""

    def _answer(self, client, touched):  # type: ignore[no-untyped-def]
        held = self._decided.closes._clients.pop(client, None)
        rows = super()._answer(client, touched)
        if held is not None:
            self._decided.closes._clients[client] = held
        return rows


class Blind(RateState):
    """A planted defect: what vanished from a closed period is not taken back."""

    def _answer(self, client, touched):  # type: ignore[no-untyped-def]
        rows = super()._answer(client, touched)
        replaced = {row.identity.work for row in rows if row.identity.row_class == "replacement"}
        return [row for row in rows if row.identity.row_class != "reversal" or row.identity.work in replaced]


def with_defect(state: type[RateState]) -> Rules:
    return Rules(new_state=lambda hop: state("t", 0) if hop == "rate" else fresh_state(hop))


@pytest.mark.parametrize("state", [Forgetful, Blind])
def test_a_planted_defect_is_caught(state: type[RateState]) -> None:
    """Law 21."""
    for seed in range(EXAMPLES):
        one = office(seed, with_defect(state), catalogue=False, calm=True)
        try:
            check_closed_stay(one.world)
            assert sums(one.world) == sums(without_closes(one.finance.made))
        except AssertionError:
            return
    pytest.fail(f"{state.__doc__}: nothing went wrong")
