"""An entry, prepared for its page: the same sections as ``everyminute explain``, with their figures apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jobs.explain import SECTIONS
from streams.models.entry import Entry
from streams.models.work import Proof, Step

# How sessions became one piece of work belongs to the evidence, too.
MORE: dict[str, tuple[str, ...]] = {"Evidence": ("end", "join", "clip", "share")}

LEADS = {
    "Evidence": "What the tools reported.",
    "Charge": "What is asked for beside the hours.",
    "Script": "What the machine did, and which policy prices it.",
    "Promises": "What the contract leaves out, gives free, or limits.",
    "Link": "How it found its client and ticket.",
    "Contract": "Which agreement takes it.",
    "Tiers": "When it happened, by the calendar of the contract.",
    "Rounding": "From worked to billed time.",
    "Balance": "What was paid for in advance, before and after.",
    "Rate": "Which price holds.",
    "Sum": "Hours times rate.",
    "At risk": "What it would have brought.",
}


@dataclass(frozen=True)
class Evidence:
    """An interval the entry rests on; ``seen`` is its row, None where it is not stored (yet)."""

    proof: Proof
    seen: Mapping[str, Any] | None


@dataclass(frozen=True)
class Section:
    title: str
    lead: str
    steps: list[Step]
    evidence: list[Evidence] = field(default_factory=list)
    is_rounding: bool = False
    is_sum: bool = False


def sections(entry: Entry, intervals: Mapping[str, Mapping[str, Any]]) -> list[Section]:
    """In the order of the pipeline; what has nothing to say is left out, what is unknown comes last."""
    parts = [(title, (*ops, *MORE.get(title, ()))) for title, ops in SECTIONS]
    known = {op for _, ops in parts for op in ops}
    made = [_section(title, ops, entry, intervals) for title, ops in parts]
    rest = [step for step in entry.trail if step.op not in known]
    return [*(one for one in made if one), *([Section("Also", "Other steps on the way.", rest)] if rest else [])]


def _section(
    title: str, ops: tuple[str, ...], entry: Entry, intervals: Mapping[str, Mapping[str, Any]]
) -> Section | None:
    steps = [step for step in entry.trail if step.op in ops]
    proof = [Evidence(one, intervals.get(one.interval)) for one in entry.proof] if title == "Evidence" else []
    if proof and all(one.seen for one in proof):
        steps = [step for step in steps if step.op != "evidence"]  # the intervals themselves say it better
    sums = title == "Sum" and bool(entry.segments)
    rounding = title == "Rounding" and not entry.charge
    if not (steps or proof or sums or rounding):
        return None
    return Section(title, LEADS.get(title, ""), steps, proof, rounding, sums)
