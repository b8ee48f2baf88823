"""Rounding policies whose settings contradict each other, or do nothing."""

from __future__ import annotations

from collections.abc import Iterator

from jobs.catalog_load import Catalogue
from streams.models.catalog import Rounding


def check_rounding(catalogue: Catalogue) -> None:
    for policy in catalogue.all(Rounding):
        for field, message, remedy in _contradictions(policy):
            catalogue.report("error", "contradiction", catalogue.place(policy, field), message, remedy)
        for field, message, remedy in _idle(policy):
            catalogue.report("warning", "without_effect", catalogue.place(policy, field), message, remedy)


def _contradictions(policy: Rounding) -> Iterator[tuple[str, str, str]]:
    """(field, what is wrong, what to do)."""
    slack = "slack_minutes" if policy.slack_minutes else "slack_seconds"
    if policy.mode in ("threshold", "grace") and policy.increment and policy.slack >= policy.increment:
        yield (
            slack,
            "the slack is not smaller than the increment",
            "write less than the increment",
        )
    if policy.mode in ("threshold", "grace") and not policy.slack:
        yield "mode", f"`{policy.mode}` needs to know how much", "add `slack_minutes:`"
    if policy.mode in ("threshold", "grace") and not policy.increment:
        yield "mode", f"`{policy.mode}` needs an increment", "add `increment_minutes:`"
    if policy.basis == "instants":
        if not policy.increment:
            yield "basis", "`instants` needs an increment", "add `increment_minutes:`"
        if policy.scope != "entry":
            yield "scope", "begin and end are those of one piece of work", "remove `scope:`, or round the duration"
        if policy.surplus == "each_segment":
            yield "surplus", "begin and end are those of one piece of work", "choose another surplus rule"
        if policy.first_block or policy.order != "largest" or policy.anchor != "zero" or policy.mode != "up":
            yield (
                "basis",
                "`instants` are rounded by `begin` and `end` alone",
                "remove the other settings",
            )
    if 0 < policy.maximum_minutes * 60 < policy.minimum:
        yield "maximum_minutes", "the maximum is smaller than the minimum", "write a larger one, or 0 for none"
    if policy.first_block and policy.anchor == "minimum":
        yield "anchor", "increments count from the end of the first block", "remove `anchor:` or the first block"


def _idle(policy: Rounding) -> Iterator[tuple[str, str, str]]:
    given = policy.model_fields_set
    if policy.slack and policy.mode not in ("threshold", "grace"):
        slack = "slack_minutes" if policy.slack_minutes else "slack_seconds"
        yield slack, "only `threshold` and `grace` have a slack", "change the mode or remove it"
    for field in sorted({"begin", "end"} & given if policy.basis == "duration" else ()):
        yield field, f"`{field}` is for `basis: instants`", "add the basis or remove it"
    for field in sorted({"order", "anchor", "min_applies_to_zero"} & given if not policy.minimum else ()):
        if getattr(policy, field) != Rounding.model_fields[field].default:
            yield field, f"`{field}` concerns a minimum, and there is none", "add `minimum_minutes:` or remove it"
