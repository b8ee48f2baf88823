"""From intervals to work: whose seconds, for whom, on what. Each person alone, with sets of seconds."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from tests.oracle.book import Book
from tests.oracle.pairing import Interval
from tests.oracle.paths import Evidence, Paths, thing
from tests.oracle.spans import Spans, seconds_of, spans_of

PATHS = ("decision", "ticket", "timer", "device_ticket", "contact_ticket", "client_ticket", "alias", "none")


@dataclass
class Work:
    id: str
    kind: str
    technician: str | None
    client: str | None
    ticket: str
    path: str
    reason: str
    service: str
    recovered: bool
    billable: bool | None
    authenticated: bool
    orphan: bool
    spans: Spans
    proof: list[Interval]
    candidates: list[str] = field(default_factory=list)


def work_of(intervals: list[Interval], book: Book, mark: int | None) -> list[Work]:
    """Everything that is done; what still runs is not work yet."""
    people: dict[str, list[Evidence]] = defaultdict(list)
    for interval in intervals:
        evidence = _resolve(interval, book)
        people[_person(evidence)].append(evidence)
    return [work for _, mine in sorted(people.items()) for work in _Person(mine, book, mark).work()]


def _person(evidence: Evidence) -> str:
    if evidence.technician is not None:
        return evidence.technician
    interval = evidence.interval
    name = "" if interval.technician is None else f"/{interval.technician.native_id}"
    return f"?{interval.source}{name or interval.id}"


def _resolve(interval: Interval, book: Book) -> Evidence:
    source, at = interval.source, interval.start
    device = book.resolve("device", source, interval.device)
    native = interval.ticket.native_id if interval.ticket else None
    ticket = None
    if native is not None:
        found = [book.named.get(("ticket", where, native)) for where in (source, source.split(":")[0], "*")]
        ticket = next((id_ for id_ in found if id_), native if native in book.objects["ticket"] else None)
    item = book.objects["ticket"].get(ticket or "", {})
    left_over = interval.ticket is not None and interval.ticket.evidence == "property" and item.get("closed")
    if left_over and datetime.fromisoformat(item["closed"]).timestamp() <= at:
        ticket, item = None, {}
    client = (
        book.referenced("client", item.get("client"))
        or book.device_client(device, at)
        or book.resolve("client", source, interval.client)
        or book.device_client(book.referenced("device", item.get("device")), at)
    )
    return Evidence(interval, book.resolve("technician", source, interval.technician), device, ticket, client)


class _Person(Paths):
    """All evidence of one person."""

    def __init__(self, mine: list[Evidence], book: Book, mark: int | None) -> None:
        self.book, self.mark = book, mark
        mine = sorted(mine, key=lambda e: e.key)
        self.orphans = [e for e in mine if e.interval.orphan and e.interval.kind != "script_run"]
        real = [e for e in mine if not e.interval.orphan]
        self.scripts = [e for e in mine if e.interval.kind == "script_run"]
        self.timers = [e for e in real if e.interval.kind == "ticket_timer"]
        self.sessions = [e for e in real if e.interval.kind == "remote_session"]
        self.all = mine

    def work(self) -> list[Work]:
        for timer in self.timers:
            self._end_timer(timer)
        for session in self.sessions:
            self._end_session(session)
        for evidence in [*self.timers, *self.orphans]:
            self._path(evidence)
        for session in self.sessions:
            self._path(session)
        for timer in self.timers:
            for session in self.sessions:
                if timer.interval.id in session.refused:
                    timer.seconds, timer.cover = timer.seconds - session.seconds, timer.cover - session.seconds
        found = [self._single(evidence, [(evidence.interval.start,) * 2]) for evidence in self.orphans]
        return found + self._timer_work() + self._session_work()

    # what was left open

    def _end_timer(self, timer: Evidence) -> None:
        i = timer.interval
        if i.open_from is not None:
            limit = i.open_from + self.book.cap  # of the stretch that runs: a resumed timer is not old at once
            later = [t.interval.start for t in self.timers if t.key > (i.open_from, i.id) and t is not timer]
            successor = min((at for at in later if at < limit), default=None)
            if self.book.single and successor is not None:
                self._close(timer, successor)
            elif self.mark is not None and self.mark >= limit:
                self._close(timer, self._last_sign(timer, limit))
            else:
                self._run_on(timer, limit)
        elif not i.ended and not (self.mark is not None and self.mark >= i.start + self.book.cap):
            timer.state = "running"  # paused
        timer.seconds = seconds_of(i.spans)
        timer.cover = seconds_of([(i.start, i.end)]) if i.unplaced else set(timer.seconds)

    def _last_sign(self, timer: Evidence, limit: int) -> int:
        """The last evidence at the timer's client, or at an unknown one, and the grace; the cap without any."""
        start = timer.interval.open_from or 0
        signs = [
            e.interval.end if e.interval.ended else e.interval.last_seen
            for e in self.all
            if e is not timer and e.interval.start < limit and e.client in (timer.client, None)
        ]
        signs = [at for at in [*signs, timer.interval.last_seen] if at > start]
        return min(limit, max(signs) + self.book.grace) if signs else limit

    def _end_session(self, session: Evidence) -> None:
        i = session.interval
        limit = (i.start if i.open_from is None else i.open_from) + self.book.cap
        if i.open_from is not None:
            if self.mark is not None and self.mark >= limit:
                runs = [
                    s.interval.end for s in self.scripts
                    if thing(s) == thing(session) is not None and i.start <= s.interval.start < limit
                ]  # fmt: skip
                self._close(session, min(limit, max([i.last_seen, *runs]) + self.book.grace))
            else:
                self._run_on(session, limit)
        elif not i.ended and not (self.mark is not None and self.mark >= limit):
            session.state = "running"
        session.seconds = seconds_of(i.spans)

    def _close(self, evidence: Evidence, end: int) -> None:
        i = evidence.interval
        assert i.open_from is not None
        i.spans = i.spans + ([(i.open_from, end)] if end > i.open_from else [])
        i.end = max([end, *(span[1] for span in i.spans)])

    def _run_on(self, evidence: Evidence, limit: int) -> None:
        i = evidence.interval
        assert i.open_from is not None
        evidence.state = "running"
        i.spans, i.end = [*i.spans, (i.open_from, max(limit, i.open_from))], limit

    # whom it belongs to

    def _path(self, e: Evidence) -> None:
        """Fill path, linked, reason and candidates."""
        i = e.interval
        if e.technician is None:
            e.reason = "technician_unknown" if i.technician else "no_technician"
            e.linked = self._ticket_text(e)
        elif e.ticket is not None and e.client is not None:
            e.path, e.linked = "ticket", e.ticket
            if i.kind == "remote_session":
                e.refused = {t.interval.id for t in self._over(e) if self._guessed(t) and t.linked != e.ticket}
        elif e.client is None:
            e.reason = "ticket_unknown" if i.ticket and e.ticket is None else "client_unknown"
            e.linked = self._ticket_text(e)
        elif i.kind == "ticket_timer":
            e.path, e.linked = ("ticket", i.ticket.native_id) if i.ticket else ("alias", "")
        else:
            self._session_path(e)

    def _ticket_text(self, e: Evidence) -> str:
        """A timer at a known client keeps the number it named, known or not."""
        named = e.interval.ticket is not None and e.interval.kind == "ticket_timer" and e.client is not None
        return e.ticket or (e.interval.ticket.native_id if e.interval.ticket and named else "")

    # whose minute it is

    def _timer_work(self) -> list[Work]:
        found = []
        taken: dict[str | None, set[int]] = defaultdict(set)
        for timer in self.timers:
            mine = timer.seconds if timer.client is None else timer.seconds - taken[timer.client]
            taken[timer.client] |= timer.seconds
            clipped = bool(timer.seconds) and not mine
            if timer.state == "done" and not clipped:
                found.append(self._single(timer, spans_of(mine) or [(timer.interval.start,) * 2]))
        return found

    def _session_work(self) -> list[Work]:
        """What no timer covers. A session that a timer covers wholly still bridges the gap between two others."""
        rests: list[tuple[Evidence, set[int]]] = []
        for session in self.sessions:
            covers = [t.cover for t in self.timers if t.client == session.client is not None]
            session.absorbed = any(session.interval.start in cover for cover in covers) or bool(session.seconds)
            rest = session.seconds.difference(*covers)
            session.absorbed = session.absorbed and not rest
            rests.append((session, rest))
        groups = [[(e, rest) for e, rest in group if not e.absorbed] for group in self._groups(rests)]
        taken: dict[str, set[int]] = defaultdict(set)
        found = []
        for group in sorted((group for group in groups if group), key=_group_key):
            lead = min((e for e, _ in group), key=lambda e: e.interval.id)
            whole = set().union(*(rest for _, rest in group))
            mine = whole if lead.client is None else whole - taken[lead.client]
            if lead.client is not None:
                taken[lead.client] |= whole
            if all(e.state == "done" for e, _ in group) and (mine or not whole):
                work = self._single(lead, spans_of(mine) or [(lead.interval.start,) * 2])
                work.proof = [e.interval for e, _ in group]
                work.path = min((e.path for e, _ in group), key=PATHS.index)  # the strongest evidence tells
                found.append(work)
        return found

    def _groups(self, rests: list[tuple[Evidence, set[int]]]) -> list[list[tuple[Evidence, set[int]]]]:
        """Sessions of one client and ticket (else device) whose outer bounds lie within the merge gap."""
        keyed: dict[tuple[str, ...], list[tuple[Evidence, set[int]]]] = defaultdict(list)
        for evidence, rest in rests:
            i = evidence.interval
            device = thing(evidence) or f"none {i.id}"
            on = ("ticket", evidence.linked) if evidence.linked else ("device", device)
            trust = ("free" if i.billable is False else "", "" if i.authenticated else "unconfirmed")
            keyed[(evidence.client or "", *on, *trust, self.book.service_of(i.service))].append((evidence, rest))
        groups = []
        for members in keyed.values():
            reach = -1
            for evidence, rest in sorted(members, key=lambda m: m[0].key):
                if reach < 0 or evidence.interval.start - reach > self.book.merge_gap:
                    groups.append([(evidence, rest)])
                else:
                    groups[-1].append((evidence, rest))
                i = evidence.interval
                reach = max(reach, i.last_seen if evidence.state == "running" else i.end)
        return groups

    def _single(self, e: Evidence, spans: Spans) -> Work:
        i = e.interval
        return Work(
            i.id, i.kind, e.technician, e.client, e.linked, e.path, e.reason, i.service,
            recovered=i.kind == "remote_session", billable=i.billable, authenticated=i.authenticated,
            orphan=i.orphan, spans=spans, proof=[i], candidates=e.candidates,
        )  # fmt: skip


def _group_key(group: list[tuple[Evidence, set[int]]]) -> tuple[int, str]:
    start = min(min(rest, default=e.interval.start) for e, rest in group)
    return start, min(e.interval.id for e, _ in group)
