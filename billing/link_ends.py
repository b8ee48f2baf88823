"""Where evidence ends, known or not: the stop, the next timer, the last sign of activity, or the cap."""

from __future__ import annotations

from collections.abc import Container, Sequence

from billing.click_first import automatic, click_first
from billing.link_resolve import Evidence, Terms
from billing.overlap import Piece
from billing.spans import union
from billing.trail import duration


def pieces_of(
    island: Sequence[Evidence], runs: Sequence[Evidence], terms: Terms, lapsed: Container[tuple[str, int]]
) -> list[Piece]:
    """Timers and sessions of one person's island with the stretches known of them, by (start, id).

    ``lapsed`` holds (interval id, limit) of open intervals whose limit has passed. Script runs and stops without a
    start are evidence of activity only.
    """
    pieces = [
        _closed(item) if not item.open else _open(item, island, runs, terms, (item.id, item.limit) in lapsed)
        for item in island
        if item.interval.close != "orphan_stop"
    ]
    click_first(pieces)
    return pieces


def _closed(item: Evidence) -> Piece:
    interval = item.interval
    placed = "pauses_unplaced" not in interval.flags
    end = interval.end if interval.end is not None else interval.start
    return Piece(item, interval.spans, interval.spans if placed else union([(interval.start, end)]))


def _open(item: Evidence, island: Sequence[Evidence], runs: Sequence[Evidence], terms: Terms, lapsed: bool) -> Piece:
    timer = item.interval.kind == "ticket_timer"
    rival = _next_timer(item, island) if timer and terms.single else None
    if rival is not None and item.interval.open_from is None:
        return _ending(item, _anchor(item), [])  # it was paused before
    if rival is not None:
        ended = _ending(item, rival.start, ["superseded"])
        ended.why = f"the same technician started timer {rival.id}"
        return ended
    if not lapsed:
        return _running(item)
    if item.interval.open_from is None:
        return _ending(item, _anchor(item), [])
    seen = _last_of_timer(item, [*island, *runs]) if timer else _last_of_session(item, runs)
    end = item.limit if seen is None else min(item.limit, seen + terms.grace)
    ended = _ending(item, end, ["estimated_end", "capped_end"] if end == item.limit else ["estimated_end"])
    sign = "no sign of activity" if seen is None else f"last sign of activity {duration(seen - item.start)} in"
    ended.why = f"no stop; {sign}, grace {duration(terms.grace)}, cap {duration(terms.cap)}"
    return ended


def _ending(item: Evidence, end: int, flags: list[str]) -> Piece:
    opened = item.interval.open_from
    spans = item.interval.spans if opened is None else union((*item.interval.spans, (opened, end)))
    return Piece(item, spans, spans, flags=flags)


def _running(item: Evidence) -> Piece:
    """Known so far; a running timer claims all it may still come to, so that sessions under it are not billed
    now and taken back when it stops."""
    interval, opened = item.interval, item.interval.open_from
    if opened is None:
        return Piece(item, interval.spans, interval.spans, running=True)
    spans = union((*interval.spans, (opened, min(interval.last_seen, item.limit))))
    return Piece(item, spans, union((*interval.spans, (opened, item.limit))), running=True)


def _anchor(item: Evidence) -> int:
    """From when on the end is open: the last start, resume or pause."""
    if item.interval.open_from is not None:
        return item.interval.open_from
    return item.interval.spans[-1][1] if item.interval.spans else item.start


def _next_timer(item: Evidence, island: Sequence[Evidence]) -> Evidence | None:
    """The next timer this person started before the limit. One nobody authenticated ends none that is, one that
    started by itself none that was clicked."""
    after = (_anchor(item), item.id)
    for other in island:
        if other.place <= after or other.interval.kind != "ticket_timer" or other.interval.close == "orphan_stop":
            continue
        if other.start >= item.limit:
            return None
        if automatic(other) and not automatic(item):
            continue
        if other.interval.authenticated or not item.interval.authenticated:
            return other
    return None


def _last_of_timer(item: Evidence, signs: Sequence[Evidence]) -> int | None:
    """The last sign of the person's activity, as far as it is not at another client, after the start."""
    seen = [
        _seen(other)
        for other in signs
        if other is not item
        and other.start < item.limit
        and (item.client is None or other.client in (None, item.client))
        and not (other.open and other.interval.kind == "ticket_timer")
    ]
    return max((at for at in (*seen, item.interval.last_seen) if at > _anchor(item)), default=None)


def _last_of_session(item: Evidence, runs: Sequence[Evidence]) -> int:
    """Its own last sign of activity, or the end of a script the person ran on that device meanwhile."""
    scripts = [
        _seen(other)
        for other in runs
        if item.start <= other.start < item.limit
        and item.interval.device is not None
        and device_of(other) == device_of(item)
    ]
    return max(item.interval.open_from or item.start, item.interval.last_seen, *scripts)


def device_of(item: Evidence) -> str:
    """The device by its catalogue id, else as its source names it."""
    if item.device is not None:
        return item.device
    device = item.interval.device
    return f"?{item.interval.source}/{device.native_id}" if device else ""


def _seen(item: Evidence) -> int:
    return item.interval.last_seen if item.interval.end is None else item.interval.end
