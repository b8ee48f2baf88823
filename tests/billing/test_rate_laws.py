"""Laws of convergence of the rate hop, on small histories where everything that can meet does.

Numbers in names are those of the laws of the design: batches 2, growth 3, last touch 4, one version 5, restore 6,
zombies 8, order 10.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from billing.rate import RateState
from streams.models.catalog import CatalogObject, Client, Contract
from streams.models.entry import Entry, Identity, encode_entry
from streams.models.fact import Fact
from streams.models.ids import digest
from streams.models.interval import Span
from streams.models.work import decode_work
from tests.billing.rate_kit import (
    LAWS,
    TENANT,
    at,
    catalogue,
    object_fact,
    office_hours,
    release_facts,
    with_calendar,
    work,
    work_fact,
)
from tests.billing.rate_log import Live, Log, Store, content, cut, truth

SIZES = st.lists(st.integers(1, 4), max_size=30)
ONE_BY_ONE = st.just([1] * 100)
BASE = at("2026-03-31 00:00")
SCOPES = ["entry", "ticket_day", "ticket", "client_day", "tech_day", "period", "incident"]
INCIDENTS: dict[str, Any] = {"merge_minutes": 130, "tier_minimums": {"after_hours": 60}, "top_up_contiguous": True}
ZONES = [None, "America/New_York", "Pacific/Auckland", "no/zone"]


def shop(scope: str, *known: Client) -> list[CatalogObject]:
    """Two clients, beta known to a connector at least; rounding by any scope, or calls merged; office hours."""
    rounding = INCIDENTS if scope == "incident" else {"scope": scope, "increment_minutes": 15}
    objects = [*with_calendar(catalogue(**rounding)), *office_hours()]
    return [*objects, Contract(id="beta-tm", client="beta", rounding="policy"), *known]


@st.composite
def spans(draw: st.DrawFn) -> Span:
    start = BASE + draw(st.sampled_from([-26, -2, 3, 5, 22, 23, 25])) * 3600
    return start, start + draw(st.sampled_from([0, 300, 420, 3000, 3 * 3600]))


IDS, REVISIONS = st.sampled_from(["a", "b", "c", "d"]), st.integers(0, 3)
PLAIN = st.builds(lambda id_, one, rev: work_fact(work(id_, one), rev), IDS, spans(), REVISIONS)


@st.composite
def wild(draw: st.DrawFn) -> Fact:
    """A revision of one of four pieces of work around a month's end: done, running, void, or of nobody known."""
    item = work(
        draw(IDS),
        draw(spans()),
        client=draw(st.sampled_from(["acme", "acme", "beta", None])),
        ticket=draw(st.sampled_from(["T1", "T1", "T2", None])),
        technician=draw(st.sampled_from(["ann", "ann", "bob"])),
        state=draw(st.sampled_from(["done", "done", "done", "running", "void", "absorbed"])),
    )
    return work_fact(item, rev=draw(REVISIONS))


@st.composite
def histories(draw: st.DrawFn) -> list[Fact]:
    """Work, zones that connectors report, up to two releases (the second in its place), repetitions."""
    scopes, zones = st.sampled_from(SCOPES), st.sampled_from(ZONES)
    first = release_facts(shop(draw(scopes)))
    known = draw(st.lists(st.builds(lambda zone: Client(id="beta", zone=zone), zones), max_size=1))
    second = release_facts(shop(draw(scopes), *known), 2, first[-1].digest())
    directory = st.builds(
        lambda rev, zone: object_fact(Client(id="beta", zone=zone), rev, "directory"), st.integers(0, 2), zones
    )
    facts = draw(st.lists(st.one_of(PLAIN, PLAIN, wild(), wild(), directory), min_size=1, max_size=16))
    place = draw(st.integers(0, len(facts)))
    history = [*facts[:place], *second, *facts[place:]]
    place = draw(st.integers(0, place))
    history[place:place] = first
    return history + draw(st.lists(st.sampled_from(history), max_size=3))


def played(history: Sequence[Fact], sizes: Sequence[int] = ()) -> Log:
    """The history in batches; what is appended is read behind it."""
    log = Log([])
    for part in cut(history, sizes):
        log.step(part)
    return log


@LAWS
@given(histories(), SIZES)
def test_law_2_batches_do_not_matter(history: list[Fact], sizes: list[int]) -> None:
    """However it is cut, the ledger is what the definition says of the set of facts."""
    log = played(history, sizes)
    assert log.store.live() == truth(history)
    assert log.state.counts().received == len({fact.key() for fact in log.facts})


@LAWS
@given(histories(), st.randoms(use_true_random=False))
def test_law_10_order_does_not_matter_between_releases(history: list[Fact], random: Random) -> None:
    releases = [n for n, fact in enumerate(history) if fact.kind == "release"]
    edges = [0, *releases, len(history)]
    shuffled: list[Fact] = []
    for start, end in pairwise(edges):
        head, rest = history[start : start + (start in releases)], history[start + (start in releases) : end]
        random.shuffle(rest)
        shuffled += [*head, *rest]
    assert played(shuffled).store.live() == played(history).store.live() == truth(history)


@LAWS
@given(histories())
def test_every_prefix_is_told_in_full(history: list[Fact]) -> None:
    """After each record the store holds exactly the truth of the prefix: nothing touched was forgotten."""
    log = Log([])
    for n, fact in enumerate(history, 1):
        log.feed(fact)
        assert log.store.live() == truth(history[:n])


@LAWS
@given(histories(), SIZES)
def test_laws_3_and_4_a_row_that_differs_had_a_lower_version(history: list[Fact], sizes: list[int]) -> None:
    """Every prefix of the log against each row as it was last sent, not as it would be sent now."""
    owner = played(history, sizes)
    last = {entry.identity: (number >> 24, None if entry.void else content(entry)) for number, entry in owner.sent}
    known: set[str] = set()
    for n, fact in enumerate(owner.facts):
        rows = truth(owner.facts[:n])
        assert all(len(known) < count for one, (count, holds) in last.items() if rows.get(one) != holds)
        known.add(fact.key())


@LAWS
@given(histories(), st.lists(SIZES, min_size=1, max_size=3))
def test_law_5_one_version_one_content(history: list[Fact], cuts: list[list[int]]) -> None:
    """Over the emissions of several processes that read one log in different batches."""
    log = played(history)
    contents: dict[tuple[Identity, int], set[bytes]] = defaultdict(set)
    for sizes in cuts:
        state = RateState(TENANT, 0)
        for part in cut(log.facts, sizes):
            for number, entry in state.step(part).outputs:
                contents[entry.identity, number >> 24].add(repr(content(entry)).encode())
                assert number & 0xFFFFFF == int(digest(encoded(entry))[:6], 16)
    assert all(len(found) == 1 for found in contents.values())


@LAWS
@given(histories(), SIZES, st.randoms(use_true_random=False), st.data())
def test_law_6_restored_in_any_order_after_any_cut(
    history: list[Fact], sizes: list[int], random: Random, data: st.DataObject
) -> None:
    """A prefix of the changelog, shuffled, and the log read again from any earlier place: the same ledger."""
    log = played(history, sizes)
    kept = log.kept[: data.draw(st.integers(0, len(log.kept)))]
    known = {key for key, _ in kept}
    committed = next((n for n, fact in enumerate(log.facts) if fact.key() not in known), len(log.facts))
    random.shuffle(kept)
    state = RateState(TENANT, 0)
    for key, value in kept:
        state.restore(key, value)
    for part in cut(log.facts[data.draw(st.integers(0, committed)) :]):
        log.store.receive(state.step(part).outputs)
    assert log.store.live() == truth(history)
    assert state.counts() == log.state.counts()


@LAWS
@given(histories(), st.lists(st.integers(2, 8), max_size=20), st.one_of(ONE_BY_ONE, SIZES), st.integers(0, 60))
def test_laws_8_and_9_a_process_that_wakes_up_late_changes_nothing(
    history: list[Fact], sizes: list[int], others: list[int], until: int
) -> None:
    """It reads a prefix in other batches, its rows arrive last of all, its identities are answered by the owner."""
    owner = played(history, sizes)
    zombie = RateState(TENANT, 0)
    named: list[Fact] = []
    for part in cut(owner.facts[:until], others):
        outcome = zombie.step(part)
        owner.store.receive(outcome.outputs)
        named += outcome.appends
    owner.step(named)
    assert owner.store.live() == truth(history)


@LAWS
@given(histories())
def test_law_17_everything_again_changes_nothing_and_lowers_no_version(history: list[Fact]) -> None:
    log = played(history)
    before = dict(log.store.rows)
    sent: list[tuple[int, Entry]] = []
    for part in cut(log.facts):
        sent += log.state.step(part).outputs
    store = Store()
    store.receive(sent)
    assert store.live() == live_of(before)
    assert all(entry.version >= before[one].version for one, entry in store.rows.items())


@LAWS
@given(histories())
def test_law_11_each_second_lies_in_one_live_row(history: list[Fact]) -> None:
    """Conservation over the whole ledger: worked + rounding = quantity, and worked = the evidence that holds."""
    rows = played(history).store.live().values()
    assert all(row.worked_seconds + row.rounding_seconds == row.quantity_seconds for row in rows)
    by_work: dict[str, int] = defaultdict(int)
    for row in rows:
        by_work[row.identity.work] += row.worked_seconds
    assert by_work == {row.identity.work: seconds_of(history, row.identity.work) for row in rows}


def seconds_of(history: Sequence[Fact], id_: str) -> int:
    held = max((fact for fact in history if fact.kind == "work" and fact.id == id_), key=lambda f: (f.rev, f.digest()))
    return decode_work(bytes(held.body)).seconds


def live_of(rows: Live) -> Live:
    return {one: content(entry) for one, entry in rows.items() if not entry.void}


def encoded(entry: Entry) -> bytes:
    return encode_entry(content(entry))
