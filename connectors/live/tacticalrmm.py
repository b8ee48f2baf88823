"""Tactical RMM's API, looked at again and again: script runs, devices, and the audit log.

Runs are read by windows of time, which nothing that happens meanwhile can shift. All instants are the server's: the
Date of its answers says until when we have read, never our own clock.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator

import msgspec

from connectors.base import Outcome, object_id
from connectors.instants import iso
from connectors.live.api import ADDRESS, Api
from connectors.live.source import DAY, Batch, Pace, Target, Trouble, mapped_aside, start_of
from connectors.live.state import State, instant
from connectors.tacticalrmm import OPEN
from streams.models.event import Event

OVERLAP = 900_000  # ms read again behind the cursor: a row is dated before it can be read
FORGOTTEN = 60 * DAY  # the server prunes its history; who has no result by then never gets one
DEVICES_AGAIN = 3_600.0  # seconds
STRANGERS = 300.0  # seconds at least between two lists because a device is not in the last one
YOUNG = DAY  # an open run is looked up in each pass so long, later once an hour
AUDIT_PAGE = 500
OUTPUT = frozenset({"stdout", "stderr"})
PERMISSION = "Give the role of the key's user 'List agents', 'List agent history' and 'View audit logs'."


class _Page(msgspec.Struct):
    audit_logs: list[msgspec.Raw]
    total: int


class TacticalRmm:
    """``secret`` is the API key; asked at each look, so that an exchanged one is taken up."""

    def __init__(self, target: Target, secret: Callable[[], str], pace: Pace | None = None) -> None:
        self._target, self._secret, self._pace = target, secret, pace or Pace()
        self._devices_at = self._old_at = float("-inf")  # monotonic seconds
        self._strange = False  # a device we do not know has run something
        self._audit_cursor: int | None = None

    async def read(self, state: State, once: bool) -> AsyncIterator[Batch]:
        """One look; it ends by itself."""
        async with Api(self._target, {"X-API-KEY": self._secret()}, PERMISSION, self._pace.answer) as api:
            now = await api.server_now("/core/version/")
            if once or self._strange or self._due(self._devices_at, DEVICES_AGAIN):
                yield Batch(await mapped_aside(self._target, await api.get("/agents/"), now))
                self._devices_at, self._strange = time.monotonic(), False  # only now: they have been sent
            start = start_of(state, self._target, now, OVERLAP)
            async for batch in self._open_runs(api, state, start, once):
                yield batch
            async for batch in self._audit(api, state, now):
                yield batch
            for begin, end in windows(start, now):
                outcomes = await self._runs(api, begin, end)
                yield self._batch(outcomes, state, cursor=end, complete=end == now)

    def _due(self, last: float, seconds: float) -> bool:
        return time.monotonic() - last > seconds

    async def _runs(self, api: Api, begin: int, end: int) -> list[Outcome]:
        """Runs asked for between two instants; the server gives up to a day more."""
        rows = await api.get("/agents/scripthistory/", {"start": iso(begin), "end": iso(end)})
        return await mapped_aside(self._target, without_output(rows))

    def _batch(self, outcomes: list[Outcome], state: State, cursor: int | None, complete: bool) -> Batch:
        runs = [outcome for outcome in outcomes if isinstance(outcome, Event)]
        for run in runs:
            if run.device is not None and self._due(self._devices_at, STRANGERS):
                self._strange |= f"device/{object_id(run.source, run.device.native_id)}" not in state.things
        done = frozenset(run.source_event_id for run in runs if run.revision != OPEN)
        opened = {
            run.source_event_id: instant(run) or 0
            for run in runs
            if run.revision == OPEN and run.source_event_id not in done
        }
        return Batch(outcomes, cursor, complete, opened, done)

    async def _open_runs(self, api: Api, state: State, start: int, once: bool) -> AsyncIterator[Batch]:
        """Runs without a result from before ``start``: their day again. What is gone is forgotten, not voided: the
        server prunes, and a run that it does not tell of any more may have been run all the same."""
        old = self._due(self._old_at, DEVICES_AGAIN) or once
        waiting = {name: at for name, at in state.opened.items() if at < start and (old or at > start - YOUNG)}
        late = frozenset(name for name, at in waiting.items() if at < start - FORGOTTEN)
        if late:
            yield Batch([], ended=late)
        for day in sorted({at // DAY for name, at in waiting.items() if name not in late}):
            mine = {name for name, at in waiting.items() if at // DAY == day}
            outcomes = await self._runs(api, day * DAY, (day + 1) * DAY - 1)
            kept = [one for one in outcomes if isinstance(one, Event) and one.source_event_id in mine]
            batch = self._batch(list(kept), state, None, complete=False)
            gone = mine - {one.source_event_id for one in kept}
            yield batch._replace(ended=batch.ended | gone)
        if old:
            self._old_at = time.monotonic()

    async def _audit(self, api: Api, state: State, now: int) -> AsyncIterator[Batch]:
        """The audit log, oldest first, so that new rows come behind what was read. It makes no event: rows that must
        not bill are counted, as in an import."""
        since = start_of(state, self._target, now, OVERLAP) if self._audit_cursor is None else self._audit_cursor
        days, page, read = (now - since) // DAY + 2, 1, 0
        while True:
            body = {
                "pagination": {"sortBy": "entry_time", "descending": False, "rowsPerPage": AUDIT_PAGE, "page": page},
                "timeFilter": days,
            }
            answer = await api.patch("/logs/audit/", body, may_be_forbidden=True)
            if answer is None:
                return
            found = _page(answer)
            read += len(found.audit_logs)
            yield Batch(await mapped_aside(self._target, answer))
            if read >= found.total or not found.audit_logs:
                break
            page += 1
        self._audit_cursor = now


def windows(start: int, end: int) -> Iterator[tuple[int, int]]:
    """Days at most, from ``start`` to ``end``, ms."""
    while start < end:
        step = min(start + DAY, end)
        yield start, step
        start = step


def without_output(data: bytes) -> bytes:
    """The rows without what a script printed: it may hold secrets, and nothing reads it."""
    try:
        rows = msgspec.json.decode(data, type=list[dict[str, msgspec.Raw]])
        for row in rows:
            if bytes(row.get("script_results", b"")).lstrip()[:1] == b"{":
                results = msgspec.json.decode(row["script_results"], type=dict[str, msgspec.Raw])
                kept = {name: value for name, value in results.items() if name not in OUTPUT}
                row["script_results"] = msgspec.Raw(msgspec.json.encode(kept))
    except msgspec.DecodeError:
        raise Trouble("The script history is no list of runs.", ADDRESS) from None
    return msgspec.json.encode(rows)


def _page(data: bytes) -> _Page:
    try:
        return msgspec.json.decode(data, type=_Page)
    except msgspec.DecodeError as error:
        raise Trouble(f"The audit log answers in another form than we know: {error}.", "Report it.") from None
