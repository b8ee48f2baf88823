"""Laws 2 to 6 and 10 to 13 for link: small days of two technicians, in any order, cut anywhere, against an oracle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from billing.link import LinkState
from billing.outcome import Outcome
from billing.spans import intersect, length, union
from streams.models.catalog import parse_object
from streams.models.fact import Fact
from streams.models.interval import Interval, decode_interval
from streams.models.work import Work, encode_work
from tests.billing.link_oracle import Oracle, minute, minutes_of
from tests.billing.making import TENANT, at, fact, gone, interval, known, mark, newest

SHORT = known("organisation", id="organisation", forgotten_timer={"grace_minutes": 5, "cap_hours": 1})
PARALLEL = known("organisation", 2, id="organisation", forgotten_timer={"cap_hours": 1}, timers="parallel")
STILL = [  # holds in every history; what else the directory says is drawn
    known("technician", id="dana", aliases={"*": ["d"]}),
    known("client", id="acme"),
    known("client", id="birch", aliases={"*": ["g2"]}),
    known("ticket", id="t1", client="acme"),
    known("device", 0, id="ws1", client="acme"),
    known("device", 0, id="nas", client="birch"),
]


def clock_text(minutes: int) -> str:
    return f"2026-03-02T09:{minutes:02}:00Z"


DRAWN = [
    known("technician", 2, id="dana", aliases={"*": ["d", "x"]}),
    known("technician", 1, id="erin", aliases={"*": ["x"]}),
    known("technician", 1, id="abe", aliases={"*": ["d"]}),
    known("device", 2, id="ws1", client="birch"),
    known("device", 3, id="ws1"),
    known("ticket", 2, id="t1", client="acme", priority="P2", changes=[{"at": clock_text(7), "priority": "P1"}]),
    known("ticket", 3, id="t1", client="acme", scheduled=True, changes=[{"at": clock_text(12), "waivers": ["vip"]}]),
    known("ticket", 1, id="t2", client="acme", technicians=["dana"], device="ws1"),
    known("ticket", 2, id="t2", client="birch", technicians=["dana"], closed="2026-03-02T09:30:00Z"),
    known("ticket", 4, id="t2", client="acme", technicians=["dana"]),
    known("ticket", 5, id="t2", client="birch", technicians=["dana", "x"]),
    known("ticket", 1, id="t3", device="ws1", technicians=["dana", "syncro=x"]),
    known("ticket", 2, id="t3", client="acme", technicians=[]),
    known("ticket", 3, id="t3", device="hub=w1", technicians=["hub=x", "dana"]),
    known("device", 4, id="ws1", client="hub=c7"),
    known("device", 1, id="nas", client="birch", aliases={"*": ["w1"]}),
    known("client", 2, id="birch", aliases={"*": ["g2", "c7"]}),
    known("client", 2, id="acme", aliases={"*": ["c7"]}),
]
IDS = "abcdef"
KINDS = ["ticket_timer", "remote_session", "remote_session", "remote_session", "script_run"]


@st.composite
def intervals(draw: st.DrawFn, ids: str = IDS) -> Fact:
    id_ = draw(st.sampled_from(ids))
    kind: Any = KINDS[IDS.index(id_) % len(KINDS)]
    rev = draw(st.integers(1, 2))
    if draw(st.integers(0, 19)) == 19:
        return gone(id_, rev, kind)
    start = draw(st.integers(0, 7)) * 5
    minutes = draw(st.sampled_from([None, 0, 1, 5, 10, 20, 30]))
    fields: dict[str, Any] = {
        "technician": draw(st.sampled_from(["d"] * 4 + ["dana", "dana", "x", "x", None])),
        "device": draw(st.sampled_from(["ws1"] * 4 + ["nas", "other", None])),
        "ticket": draw(st.sampled_from(["t1", "t1", "t2", "t9", None] if id_ in "af" else [None] * 4 + ["t1", "t2"])),
        "client": draw(st.sampled_from([None, None, "g2", "acme"])),
        "authenticated": draw(st.sampled_from([True] * 5 + [False])),
        "billable": draw(st.sampled_from([None] * 5 + [False])),
    }
    if minutes is None:
        fields["last_seen"] = at(start + draw(st.sampled_from([0, 0, 3, 20])))
    elif minutes >= 10 and draw(st.booleans()):
        fields |= {"spans": ((at(start), at(start + 5)),), "flags": ("pauses_unplaced",)}
    elif minutes == 0 and draw(st.booleans()):
        fields["close"] = "orphan_stop"
    end = None if minutes is None else at(start + minutes)
    return fact(interval(id_, kind, at(start), end, **fields), rev)


DIRECTORY = st.sampled_from([*DRAWN, PARALLEL, mark(at(70)), mark(at(200))])
DAYS = st.tuples(*(intervals(id_) for id_ in IDS))
MORE = st.lists(st.one_of(intervals(), DIRECTORY, DIRECTORY), max_size=6)
LOGS = st.tuples(DAYS, MORE).flatmap(lambda parts: st.permutations([*parts[0], *parts[1]]))
Log = list[Fact]


def cut(log: Sequence[Fact], random: Random) -> list[Sequence[Fact]]:
    """Any batches that end where a fold ends."""
    parts: list[list[Fact]] = [[]]
    for item in log:
        parts[-1].append(item)
        if item.ends_fold or random.random() < 0.3:
            parts.append([])
    return [part for part in parts if part]


def play(state: LinkState, log: Sequence[Fact], random: Random | None = None) -> list[Outcome[Work]]:
    """Step over the log and over what the hop appends to it, until it is quiet."""
    outcomes: list[Outcome[Work]] = []
    waiting = list(log)
    while waiting:
        batches = cut(waiting, random) if random else [waiting]
        waiting = []
        for batch in batches:
            outcomes.append(state.step(batch))
            waiting += outcomes[-1].appends
    return outcomes


def oracle_of(log: Sequence[Fact]) -> Oracle:
    best: dict[tuple[str, str], Fact] = {}
    for item in log:
        key = (item.kind, item.id)
        if key not in best or (best[key].rev, best[key].digest()) < (item.rev, item.digest()):
            best[key] = item
    objects = {id_: parse_object(id_, bytes(item.body))[1] for (kind, id_), item in best.items() if kind == "object"}
    held = [decode_interval(bytes(item.body)) for (kind, _), item in best.items() if kind == "interval"]
    now = max((item.rev for item in log if item.kind == "mark"), default=0)
    single = PARALLEL not in log
    return Oracle([item for item in held if not item.void], objects, now, single)


def shown(work: Work) -> tuple[Any, ...]:
    if work.state in ("absorbed", "void"):
        return (work.state,)
    return work.state, work.client, work.ticket, minutes_of(work.spans), minutes_of(work.shared), said(work)


def said(work: Work) -> dict[int, tuple[Any, ...]]:
    """What the ticket said, by minute of the work."""
    found: dict[int, tuple[Any, ...]] = {}
    for minute_ in minutes_of(work.spans):
        held = [one for one in work.urgency if minute(one.at) <= minute_]
        if held:
            one = held[-1]
            found[minute_] = (one.priority, one.requested_by, one.scheduled, one.response_target, one.waivers)
    return found


def test_link_gives_what_the_slow_way_gives() -> None:
    met: Counter[str] = Counter()

    @settings(max_examples=420, deadline=None, derandomize=True)
    @given(LOGS)
    def check(log: Log) -> None:
        log = [SHORT, *STILL, *log]
        works = newest(play(LinkState(TENANT), log))
        expected = oracle_of(log).expected()
        voids = {item.id for item in log if item.kind == "interval"} - set(expected)
        assert {id_: shown(work) for id_, work in works.items()} == expected | dict.fromkeys(voids, ("void",))
        met.update({item for work in works.values() for item in (work.state, work.path, *work.flags)})
        met.update({"shared" for work in works.values() if work.shared})

    check()
    rare = {name: met[name] for name in MUST_MEET if met[name] < 5}
    assert not rare, f"the histories hardly show {rare}"


MUST_MEET = [
    "done", "running", "absorbed", "void", "shared", "clipped", "superseded", "estimated_end", "ticket_unknown",
    "ticket", "timer", "device_ticket", "client_ticket", "alias", "none",
]  # fmt: skip


@settings(max_examples=100, deadline=None, derandomize=True)
@given(LOGS, st.randoms(use_true_random=False))
def test_any_order_repetition_and_batches_give_the_content_of_one_batch(log: Log, random: Random) -> None:
    log = [SHORT, *STILL, *log]
    truth = newest(play(LinkState(TENANT), log))
    shuffled = log + random.choices(log, k=3)
    random.shuffle(shuffled)
    assert newest(play(LinkState(TENANT), shuffled, random)) == truth


def stored(outcomes: Sequence[Outcome[Work]]) -> dict[str, tuple[int, bytes]]:
    rows: dict[str, tuple[int, bytes]] = {}
    for outcome in outcomes:
        for version, work in outcome.outputs:
            if work.id not in rows or version >= rows[work.id][0]:
                rows[work.id] = (version, encode_work(work))
    return rows


@settings(max_examples=60, deadline=None, derandomize=True)
@given(LOGS, st.randoms(use_true_random=False))
def test_a_worker_that_saw_less_never_outlives_one_that_saw_more(log: Log, random: Random) -> None:
    """Laws 3, 4, 5 and 8: every emission of a prefix, cut anywhere and repeated at will, against the whole log."""
    log = [SHORT, *STILL, *log]
    log += [item for outcome in play(LinkState(TENANT), log) for item in outcome.appends]
    final = stored([LinkState(TENANT).step(log)])
    less = []
    for n in range(1, len(log) + 1):
        state = LinkState(TENANT)
        batches = cut(log[:n], random)
        less.append(stored([state.step(batch) for batch in [*batches, *batches[-1:]]]))
    for rows in less:
        for id_, (version, content) in rows.items():
            later, newer = final[id_]
            assert later >> 24 > version >> 24 or (later, newer) == (version, content)
    for one, other in combinations(less, 2):
        for id_ in set(one) & set(other):
            assert (one[id_][0] == other[id_][0]) <= (one[id_][1] == other[id_][1])


@settings(max_examples=100, deadline=None, derandomize=True)
@given(LOGS, st.randoms(use_true_random=False))
def test_a_restored_state_answers_a_replay_as_the_state_that_went_on(log: Log, random: Random) -> None:
    """Laws 6 and 12: restored in any order; the replay still touches what the facts concern."""
    log = [SHORT, *STILL, *log]
    state = LinkState(TENANT)
    outcomes = play(state, log, random)
    kept = [item for outcome in outcomes for item in outcome.kept]
    keys = [key for key, _ in kept]
    assert len(set(keys)) == len(keys)
    known_facts = [item for item in log if item.counts]
    assert [key for key in keys if "|mark|" not in key and "|lapsed|" not in key] == list(
        dict.fromkeys(item.key() for batch in [known_facts] for item in batch)
    )
    random.shuffle(kept)
    restored = LinkState(TENANT)
    for key, value in kept:
        restored.restore(key, value)
    assert restored.counts() == state.counts()
    part = random.sample(log, k=random.randint(1, len(log)))
    again = restored.step(part)
    assert again.kept == []
    assert stored([again]) == stored([state.step(part)])
    assert {item.id for item in part if item.kind == "interval"} <= set(stored([again]))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(LOGS)
def test_each_second_of_a_person_at_a_client_lies_in_exactly_one_live_work(log: Log) -> None:
    """Law 11; what a timer covers without counting it, a pause without a place or time to come, is the timer's."""
    log = [SHORT, *STILL, *log]
    works = newest(play(LinkState(TENANT), log))
    shown_by = {item.id: item for item in held(log)}
    live: dict[tuple[str | None, str], list[Work]] = {}
    for work in works.values():
        if work.state in ("done", "running") and work.client and work.technician:
            live.setdefault((work.technician, work.client), []).append(work)
    for group in live.values():
        for one, other in combinations(group, 2):
            assert intersect(one.spans, other.spans) == ()
    for work in works.values():
        if work.state == "void" or not work.client or not work.technician:
            continue
        claimed = union(
            span for other in live.get((work.technician, work.client), ()) for span in reach(other, shown_by)
        )
        evidence = shown_by[work.id].spans
        assert length(intersect(evidence, claimed)) == length(union(evidence)), work.id


def reach(work: Work, shown_by: dict[str, Interval]) -> tuple[tuple[int, int], ...]:
    """A live work's seconds, and for a timer what it covers."""
    own = shown_by[work.id]
    if work.kind != "ticket_timer":
        return work.spans
    absorbed = [item for item in shown_by.values() if item.kind == "ticket_timer" and item.end is not None]
    covers = [(item.start, item.end or 0) for item in absorbed if "pauses_unplaced" in item.flags]
    return (*work.spans, *covers, (own.start, own.start + 3600)) if own.end is None else (*work.spans, *covers)


def held(log: Sequence[Fact]) -> list[Interval]:
    return [item.interval for item in oracle_of(log).items]


@settings(max_examples=100, deadline=None, derandomize=True)
@given(LOGS)
def test_leads_absorbed_and_void_partition_the_intervals(log: Log) -> None:
    log = [SHORT, *STILL, *log]
    works = newest(play(LinkState(TENANT), log))
    assert set(works) == {item.id for item in log if item.kind == "interval"}
    live = {id_ for id_, work in works.items() if work.state in ("done", "running")}
    for id_, work in works.items():
        if work.state == "absorbed":
            assert work.reason in live - {id_}
            assert (work.spans, work.seconds) == ((), 0)
