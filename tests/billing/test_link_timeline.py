"""Islands: maximal chains within the gap, found from any stretch, whatever came and went before."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from billing.link_timeline import EVER, Region, Timelines

HULLS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 12)), min_size=1, max_size=12)
Hull = tuple[int, int]


def chains(hulls: dict[str, Hull], gap: int) -> list[set[str]]:
    """Everything against everything."""
    parts = [{name} for name in hulls]
    for one, (start, end) in hulls.items():
        for other, (start2, end2) in hulls.items():
            if max(start, start2) - min(end, end2) <= gap:
                joined = [part for part in parts if part & {one, other}]
                parts = [part for part in parts if part not in joined] + [set().union(*joined)]
    return parts


@settings(max_examples=300, deadline=None, derandomize=True)
@given(HULLS, HULLS, st.integers(0, 4), st.integers(0, 60), st.integers(0, 10), st.randoms(use_true_random=False))
def test_islands_are_the_chains_within_the_gap_of_a_region(
    stay: list[Hull], leave: list[Hull], gap: int, start: int, longer: int, random: Random
) -> None:
    lines = Timelines()
    rows = [(f"s{n}", True, hull) for n, hull in enumerate(stay)] + [
        (f"l{n}", False, hull) for n, hull in enumerate(leave)
    ]
    random.shuffle(rows)
    for name, _, (begin, length) in rows:
        lines.add(Region("dana", begin, begin + length), name)
    for name, stays, (begin, length) in rows:
        if not stays:
            lines.remove(Region("dana", begin, begin + length), name)
    hulls = {f"s{n}": (begin, begin + length) for n, (begin, length) in enumerate(stay)}
    near = [
        chain
        for chain in chains(hulls, gap)
        if any(hulls[name][0] <= start + longer + gap and hulls[name][1] >= start - gap for name in chain)
    ]
    region = Region("dana", start, start + longer)
    found = lines.islands([region, Region("erin", 0, 99), Region("dana", start, start)], gap)
    assert sorted(map(sorted, found)) == sorted(map(sorted, near))
    whole = lines.islands([Region("dana", -EVER, EVER)], gap)
    assert sorted(map(sorted, whole)) == sorted(map(sorted, chains(hulls, gap)))
    assert sorted(lines.between("dana", start, start + longer)) == sorted(
        name for name, (begin, _) in hulls.items() if start <= begin < start + longer
    )
