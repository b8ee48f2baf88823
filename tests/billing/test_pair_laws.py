"""Laws 2 to 6 and 10 for pair: small histories of two activities, in any order, cut anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations
from random import Random
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.outcome import Outcome
from billing.pair import PairState
from streams.models.event import Event
from streams.models.interval import Interval, encode_interval
from streams.models.parked import encode_parked
from tests.billing.making import event, row

PHASES = ["start", "start", "stop", "stop", "pause", "resume", "heartbeat", "interval", "interval", "void"]
Log = list[Event]


@st.composite
def facts(draw: st.DrawFn) -> Event:
    activity, phase = draw(st.sampled_from(["s1", "s2"])), draw(st.sampled_from(PHASES))
    seconds = draw(st.sampled_from([0, 60, 119.5, 120, 121, 240.25, 241, 600]))
    fields: dict[str, Any] = {
        "activity_id": activity,
        "source_event_id": f"{activity}/{phase}/{draw(st.integers(0, 1))}",
        "duration_ms": draw(st.sampled_from([None, None, 60_000])),
        "automatic": draw(st.sampled_from([False, False, True])),
        "correction": draw(st.sampled_from(["", "", "forgot_to_stop"])),
    }
    revision = draw(st.integers(0, 2))
    if phase == "interval":
        end = draw(st.sampled_from([None, 0, 120, 300, 600]))
        return row(seconds, end, revision, **fields)
    return event(phase, seconds, revision=revision, **fields)  # type: ignore[arg-type]


def sent(outcome: Outcome[Interval]) -> list[tuple[str, int, bytes]]:
    """(row, version, content) of everything one step gives to the world."""
    intervals = [(f"interval/{item.id}", version, encode_interval(item)) for version, item in outcome.outputs]
    parked = [
        (f"parked/{item.id}", item.version, encode_parked(msgspec.structs.replace(item, version=0)))
        for item in outcome.parked
    ]
    return intervals + parked


def stored(outcomes: Iterable[Outcome[Interval]]) -> dict[str, tuple[int, bytes]]:
    rows: dict[str, tuple[int, bytes]] = {}
    for outcome in outcomes:
        for name, version, content in sent(outcome):
            if name not in rows or version >= rows[name][0]:
                rows[name] = (version, content)
    return rows


def contents(rows: dict[str, tuple[int, bytes]]) -> dict[str, bytes]:
    """What holds at the end; a parked item that never was and one that no longer is are the same."""
    return {name: content for name, (_, content) in rows.items() if b'"void":true' not in content}


def cut(log: Sequence[Event], random: Random) -> list[Sequence[Event]]:
    ends = sorted(random.sample(range(1, len(log)), min(random.randint(0, 4), len(log) - 1))) if len(log) > 1 else []
    return [log[start:end] for start, end in zip([0, *ends], [*ends, len(log)], strict=True)]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(facts(), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_any_order_repetition_and_batches_give_the_content_of_one_batch(log: Log, random: Random) -> None:
    truth = contents(stored([PairState().step(log)]))
    shuffled = log + random.choices(log, k=3)
    random.shuffle(shuffled)
    state = PairState()
    assert contents(stored([state.step(part) for part in cut(shuffled, random)])) == truth


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(facts(), min_size=1, max_size=8))
def test_versions_grow_with_content_over_all_pairs_of_prefixes(log: Log) -> None:
    """Laws 3, 4 and 5: whoever saw more answers every row that whoever saw less has sent, with a larger version."""
    states = [stored([PairState().step(log[: n + 1])]) for n in range(len(log))]
    for less, more in combinations(states, 2):
        for name, (version, content) in less.items():
            later, newer = more[name]
            assert later > version or (later == version and newer == content)
            assert newer == content or later >> 24 > version >> 24


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(facts(), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_a_restored_state_answers_a_replay_as_the_state_that_went_on(log: Log, random: Random) -> None:
    """Law 6, and a changelog that is ahead of the committed offset."""
    state = PairState()
    outcomes = [state.step(part) for part in cut(log, random)]
    kept = [item for outcome in outcomes for item in outcome.kept]
    assert len(set(kept)) == len(kept)
    random.shuffle(kept)
    restored = PairState()
    for key, value in kept:
        restored.restore(key, value)
    assert restored.counts() == state.counts()
    replay = restored.step(log)
    assert replay.kept == []
    assert stored([replay]) == stored([state.step(log)])
