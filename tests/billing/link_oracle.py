"""What link must give, computed the slow way: one set of minutes per interval, everything against everything.

No islands, no indexes, no batches. It knows the whole set of facts and the largest clock mark, and nothing else.
Instants are whole minutes of `tests.billing.making`; intervals are one stretch, or one with unplaced pauses.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from streams.models.catalog import CatalogObject
from streams.models.interval import Interval, Span
from tests.billing.making import BASE

GRACE, GAP, CAP = 5, 5, 60  # minutes; the cap is the organisation's in these tests


def minute(seconds: int) -> int:
    assert (seconds - BASE) % 60 == 0
    return (seconds - BASE) // 60


def minutes_of(spans: Iterable[Span]) -> set[int]:
    return {at for start, end in spans for at in range(minute(start), minute(end))}


@dataclass
class Item:
    """One interval with what the slow way finds out about it."""

    interval: Interval
    technician: str | None
    person: str
    device: str | None
    client: str | None
    ticket: str | None
    start: int
    end: int = 0
    running: bool = False
    own: set[int] = field(default_factory=set)  # its evidence
    cover: set[int] = field(default_factory=set)
    rest: set[int] = field(default_factory=set)
    estimated: bool = False
    refused: set[str] = field(default_factory=set)  # timers nobody stopped that it speaks against

    @property
    def id(self) -> str:
        return self.interval.id

    @property
    def place(self) -> tuple[int, str]:
        return self.start, self.id

    @property
    def account(self) -> str:
        return f"c{self.client}" if self.client else f"t{self.ticket}" if self.ticket else f"i{self.id}"


@dataclass
class Live:
    """A piece of work: who leads, its members, its minutes."""

    lead: Item
    members: list[Item]
    claim: set[int]
    minutes: set[int] = field(default_factory=set)
    shared: set[int] = field(default_factory=set)

    @property
    def place(self) -> tuple[bool, int, str]:
        first = min(self.claim) if self.claim else min(item.start for item in self.members)
        return not self.lead.interval.authenticated, first, self.lead.id


class Oracle:
    def __init__(self, intervals: list[Interval], objects: dict[str, CatalogObject], mark: int, single: bool) -> None:
        self.objects, self.single, self.mark = objects, single, mark
        self.items = [self.resolved(interval) for interval in sorted(intervals, key=lambda item: item.id)]
        self.lives: list[Live] = []
        self.orphans: list[Item] = []
        for person in sorted({item.person for item in self.items}):
            self.count([item for item in self.items if item.person == person])

    def find(self, kind: str, native: str | None) -> str | None:
        """Aliases of these tests stand under "*"."""
        things = {k.split("/")[1]: v for k, v in self.objects.items() if k.split("/")[0] == kind}
        claimed = [id_ for id_, item in things.items() if native in getattr(item, "aliases", {}).get("*", [])]
        return min(claimed) if claimed else native if native in things else None

    def thing(self, kind: str, id_: str | None) -> Any:
        return self.objects.get(f"{kind}/{id_}")

    def named(self, kind: str, name: str | None) -> str | None:
        """What another object means by "hub=c7" or by a plain id."""
        return self.find(kind, name.split("=")[1]) if name and "=" in name else name

    def owner(self, device: str | None) -> str | None:
        return self.named("client", getattr(self.thing("device", self.named("device", device)), "client", None))

    def resolved(self, interval: Interval) -> Item:
        native = interval.technician.native_id if interval.technician else None
        technician = self.find("technician", native)
        device = self.find("device", interval.device.native_id) if interval.device else None
        ticket = self.find("ticket", interval.ticket.native_id) if interval.ticket else None
        held = self.thing("ticket", ticket)
        client = (self.named("client", held.client) if held else None) or self.owner(device)
        if client is None and interval.client:
            client = self.find("client", interval.client.native_id)
        if client is None and held:
            client = self.owner(held.device)
        person = technician or (f"?{interval.source}/{native}" if native else f"?{interval.id}")
        return Item(interval, technician, person, device, client, ticket, minute(interval.start))

    def count(self, items: list[Item]) -> None:
        live = [i for i in items if i.interval.kind != "script_run" and i.interval.close != "orphan_stop"]
        self.orphans += [item for item in items if item.interval.close == "orphan_stop"]
        timers = [item for item in live if item.interval.kind == "ticket_timer"]
        sessions = [item for item in live if item.interval.kind == "remote_session"]
        for item in live:
            self.close(item, items)
        for item in [*timers, *(item for item in self.orphans if item.interval.kind == "ticket_timer")]:
            if item.interval.ticket and item.ticket is None and item.client:
                item.ticket = item.interval.ticket.native_id
        for item in sessions:
            if item.ticket:
                guessed = [t for t in self.over(item, timers) if t.interval.end is None and not t.running]
                item.refused = {timer.id for timer in guessed if timer.ticket != item.ticket}
            self.link(item, timers)
        for timer in timers:
            for item in sessions:
                if timer.id in item.refused and (item.interval.authenticated or not timer.interval.authenticated):
                    timer.own, timer.cover = timer.own - item.own, timer.cover - item.own
        for item in self.orphans:
            if item.interval.kind == "remote_session":
                self.link(item, [])
        taken: dict[str, set[int]] = {}
        lives: list[Live] = []
        for trusted in (True, False):
            mine = [Live(t, [t], t.own) for t in timers if t.interval.authenticated is trusted]
            self.claim(mine, taken)
            covers = [t for t in timers if t.interval.authenticated or not trusted]
            groups = self.groups([s for s in sessions if s.interval.authenticated is trusted], covers)
            self.claim(groups, taken)
            lives += mine + groups
        lives = [x for x in lives if x.minutes or not x.claim or any(m.running for m in x.members)]
        seen: set[int] = set()
        for work in sorted(lives, key=lambda work: work.place):
            work.shared = work.minutes & seen
            seen |= work.minutes
        self.lives += lives

    def close(self, item: Item, items: list[Item]) -> None:
        interval, start = item.interval, item.start
        if interval.end is not None:
            item.end, item.own = minute(interval.end), minutes_of(interval.spans)
            item.cover = set(range(start, item.end)) if "pauses_unplaced" in interval.flags else item.own
            return
        limit, last = start + CAP, minute(interval.last_seen)
        timer = interval.kind == "ticket_timer"
        others = [other for other in items if other is not item]
        ends = {i.id: minute(i.interval.last_seen if i.interval.end is None else i.interval.end) for i in items}
        if timer:
            rivals = [
                o.start
                for o in others
                if o.interval.kind == "ticket_timer" and o.interval.close != "orphan_stop"
                if item.place < o.place and o.start < limit
                if o.interval.authenticated or not interval.authenticated
            ]
            signs = [
                ends[o.id]
                for o in others
                if o.start < limit and (item.client is None or o.client in (None, item.client))
                if not (o.interval.end is None and o.interval.kind == "ticket_timer")
            ]
            signs = [sign for sign in [*signs, last] if sign > start]
        else:
            rivals = []
            scripts = [o for o in others if o.interval.kind == "script_run" and start <= o.start < limit]
            signs = [start, last, *(ends[o.id] for o in scripts if self.same_device(o, item))]
        if rivals and self.single:
            item.end = min(rivals)
        elif self.mark >= BASE + limit * 60:
            item.end, item.estimated = min(limit, max(signs) + GRACE) if signs else limit, True
        else:
            item.end, item.running = min(last, limit), True
        item.own = set(range(start, item.end))
        item.cover = set(range(start, limit)) if item.running else item.own

    def same_device(self, one: Item, other: Item) -> bool:
        if one.interval.device is None or other.interval.device is None:
            return False
        if one.device or other.device:
            return one.device == other.device
        return (one.interval.source, one.interval.device) == (other.interval.source, other.interval.device)

    def link(self, item: Item, timers: list[Item]) -> None:
        if item.ticket:
            return
        for timer in sorted(self.over(item, timers), key=lambda timer: self.rank(item, timer)):
            guessed = timer.interval.end is None and not timer.running
            brushes = self.rank(item, timer)[0]
            if (guessed or brushes) and self.fit(self.thing("ticket", timer.ticket), item) == 0:
                item.refused |= {timer.id} if guessed else set()
                continue
            item.ticket = timer.ticket
            return
        if item.technician:
            mine: list[Any] = [t for k, t in self.objects.items() if k.startswith("ticket/") and self.assigned(t, item)]
            mine = [t for t in mine if self.concerns(t, item)]
            for fit in (3, 1):
                fitting = [t for t in mine if self.fit(t, item) == fit]
                if len(fitting) == 1:
                    item.ticket, item.client = fitting[0].id, item.client or self.named("client", fitting[0].client)
                if fitting:
                    return

    def over(self, item: Item, timers: list[Item]) -> list[Item]:
        """Timers with a ticket at the same client that meet the session."""
        return [
            timer
            for timer in timers
            if timer.ticket and timer.client and timer.client == item.client
            if timer.interval.authenticated or not item.interval.authenticated
            if timer.cover & (item.own or {item.start})
        ]

    def rank(self, item: Item, timer: Item) -> tuple[Any, ...]:
        """Over half of it first, then by how the ticket fits, then by minutes."""
        shared = len(timer.cover & item.own)
        fit = self.fit(self.thing("ticket", timer.ticket), item)
        return 2 * shared < len(item.own), -fit, -shared, timer.place

    def fit(self, ticket: Any, item: Item) -> int:
        """3 its device, 1 nothing against it, 0 another device."""
        device = self.named("device", ticket.device) if ticket else None
        return 1 if device is None else 3 if device == item.device else 0 if item.interval.device else 1

    def concerns(self, ticket: Any, item: Item) -> bool:
        client = self.named("client", ticket.client)
        if item.client is None:
            return item.device is not None and self.named("device", ticket.device) == item.device
        if item.device and self.named("device", ticket.device) == item.device and client is None:
            return True
        return (client or self.owner(ticket.device)) == item.client

    def assigned(self, ticket: Any, item: Item) -> bool:
        named = {self.find("technician", name.split("=")[-1]) for name in ticket.technicians}
        closed = minute(int(ticket.closed.timestamp())) if ticket.closed else None
        return item.technician in named and (closed is None or item.start < closed)

    def groups(self, sessions: list[Item], timers: list[Item]) -> list[Live]:
        for item in sessions:
            over = [t for t in timers if t.account == item.account and t.cover & (item.own | {item.start})]
            if item.own:
                over = [t for t in over if t.cover & item.own]
            item.rest = item.own - set().union(*(t.cover for t in over))
            under = any(item.end in t.cover for t in over) if item.running else bool(over)
            item.cover = {-1} if under and not item.rest else set()  # marks what a timer has wholly
        parts = [{item.id} for item in sessions]
        for one in sessions:
            for other in sessions:
                apart = max(one.start, other.start) - min(one.end, other.end)
                if self.key(one) == self.key(other) and apart <= GAP:
                    joined = [part for part in parts if part & {one.id, other.id}]
                    parts = [part for part in parts if part not in joined] + [set().union(*joined)]
        found = []
        for part in parts:
            free = [item for item in sessions if item.id in part and not item.cover]
            if free:
                lead = min(free, key=lambda item: item.id)
                found.append(Live(lead, free, set().union(*(item.rest for item in free))))
        return found

    def key(self, item: Item) -> tuple[Any, ...]:
        device = item.interval.device
        named = item.device or (device and (item.interval.source, device.native_id))
        where = ("t", item.ticket) if item.ticket else ("d", named)
        account = "" if item.client is None and item.ticket is None and named else item.account
        return account, where, item.interval.billable is False

    def claim(self, lives: list[Live], taken: dict[str, set[int]]) -> None:
        for work in sorted(lives, key=lambda work: work.place if len(work.members) > 1 else self.alone(work)):
            held = taken.setdefault(work.lead.account, set())
            work.minutes = work.claim - held
            held |= work.minutes

    def alone(self, work: Live) -> tuple[bool, int, str]:
        """Timers stand where they start, sessions where the rest of them does."""
        timer = work.lead.interval.kind == "ticket_timer"
        return (not work.lead.interval.authenticated, *work.lead.place) if timer else work.place

    def expected(self) -> dict[str, tuple[Any, ...]]:
        """Per interval: state, client, ticket, minutes, shared minutes, what the ticket said by minute."""
        found: dict[str, tuple[Any, ...]] = {}
        for item in self.items:
            aside = item.interval.kind == "script_run"
            found[item.id] = ("void",) if aside else ("absorbed",)
        for item in self.orphans:
            if item.interval.kind != "script_run":
                found[item.id] = ("done", item.client, item.ticket, set(), set(), {})
        for work in self.lives:
            state = "running" if any(item.running for item in work.members) else "done"
            said = self.said(work.lead.ticket, work.minutes)
            found[work.lead.id] = (state, work.lead.client, work.lead.ticket, work.minutes, work.shared, said)
        return found

    def said(self, ticket: str | None, minutes: set[int]) -> dict[int, tuple[Any, ...]]:
        """What the ticket said in each minute, as far as it said anything."""
        held = self.thing("ticket", ticket)
        found: dict[int, tuple[Any, ...]] = {}
        for at in minutes if held else ():
            past = [held, *(one for one in held.changes if minute(int(one.at.timestamp())) <= at)]
            names = ("priority", "requested_by", "scheduled", "response_target_minutes", "waivers")
            facts = {name: [getattr(one, name) for one in past if getattr(one, name) is not None] for name in names}
            last = [facts[name][-1] if facts[name] else None for name in names]
            if any(one is not None for one in last):
                found[at] = (*last[:4], tuple(last[4] or ()))
        return found
