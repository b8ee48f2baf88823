"""relink, split and confirm: small cases, and the laws over days of two technicians with decisions in between."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from random import Random
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.link import LinkState
from billing.outcome import Outcome
from billing.spans import Spans, intersect, length, subtract, union
from streams.models.decision import Decision, Piece, encode_decision
from streams.models.fact import Fact
from streams.models.interval import decode_interval
from streams.models.work import Work
from tests.billing.making import TENANT, at, clock, fact, gone, known, mark, newest, session, timer
from tests.billing.test_link_laws import DIRECTORY, IDS, SHORT, STILL, cut, intervals, play, stored


def decided(number: int, kind: Any, *evidence: str, **fields: Any) -> Fact:
    body = encode_decision(Decision(kind=kind, evidence=evidence, **fields))
    return Fact(kind="decision", tenant=TENANT, id=f"d{number}", body=body)


def piece(start: int, minutes: int, **where: Any) -> Piece:
    return Piece(start=at(start), end=at(start + minutes), **where)


def settled(*facts: Fact) -> dict[str, Work]:
    return newest(play(LinkState(TENANT), [SHORT, *STILL, *facts], Random(1)))


def lives(works: dict[str, Work]) -> dict[str, tuple[str | None, str | None, int]]:
    return {w.id: (w.client, w.ticket, w.seconds // 60) for w in works.values() if w.state in ("done", "running")}


TIMER = fact(timer("a", at(0), at(30), technician="d", ticket="t1"))
BEYOND = fact(session("b", at(20), at(50), technician="d", device="ws1"))
LONE = fact(session("s", at(0), at(30), technician="d", device="other"))


def test_unlinked_work_goes_where_people_say_and_says_who_and_why() -> None:
    work = settled(LONE, decided(1, "relink", "s", ticket="t1", by="kim", reason="a loan device"))["s"]
    assert (work.client, work.ticket, work.path, work.confidence, work.reason) == ("acme", "t1", "decision", 1000, "")
    step = next(step for step in work.trail if step.op == "decision")
    assert (step.after, step.rule, step.why) == ("relink", "d1", "a loan device (kim)")


def test_work_of_somebody_unknown_can_be_decided_too() -> None:
    nobody = fact(session("s", at(0), at(30), technician="new", device="ws1"))
    assert settled(nobody)["s"].path == "none"
    work = settled(nobody, decided(1, "relink", "s", client="birch"))["s"]
    assert (work.client, work.ticket, work.path, work.reason) == ("birch", None, "decision", "")


def test_the_last_in_the_log_holds() -> None:
    one, other = (decided(n, "relink", "a", client=client) for n, client in ((1, "birch"), (2, "acme")))
    assert settled(TIMER, one, other)["a"].client == "acme"
    assert settled(other, one, TIMER)["a"].client == "birch"


def test_evidence_under_a_timer_stands_for_the_timer() -> None:
    under = fact(session("u", at(5), at(10), technician="d", device="ws1"))
    works = settled(TIMER, under, decided(1, "relink", "u", client="birch"))
    assert lives(works) == {"a": ("birch", None, 30)}
    assert works["u"].reason == "a"


def test_a_timer_that_moves_gives_nobody_its_minutes() -> None:
    """The session's first 10 min lie under the timer: wherever either goes, they are counted once, as before."""
    assert lives(settled(TIMER, BEYOND)) == {"a": ("acme", "t1", 30), "b": ("acme", "t1", 20)}
    moved = settled(TIMER, BEYOND, decided(1, "relink", "a", client="birch"))
    assert lives(moved) == {"a": ("birch", None, 30), "b": ("acme", "t1", 20)}
    moved = settled(TIMER, BEYOND, decided(1, "relink", "b", client="birch"))
    assert lives(moved) == {"a": ("acme", "t1", 30), "b": ("birch", None, 20)}


def test_a_split_cuts_evidence_into_works_of_their_own() -> None:
    parts = (piece(0, 10, client="birch"), piece(20, 5, ticket="t1"))
    works = settled(LONE, decided(1, "split", "s", pieces=parts))
    first, second = f"s#{at(0)}-{at(10)}", f"s#{at(20)}-{at(25)}"
    assert lives(works) == {"s": (None, None, 15), first: ("birch", None, 10), second: ("acme", "t1", 5)}
    assert [proof.interval for proof in works[first].proof] == ["s"]


def test_a_split_of_everything_leaves_nothing() -> None:
    works = settled(TIMER, BEYOND, decided(1, "split", "a", pieces=(piece(0, 10, client="birch"), piece(10, 30))))
    parts = {f"a#{at(0)}-{at(10)}": ("birch", None, 10), f"a#{at(10)}-{at(40)}": ("acme", "t1", 20)}
    assert lives(works) == parts | {"b": ("acme", "t1", 20)}
    assert (works["a"].state, works["a"].reason) == ("absorbed", f"a#{at(0)}-{at(10)}")


def test_pieces_that_no_longer_hold_are_void() -> None:
    once = decided(1, "split", "s", pieces=(piece(0, 10, client="birch"),))
    again = decided(2, "split", "s", pieces=(piece(0, 20, client="birch"),))
    back = decided(3, "relink", "s", client="acme")
    works = settled(LONE, once, again)
    assert works[f"s#{at(0)}-{at(10)}"].state == "void"
    assert lives(works) == {"s": (None, None, 10), f"s#{at(0)}-{at(20)}": ("birch", None, 20)}
    assert lives(settled(LONE, once, again, back)) == {"s": ("acme", None, 30)}
    assert lives(settled(LONE, once, gone("s", 2))) == {}


def test_a_piece_can_be_decided_by_its_own_name() -> None:
    name = f"s#{at(0)}-{at(10)}"
    works = settled(
        LONE, decided(1, "split", "s", pieces=(piece(0, 10, client="birch"),)), decided(2, "relink", name, ticket="t1")
    )
    assert lives(works) == {"s": (None, None, 20), name: ("acme", "t1", 10)}


def test_confirmed_ends_are_no_longer_estimated_and_the_true_stop_still_holds() -> None:
    night, lost = mark(clock("23:00")), fact(timer("a", at(0), None, technician="d", ticket="t1"))
    yes = decided(1, "confirm", "a", seconds=3600)
    assert settled(lost, night)["a"].flags == ("capped_end", "estimated_end")
    assert (settled(lost, night, yes)["a"].flags, settled(lost, night, yes)["a"].seconds) == ((), 3600)
    stop = fact(timer("a", at(0), at(40), technician="d", ticket="t1"), rev=2)
    work = settled(lost, night, yes, stop)["a"]
    assert (work.flags, work.seconds) == (("decision_outdated",), 2400)


def test_confirmed_evidence_counts_though_its_source_cannot_be_authenticated() -> None:
    hearsay = fact(session("s", at(0), at(30), technician="d", device="ws1", authenticated=False))
    assert not settled(hearsay)["s"].authenticated
    assert settled(hearsay, decided(1, "confirm", "s"))["s"].authenticated


def test_what_was_seen_and_what_is_now() -> None:
    """Compared with the work as the decisions before it left it: a relink does not make the next one outdated."""
    first = decided(1, "relink", "a", client="birch", seconds=1800, seen_client="acme")
    second = decided(2, "relink", "a", ticket="t1", seconds=1800, seen_client="birch")
    assert settled(TIMER, first, second)["a"].flags == ()
    longer = fact(timer("a", at(0), at(40), technician="d", ticket="t1"), rev=2)
    assert settled(TIMER, first, second, longer)["a"].flags == ("decision_outdated",)
    joined = fact(session("s2", at(31), at(40), technician="d", device="other"))
    seen = decided(1, "relink", "s", client="acme", seconds=1800)
    assert lives(settled(LONE, seen, joined)) == {"s": ("acme", None, 39)}
    assert settled(LONE, seen, joined)["s"].flags == ("decision_outdated",)


def test_a_ticket_that_becomes_known_later_tells_its_client() -> None:
    relink = decided(1, "relink", "s", ticket="t7")
    work = settled(LONE, relink)["s"]
    assert (work.path, work.ticket, work.flags, work.reason) == ("none", "t7", ("ticket_unknown",), "client_unknown")
    work = settled(LONE, relink, known("ticket", id="t7", client="birch"))["s"]
    assert (work.path, work.client, work.ticket, work.flags) == ("decision", "birch", "t7", ())


TARGETS: list[dict[str, Any]] = [
    {"ticket": "t1"}, {"ticket": "t2"}, {"client": "acme"}, {"client": "birch"}, {"client": "c7"}, {"ticket": "t9"},
]  # fmt: skip


@st.composite
def decisions(draw: st.DrawFn) -> Fact:
    number = draw(st.integers(0, 5))
    kind = draw(st.sampled_from(["relink", "relink", "split", "split", "confirm"]))
    evidence = draw(st.lists(st.sampled_from("aaabbcdf"), min_size=1, max_size=2, unique=True))
    fields: dict[str, Any] = dict(draw(st.sampled_from(TARGETS))) if kind == "relink" else {}
    if kind == "split":
        starts = draw(st.lists(st.integers(0, 8), min_size=1, max_size=3))
        lengths = draw(st.lists(st.sampled_from([5, 10, 30]), min_size=3, max_size=3))
        where = draw(st.lists(st.sampled_from(TARGETS), min_size=3, max_size=3))
        fields["pieces"] = tuple(piece(s * 5, n, **w) for s, n, w in zip(starts, lengths, where, strict=False))
    if draw(st.booleans()):
        fields["seconds"] = draw(st.sampled_from([600, 1200]))
    return decided(number, kind, *evidence, **fields)


DAYS = st.tuples(*(intervals(id_) for id_ in IDS))
MORE = st.lists(st.one_of(decisions(), decisions(), decisions(), intervals(), DIRECTORY), min_size=3, max_size=8)
LOGS = st.tuples(DAYS, MORE).flatmap(lambda parts: st.permutations([*parts[0], *parts[1]]))
Log = list[Fact]
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
SEARCH: dict[str, Any] = {"deadline": None, "derandomize": True, "database": None, "suppress_health_check": SLOW}


def shown(works: dict[str, Work]) -> dict[str, Work]:
    """Without pieces that are void: whether they were ever sent depends on what was seen in between."""
    return {id_: work for id_, work in works.items() if "#" not in id_ or work.state != "void"}


@settings(max_examples=80, **SEARCH)
@given(LOGS, st.randoms(use_true_random=False))
def test_any_order_of_the_rest_gives_the_same_works(log: Log, random: Random) -> None:
    """Laws 2 and 10: decisions keep their order, everything else comes in any, often, in any batches."""
    log = [SHORT, *STILL, *log]
    made = [item for item in log if item.kind == "decision"]
    rest = [item for item in log if item.kind != "decision"] + random.choices(log, k=2)
    rest = [item for item in rest if item.kind != "decision"]
    random.shuffle(rest)
    places = sorted(random.randint(0, len(rest)) for _ in made)
    for place, one in reversed(list(zip(places, made, strict=True))):
        rest.insert(place, one)
    expected = play(LinkState(TENANT), log)
    assert shown(newest(play(LinkState(TENANT), rest, random))) == shown(newest(expected))


@settings(max_examples=40, **SEARCH)
@given(LOGS, st.randoms(use_true_random=False))
def test_a_worker_that_saw_less_never_outlives_one_that_saw_more(log: Log, random: Random) -> None:
    """Laws 3, 4, 5 and 8. Whatever a prefix sent, after what it appended was read the whole log has sent later."""
    log = [SHORT, *STILL, *log]
    less = []
    for n in range(1, len(log) + 1):
        less.append(play_once(log[:n], random))
    appended = [item for outcomes in less for outcome in outcomes for item in outcome.appends]
    log += list({item.key(): item for item in appended}.values())
    final = stored(play(LinkState(TENANT), log))
    for outcomes in less:
        for id_, (version, content) in stored(outcomes).items():
            later, newer = final[id_]
            assert later >> 24 > version >> 24 or (later, newer) == (version, content), id_


def play_once(log: Log, random: Random) -> list[Outcome[Work]]:
    """A worker that reads so far; what it appends is read by others."""
    state = LinkState(TENANT)
    return [state.step(batch) for batch in cut(log, random)]


@settings(max_examples=60, **SEARCH)
@given(LOGS, st.randoms(use_true_random=False))
def test_restored_in_any_order_it_decides_the_same(log: Log, random: Random) -> None:
    """Laws 6 and 16."""
    log = [SHORT, *STILL, *log]
    state = LinkState(TENANT)
    outcomes = play(state, log, random)
    kept = [item for outcome in outcomes for item in outcome.kept]
    random.shuffle(kept)
    restored = LinkState(TENANT)
    for key, value in [*kept, *random.sample(kept, 3)]:
        restored.restore(key, value)
    assert restored.counts() == state.counts()
    assert stored([restored.step(log)]) == stored([state.step(log)])


def test_each_second_lies_in_one_live_work_and_decisions_make_none() -> None:
    """Law 11, and conservation: no two works of a person at a client share a second, no second of evidence is lost, and
    people who decide move minutes but never make any; a timer that claims more than it shows hides some."""
    met: Counter[str] = Counter()

    @settings(max_examples=150, **SEARCH)
    @given(LOGS)
    def check(log: Log) -> None:
        log = [SHORT, *STILL, *log]
        works = newest(play(LinkState(TENANT), log, Random(len(log))))
        before = newest(play(LinkState(TENANT), [item for item in log if item.kind != "decision"]))
        live = [work for work in works.values() if work.state in ("done", "running")]
        for one, other in combinations(live, 2):
            if one.client and one.technician and (one.client, one.technician) == (other.client, other.technician):
                assert intersect(one.spans, other.spans) == (), (one.id, other.id)
        if not any(work.state == "running" or "pauses_unplaced" in work.flags for work in before.values()):
            assert sum(work.seconds for work in live) <= seconds_of(before)
            for technician in {work.technician for work in live if work.technician}:
                assert not subtract(all_of(before, technician), all_of(works, technician))
        ids = {item.id for item in log if item.kind == "interval"}
        assert ids <= set(works)
        for work in works.values():
            if work.state == "absorbed":
                assert works[work.reason] in live
        met.update(work.state for id_, work in works.items() if "#" in id_)
        met.update(f"{work.path} {'#' in id_}" for id_, work in works.items() if work.state == "done")
        met.update(flag for work in live for flag in work.flags)

    check()
    needed = ("done", "void", "decision True", "decision False", "decision_outdated")
    rare = {name: met[name] for name in needed if met[name] < 3}
    assert not rare, f"the histories hardly show {rare}"


def seconds_of(works: dict[str, Work]) -> int:
    return sum(work.seconds for work in works.values() if work.state in ("done", "running"))


def all_of(works: dict[str, Work], technician: str) -> Spans:
    held = [work for work in works.values() if work.state in ("done", "running") and work.technician == technician]
    return union(span for work in held for span in work.spans)


def test_evidence_is_no_shorter_for_being_cut() -> None:
    """split(a, b) + split(b, c) = split(a, c), however the cuts lie."""
    whole = decode_interval(bytes(BEYOND.body))
    for first in range(0, 60, 7):
        parts = (piece(first, 9, client="birch"), piece(first + 9, 11, client="acme"))
        works = settled(BEYOND, decided(1, "split", "b", pieces=parts))
        assert seconds_of(works) == length(whole.spans)


def test_identities_of_pieces_are_facts_before_their_first_use() -> None:
    state = LinkState(TENANT)
    outcome = [state.step(batch) for batch in cut([SHORT, *STILL, LONE], Random(1))]
    assert outcome
    split = state.step([decided(1, "split", "s", pieces=(piece(0, 10, client="birch"),))])
    assert [(item.kind, item.id) for item in split.appends] == [("identity", f"s#{at(0)}-{at(10)}")]
    known_now = state.step(split.appends)
    assert (known_now.appends, len(known_now.outputs)) == ([], 2)
    assert msgspec.json.decode(known_now.kept[0][1])["kind"] == "identity"
