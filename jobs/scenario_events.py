"""The short form of events: one line a timer, session or script run, or one line a signal of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from zoneinfo import ZoneInfo

from jobs.catalog_yaml import Place, Problem, Tree
from jobs.scenario_time import NoInstantError, local_day, parse_instant, parse_seconds
from streams.models.event import Event, Kind, Phase, Plain, Ref, TicketRef, activity_id

KINDS: dict[str, tuple[Kind, str]] = {
    "timer": ("ticket_timer", "timer.ticket"),
    "session": ("remote_session", "remote.desktop"),
    "script": ("script_run", "script.run"),
}
SIGNALS: tuple[Phase, ...] = ("start", "pause", "resume", "heartbeat", "stop", "void")
OF_SCRIPTS = {"name": "script_name", "run": "run"}  # field here → field of the event's `native`
DETAILS = ("id", "source", "revision", "duration", "technician", "device", "client", "ticket", "contact", "service",
           "billable", "authenticated", "automatic", "correction", "received", *OF_SCRIPTS)  # fmt: skip
FIELDS = (*KINDS, *SIGNALS, "interval", *DETAILS)
SOURCE = "scenario"


@dataclass(slots=True)
class EventReader:
    """Reads ``events:``; what is wrong goes to ``problems``."""

    tenant: str
    zone: ZoneInfo
    problems: list[Problem]
    names: dict[str, str] = field(default_factory=dict)
    received: dict[str, int] = field(default_factory=dict)  # event id → when a door took it, in seconds

    def read(self, tree: Tree | None) -> tuple[list[Event], dict[str, str]]:
        if tree is None or (tree.kind == "scalar" and tree.text is None):
            return [], {}
        if tree.kind != "sequence":
            self._error(tree.place, "`events` is a list", "begin lines with `- timer:`, `- session:` or `- script:`")
            return [], {}
        events = [event for item in tree.items for event in self._item(item)]
        return events, self.names

    def _item(self, tree: Tree) -> list[Event]:
        if not self._fields_known(tree):
            return []
        kinds = [name for name in KINDS if name in tree.fields]
        if len(kinds) != 1:
            self._error(tree.place, "an event is exactly one of timer, session, script", "begin with `- timer: t1`")
            return []
        base = self._base(tree, kinds[0])
        events = self._signals(tree, base)
        if "interval" in tree.fields:
            events += self._interval(tree, base)
        self._received(tree, events)
        if not events:
            self._error(tree.place, "nothing happens here", f"add one of {', '.join(SIGNALS)}, interval")
        return events

    def _fields_known(self, tree: Tree) -> bool:
        if tree.kind != "mapping":
            self._error(tree.place, "an event is a mapping", "begin with `- timer: t1`")
            return False
        unknown = [name for name in tree.fields if name not in FIELDS]
        for name in unknown:
            near = get_close_matches(name, FIELDS, n=1)
            remedy = f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(FIELDS)}"
            self._error(tree.keys[name], f"unknown field `{name}`", remedy)
        return not unknown

    def _base(self, tree: Tree, kind: str) -> Event:
        """The event without its phase: who, what, where."""
        name = _text(tree, kind) or ""
        if not name:
            self._error(tree.at((kind,)), f"`{kind}` needs a name", f"write `{kind}: t1`")
        source = _text(tree, "source") or SOURCE
        activity = activity_id(source, f"{kind}/{name}")
        self.names[activity] = name
        ticket, duration = _text(tree, "ticket"), _text(tree, "duration")
        return Event(
            tenant=self.tenant,
            source=source,
            source_event_id=_text(tree, "id") or f"{kind}/{name}",
            activity_id=activity,
            kind=KINDS[kind][0],
            phase="start",
            revision=self._number(tree, "revision"),
            duration_ms=None if duration is None else 1000 * self._seconds(tree, "duration", duration),
            technician=self._ref(tree, "technician"),
            device=self._ref(tree, "device"),
            client=self._ref(tree, "client"),
            ticket=None if ticket is None else TicketRef(ticket),
            contact=_text(tree, "contact") or "",
            service=_text(tree, "service") or KINDS[kind][1],
            billable=self._flag(tree, "billable"),
            authenticated=self._flag(tree, "authenticated") is not False,
            automatic=self._flag(tree, "automatic") is True,
            correction=_text(tree, "correction") or "",
            native=self._native(tree, kind, name),
        )

    def _native(self, tree: Tree, kind: str, name: str) -> dict[str, Plain]:
        """What a script is called (by default as its run) and the run over many devices it belongs to."""
        given = {there: text for here, there in OF_SCRIPTS.items() if (text := _text(tree, here))}
        if kind == "script":
            return {"script_name": name, **given}
        for here in OF_SCRIPTS:
            if here in tree.fields:
                self._error(tree.keys[here], f"`{here}` belongs to a script", "remove it, or begin with `- script:`")
        return {}

    def _signals(self, tree: Tree, base: Event) -> list[Event]:
        """One event for every instant under start, pause, resume, heartbeat, stop and void."""
        events = []
        first: int | None = None
        single = sum(len(_all(tree.fields[phase])) for phase in SIGNALS if phase in tree.fields) == 1
        for phase in SIGNALS:
            for node in _all(tree.fields[phase]) if phase in tree.fields else []:
                at = self._instant(node, first)
                if at is None:
                    continue
                first = at if first is None else first
                own = single and "id" in tree.fields
                name = base.source_event_id if own else f"{base.source_event_id}/{phase}/{at}"
                length = base.duration_ms if phase == "stop" else None
                events.append(_with(base, phase=phase, at=at, source_event_id=name, duration_ms=length))
        return events

    def _received(self, tree: Tree, events: list[Event]) -> None:
        """`received`: when a door took the events of a line; a bare clock time is on the day of its first instant."""
        if "received" not in tree.fields or not events:
            return
        first = events[0].started_at if events[0].at is None else events[0].at
        at = self._instant(tree.fields["received"], first)
        if at is not None:
            self.received |= {event.id: at // 1000 for event in events}

    def _interval(self, tree: Tree, base: Event) -> list[Event]:
        """`interval: [start, end]`, or `[start]` while it is open."""
        nodes = _all(tree.fields["interval"])
        if not 1 <= len(nodes) <= 2:
            self._error(tree.at(("interval",)), "an interval has a start and an end", "write [2026-03-02 10:00, 10:30]")
            return []
        start = self._instant(nodes[0], None)
        end = self._instant(nodes[1], start) if len(nodes) == 2 else None
        name = base.source_event_id if "id" in tree.fields else f"{base.source_event_id}/interval"
        return [_with(base, phase="interval", started_at=start, ended_at=end, source_event_id=name)]

    def _instant(self, node: Tree, first: int | None) -> int | None:
        """``first`` gives the day of a bare clock time."""
        day = None if first is None else local_day(first, self.zone)
        try:
            return parse_instant(node.text or "", self.zone, day)
        except NoInstantError as error:
            self._error(node.place, str(error), "")
            return None

    def _ref(self, tree: Tree, name: str) -> Ref | None:
        node = tree.fields.get(name)
        if node is None or (node.kind == "scalar" and node.text is None):
            return None
        if node.kind == "scalar":
            return Ref(node.text or "")
        texts = {key: child.text or "" for key, child in node.fields.items() if key in ("id", "name", "email")}
        if node.kind != "mapping" or "id" not in texts or len(texts) != len(node.fields):
            self._error(node.place, f"`{name}` is a name, or a mapping", "write {id: …, name: …, email: …}")
            return None
        return Ref(texts["id"], texts.get("name"), texts.get("email"))

    def _number(self, tree: Tree, name: str) -> int:
        text = _text(tree, name)
        if text is not None and not text.isdigit():
            self._error(tree.at((name,)), f"`{name}` is a whole number", f"write `{name}: 2`")
            return 0
        return int(text or 0)

    def _seconds(self, tree: Tree, name: str, text: str) -> int:
        try:
            return parse_seconds(text)
        except NoInstantError as error:
            self._error(tree.at((name,)), str(error), "")
            return 0

    def _flag(self, tree: Tree, name: str) -> bool | None:
        text = _text(tree, name)
        if text not in (None, "true", "false"):
            self._error(tree.at((name,)), f"`{name}` is true or false", "")
        return None if text is None else text == "true"

    def _error(self, place: Place, message: str, remedy: str) -> None:
        self.problems.append(Problem("error", "bad_event", place, message, remedy))


def _with(base: Event, **fields: object) -> Event:
    import msgspec

    return msgspec.structs.replace(base, **fields)


def _text(tree: Tree, name: str) -> str | None:
    node = tree.fields.get(name)
    return node.text if node is not None else None


def _all(node: Tree) -> list[Tree]:
    return node.items if node.kind == "sequence" else [node]
