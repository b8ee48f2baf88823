"""Script runs that stand beside people: whether they are work, for whom, and what evidence of people covers them.

A flat run that a timer or session of its technician covers wholly at the same client is absorbed by it; of a runtime
only what nobody covers is left; ``add_always`` adds it all the same.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence

from billing.directory import Directory
from billing.link_ends import pieces_of
from billing.link_move import alone
from billing.link_relink import absorbed, linked, void
from billing.link_resolve import Evidence, Terms
from billing.link_sessions import link_sessions
from billing.link_store import Held, Store, Touched
from billing.link_timeline import Region
from billing.link_trail import WHY
from billing.overlap import Piece
from billing.scripts import fan_out_of, names_of
from billing.site import site_of
from billing.spans import Spans, contains, length, subtract, union
from billing.trail import duration
from billing.urgency import urgency_of
from streams.models.catalog import ScriptPolicy
from streams.models.work import Proof, Script, Step, Work


def apart(store: Store, touched: Touched, islands: Sequence[Sequence[Evidence]]) -> Iterator[Held]:
    """The intervals concerned that stand outside islands: deleted ones, and script runs beside people. ``islands`` are
    those concerned; a run may depend on what lies at its time."""
    ids = set(store.held if touched.everything else touched.ids)
    if store.policies.any and not touched.everything:
        hulls = (Region(one[0].region.person, one[0].start, max(i.region.until for i in one)) for one in islands)
        for region in {*touched.regions, *hulls}:
            ids.update(store.meeting(region))
    for id_ in sorted(ids):
        held = store.held[id_]
        if held.evidence is None or held.evidence.beside:
            yield held


def script_work(item: Evidence, store: Store, lapsed: Container[tuple[str, int]]) -> Work:
    """The one output of a run beside people."""
    directory, terms = store.directory, store.terms
    policy = item.policy
    if policy is None or not policy.beside_people:
        return _unpriced(item)
    people: list[Piece] = []
    for island in store.islands(Touched(regions={item.region})):
        made = store.decided.of(each.id for each in island)
        people += linked(island, store.runs(island), directory, terms, lapsed, made)
    piece = _piece(item, terms, lapsed)
    _link(piece, [one for one in people if one.timer], directory)
    alone(piece, store.decided.of((item.id,)), directory)
    covers = [] if policy.add_always else [one for one in people if _may_cover(one, piece)]
    machine = piece.spans
    if covers:
        rest = subtract(machine, [span for one in covers for span in _spans(one)])
        if _is_covered(piece, rest, covers):
            return absorbed(piece, covers[0].id)
        machine = rest if policy.bill == "runtime" else machine
    return _work(piece, policy, machine, directory)


def _unpriced(item: Evidence) -> Work:
    if item.policy is None:
        return void(item.interval)
    why = "script_not_billed" if item.policy.bill == "none" else "script_unattended"
    interval = item.interval
    return Work(tenant=interval.tenant, id=interval.id, state="void", kind=interval.kind, reason=why)


def _piece(item: Evidence, terms: Terms, lapsed: Container[tuple[str, int]]) -> Piece:
    found = pieces_of([item], [], terms, lapsed)
    return found[0] if found else Piece(item, ())  # a stop without a start


def _link(piece: Piece, timers: Sequence[Piece], directory: Directory) -> None:
    """As a session; but nobody need have been there."""
    link_sessions((piece,), timers, directory, 0)
    item = piece.evidence
    if piece.path == "none" and piece.client is not None and item.technician is None:
        piece.path, piece.reason = ("ticket" if item.ticket is not None else "alias"), ""


def _may_cover(one: Piece, run: Piece) -> bool:
    return one.account == run.account and (one.trusted or not run.trusted)


def _spans(one: Piece) -> Spans:
    """What a timer claims, what a session shows."""
    return union((*one.spans, *one.cover)) if one.evidence.interval.kind == "ticket_timer" else one.spans


def _is_covered(run: Piece, rest: Spans, covers: Sequence[Piece]) -> bool:
    if run.spans:
        return not rest
    return any(contains(_spans(one), run.evidence.start) for one in covers)


def _work(piece: Piece, policy: ScriptPolicy, machine: Spans, directory: Directory) -> Work:
    item, interval = piece.evidence, piece.evidence.interval
    ticket = directory.ticket_holds(piece.ticket) if piece.ticket else None
    ran = length(piece.spans)
    why = piece.reason or WHY[piece.path]
    named = (piece.client and f"client {piece.client}", piece.ticket and f"ticket {piece.ticket}")
    return Work(
        tenant=interval.tenant,
        id=item.id,
        state="running" if piece.running else "done",
        kind=interval.kind,
        service=interval.service,
        technician=item.technician,
        who=interval.technician.native_id if interval.technician else "",
        client=piece.client,
        ticket=piece.ticket,
        device=item.device,
        ticket_type=(ticket.type if ticket else None) or "",
        site=site_of(directory, ticket, item.device, item.start),
        spans=((item.start, item.start),),
        path=piece.path,
        reason="orphan_stop" if interval.close == "orphan_stop" else piece.reason,
        candidates=piece.candidates,
        urgency=urgency_of(ticket, item.start, machine[-1][1] if machine else item.start + 1),
        billable=interval.billable,
        script=Script(names_of(interval), machine, fan_out_of(interval.native)),
        authenticated=piece.trusted,
        flags=tuple(sorted({*interval.flags, *piece.flags})),
        proof=(Proof(item.id, interval.source, interval.kind, 0),),
        trail=(
            Step("evidence", f"{interval.kind} {item.id} of {interval.source}", duration(ran), interval.close),
            *piece.steps,
            Step("link", after=" ".join(filter(None, named)), rule=piece.path, why=why, lost=piece.candidates),
        ),
    )  # fmt: skip
