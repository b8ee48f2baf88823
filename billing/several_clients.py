"""One person at several clients at once: each is billed, or what came later is clipped, or both and a warning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from billing.overlap import Group
from billing.spans import Spans, contains, intersect, subtract, union

OVERLAP = "several_clients"  # the flag of work that `warn` points at


Visit = Callable[[Group, Spans, list[Group]], Spans]


def share(groups: Sequence[Group], policy: str) -> list[Group]:
    """What several clients count at once belongs to the hours of the first. ``clip`` leaves it to the first alone; what
    has nothing left is gone from the result. Work of a client nobody knows neither takes nor loses minutes."""
    if policy == "clip":
        groups = [group for group in _in_order(groups, _clip) if not group.lead.taken_by]
    kept = list(groups)
    _in_order(kept, _mark)
    _count(kept)
    if policy == "warn":
        for group in kept:
            if any(other is not group and intersect(group.own, other.own) for other in kept):
                group.lead.flags.append(OVERLAP)
    return kept


def _count(groups: Sequence[Group]) -> None:
    """Say of each stretch that several count how many they are: they share its cost."""
    for group in groups:
        others = [spans for one in groups if one is not group and (spans := intersect(group.own, one.own))]
        edges = sorted({edge for spans in others for span in spans for edge in span})
        counted = ((a, b, 1 + sum(contains(spans, a) for spans in others)) for a, b in pairwise(edges))
        group.parallel = tuple(one for one in counted if one[2] > 1)


def _in_order(groups: Sequence[Group], visit: Visit) -> list[Group]:
    """Visit each with the minutes of those before it: authenticated, earlier, smaller id."""
    before: Spans = ()
    done: list[Group] = []
    for trusted in (True, False):
        layer = sorted((group for group in groups if group.lead.trusted is trusted), key=lambda group: group.place)
        seen = before
        for group in layer:
            seen = tuple(span for span in seen if span[1] > group.place[1])  # none that follows begins earlier
            taken = visit(group, seen, done)
            seen, before = union((*seen, *taken)), union((*before, *taken))
            done.append(group)
    return done


def _mark(group: Group, seen: Spans, _done: list[Group]) -> Spans:
    group.shared = intersect(group.own, seen)
    return group.own


def _clip(group: Group, seen: Spans, done: list[Group]) -> Spans:
    if group.lead.client is None:
        return ()
    left = subtract(group.own, seen)
    if left != group.own:
        first = next(one for one in done if one.lead.client is not None and intersect(one.own, group.own))
        group.own, group.clipped_by, group.clip_rule = left, first.lead.id, "clip"
        if not left and not any(piece.running for piece in group.members):
            for piece in group.members:
                piece.taken_by = piece.taken_by or first.lead.id
    return group.own
