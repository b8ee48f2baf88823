"""The words with which work says how it came about."""

from __future__ import annotations

from collections.abc import Iterator

from billing.link_resolve import Evidence, Terms
from billing.overlap import Group, Piece
from billing.spans import length
from billing.trail import duration
from streams.models.work import Step


def group_steps(group: Group, best: Piece, terms: Terms) -> tuple[Step, ...]:
    return tuple(_steps(group, best, terms))


def _steps(group: Group, best: Piece, terms: Terms) -> Iterator[Step]:
    for piece in group.members:
        shown = duration(length(piece.spans))
        yield Step("evidence", before=_source(piece), after=shown, rule=piece.evidence.interval.close)
        if piece.why:
            yield Step("end", before="open", after=shown, rule=_end_rule(piece), why=piece.why)
    if "gave_way" in group.lead.flags:
        why = "a timer that was clicked ran meanwhile, this one had started by itself"
        yield Step("give way", after=duration(length(group.claim)), rule="click_first", why=why)
    if len(group.members) > 1:
        gap = f"one technician, one ticket or device, gaps of at most {duration(terms.merge_gap)}"
        after = duration(length(group.claim))
        yield Step("join", before=f"{len(group.members)} sessions", after=after, rule="merge_gap", why=gap)
    if group.clipped_by:
        yield Step(
            "clip",
            before=duration(length(group.claim)),
            after=duration(length(group.own)),
            rule=group.clip_rule,
            why=f"the rest is counted by {group.clipped_by}",
        )
    if group.shared:
        why = "the technician worked for another client too; hours are counted once, both are billed"
        yield Step("share", after=duration(length(group.shared)), rule=terms.overlap, why=why)
    yield from dict.fromkeys(step for piece in group.members for step in piece.steps)
    lead = group.lead
    target = " ".join(filter(None, (lead.client and f"client {lead.client}", lead.ticket and f"ticket {lead.ticket}")))
    why = best.reason or WHY[best.path]
    yield Step(
        "link",
        before=_named(best.evidence),
        after=target,
        rule=best.path,
        why=why,
        lost=best.candidates,
        confidence=best.confidence,
        grounds=best.grounds,
        suggestions=best.suggestions,
    )


WHY = {
    "decision": "people decided it",
    "ticket": "the event names the ticket",
    "timer": "a timer of the technician at this client ran meanwhile",
    "device_ticket": "the one open ticket of this device assigned to the technician",
    "contact_ticket": "the one open ticket of the person who works there",
    "client_ticket": "the one open ticket of this client assigned to the technician",
    "alias": "the client is known; evidence decides for no ticket, or for more than one",
    "none": "",
}


def _end_rule(piece: Piece) -> str:
    return "superseded" if "superseded" in piece.flags else "forgotten_timer"


def _source(piece: Piece) -> str:
    return f"{piece.evidence.interval.kind} {piece.whole} of {piece.evidence.interval.source}"


def _named(item: Evidence) -> str:
    interval = item.interval
    named = (("technician", interval.technician), ("device", interval.device), ("client", interval.client),
             ("ticket", interval.ticket))  # fmt: skip
    return ", ".join(f"{word} {ref.native_id}" for word, ref in named if ref is not None)
