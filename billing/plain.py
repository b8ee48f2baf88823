"""The commonest activities on a short path: a start, or a start and a later stop, all authenticated,
clicked and never corrected.

Nothing is decided here: it is what `billing.pairing.weigh` gives for them (tests/billing/test_plain.py holds that),
at a quarter of the cost, for the hop that sees every event.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import force_setattr as _set

from billing.doubt import Known
from billing.signals import DIFFERS_MS
from streams.models.event import Event
from streams.models.interval import Interval


def plain(facts: Sequence[Known]) -> Interval | None:
    """The interval, None where the facts are of another kind."""
    if len(facts) == 1:
        start = facts[0].event
        return _open(start, facts[0].id) if start.phase == "start" and _ordinary(start) else None
    if len(facts) != 2:
        return None
    opening, closing = facts
    if opening.event.phase != "start":
        opening, closing = closing, opening
    start, stop = opening.event, closing.event
    if start.phase != "start" or stop.phase != "stop" or not (_ordinary(start) and _ordinary(stop)):
        return None
    one, two = opening.id, closing.id
    return None if one == two else _closed(start, stop, (one, two) if one < two else (two, one))


def _ordinary(event: Event) -> bool:
    return event.authenticated and not event.automatic and not event.correction


def _open(start: Event, evidence: str) -> Interval | None:
    if start.at is None:
        return None
    at = start.at // 1000
    interval = Interval(
        tenant=start.tenant, id=start.activity_id, source=start.source, kind=start.kind, service=start.service,
        technician=start.technician, device=start.device, client=start.client, ticket=start.ticket,
        start=at, open_from=at, last_seen=at, time_basis=start.time_basis, evidence=(evidence,), native=start.native,
    )  # fmt: skip
    if start.billable is not None:  # apart: a call with more than 15 keywords takes four times as long
        _set(interval, "billable", start.billable)
    if start.contact:
        _set(interval, "contact", start.contact)
    return interval


def _closed(start: Event, stop: Event, evidence: tuple[str, str]) -> Interval | None:
    if start.at is None or stop.at is None or stop.at <= start.at:
        return None
    begin, end, told = start.at // 1000, stop.at // 1000, stop.duration_ms
    interval = Interval(
        tenant=start.tenant, id=start.activity_id, source=start.source, kind=start.kind,
        service=start.service or stop.service, technician=start.technician or stop.technician,
        device=start.device or stop.device, ticket=start.ticket or stop.ticket,
        start=begin, end=end, spans=((begin, end),) if begin < end else (), last_seen=end, close="stop",
        time_basis=start.time_basis, evidence=evidence,
    )  # fmt: skip
    if client := start.client or stop.client:  # apart, as above
        _set(interval, "client", client)
    if (billable := stop.billable if start.billable is None else start.billable) is not None:
        _set(interval, "billable", billable)
    if told is not None and abs(stop.at - start.at - told) > DIFFERS_MS:
        _set(interval, "flags", ("duration_differs",))
    if native := start.native or stop.native:
        _set(interval, "native", native)
    if contact := start.contact or stop.contact:
        _set(interval, "contact", contact)
    return interval
