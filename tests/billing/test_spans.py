"""Spans as sets of seconds: the sets say what the functions must give."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from billing.spans import contains, intersect, length, subtract, union
from streams.models.interval import Span

spans = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=6)


def seconds(of: list[Span] | tuple[Span, ...]) -> set[int]:
    return {second for start, end in of for second in range(start, end)}


@given(spans, spans)
def test_spans_are_sets_of_seconds(one: list[Span], other: list[Span]) -> None:
    both = [*one, *other]
    assert seconds(union(both)) == seconds(one) | seconds(other)
    assert seconds(subtract(one, other)) == seconds(one) - seconds(other)
    assert seconds(intersect(one, other)) == seconds(one) & seconds(other)
    assert length(union(one)) == len(seconds(one))
    assert all(contains(union(one), second) is (second in seconds(one)) for second in range(31))


@given(spans, spans)
def test_results_are_sorted_disjoint_and_never_touch(one: list[Span], other: list[Span]) -> None:
    for result in (union(one), subtract(one, other), intersect(union(one), other)):
        assert all(start < end for start, end in result)
        assert all(before[1] < after[0] for before, after in pairwise(result))
