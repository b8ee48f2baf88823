"""`decisions:` of a scenario: what people decided, and what arrives between, in the order of the file."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Any, cast, get_args
from zoneinfo import ZoneInfo

from billing.link_decided import piece_id
from jobs.catalog_load import Catalogue, add_tree
from jobs.catalog_rules import check_whole
from jobs.catalog_yaml import Place, Problem, Tree
from jobs.scenario_events import EventReader
from jobs.scenario_time import NoInstantError, parse_instant, parse_seconds
from streams.models.decision import Decision, DecisionKind, Piece, problem_of
from streams.models.event import Event

KINDS: tuple[DecisionKind, ...] = get_args(DecisionKind)
ARRIVE = "arrive"
COMMON = ("reason", "by")
ABOUT_WORK = ("work", "seconds", "seen_client", "at")
FIELDS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("write_off", "billable", "non_billable", "approve", "confirm"), ABOUT_WORK),
    "relink": (*ABOUT_WORK, "ticket", "client"),
    "split": (*ABOUT_WORK, "pieces"),
    "purchase": ("client", "contract", "hours", "money", "incidents", "price", "from", "until"),
    "milestone": ("client", "project", "milestone", "on"),
    "close": ("client", "period", "hash", "before"),
    "rerate": ("client", "from"),
    ARRIVE: ("events", "catalogue"),
}
REQUIRED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("write_off", "billable", "non_billable", "approve", "confirm", "relink", "split"), ("work",)),
    "purchase": ("client", "contract", "from"),
    "milestone": ("client", "project", "milestone", "on"),
    "close": ("client", "period"),
    "rerate": ("from",),
}
WORD_OF = {"from": "on"}  # as the file says it → as the decision has it


@dataclass(slots=True)
class Arrival:
    """Events and a catalogue that come to light at this place; ``catalogue`` is the whole of the next release."""

    events: list[Event] = field(default_factory=list)
    catalogue: Catalogue | None = None


@dataclass(slots=True)
class Planned:
    """One decision. What is left out of a close (hash, number) is as it stands then; likewise what the decider saw."""

    name: str
    decision: Decision
    given: frozenset[str]


Step = Arrival | Planned


@dataclass(slots=True)
class DecisionReader:
    """Reads ``decisions:``; what is wrong goes to ``problems``."""

    zone: ZoneInfo
    events: EventReader
    catalogue: Catalogue
    problems: list[Problem]

    def read(self, tree: Tree | None) -> list[Step]:
        if tree is None or (tree.kind == "scalar" and tree.text is None):
            return []
        if tree.kind != "sequence":
            self._error(tree.place, "`decisions` is a list", "begin lines with `- close: {client: acme, period: …}`")
            return []
        steps = [step for number, item in enumerate(tree.items, 1) if (step := self._item(item, number)) is not None]
        names = [step.name for step in steps if isinstance(step, Planned)]
        for name in sorted({name for name in names if names.count(name) > 1}):
            self._error(tree.place, f"two decisions are called `{name}`", "give each a `name` of its own")
        self._name_pieces(steps)
        return steps

    def _name_pieces(self, steps: list[Step]) -> None:
        """What is cut from a timer or session is called as it."""
        names = dict(self.events.names)
        for piece in (piece for step in steps if isinstance(step, Planned) for piece in step.decision.pieces):
            self.events.names.update({piece_id(id_, piece): name for id_, name in names.items()})

    def _item(self, tree: Tree, number: int) -> Step | None:
        if tree.kind != "mapping":
            self._error(tree.place, "a decision is a mapping", f"begin with one of {', '.join(FIELDS)}")
            return None
        kinds = [name for name in tree.fields if name in FIELDS]
        for name in tree.fields:
            if name not in FIELDS and (name != "name" or ARRIVE in kinds):
                self._unknown(tree.keys[name], name, (*FIELDS, "name"))
        if len(kinds) != 1:
            self._error(tree.place, "a line is exactly one decision", f"begin with one of {', '.join(FIELDS)}")
            return None
        kind, node = kinds[0], tree.fields[kinds[0]]
        if node.kind != "mapping" or not self._fields_fit(node, kind):
            if node.kind != "mapping":
                self._error(node.place, f"`{kind}` is a mapping", f"fields: {', '.join(FIELDS[kind])}")
            return None
        if kind == ARRIVE:
            return self._arrival(node)
        given = tree.fields.get("name")
        name = (given.text if given else None) or f"{kind} {number}"
        return self._decision(name, cast(DecisionKind, kind), node)

    def _fields_fit(self, tree: Tree, kind: str) -> bool:
        known = (*FIELDS[kind], *(COMMON if kind != ARRIVE else ()))
        wrong = [name for name in tree.fields if name not in known]
        for name in wrong:
            self._unknown(tree.keys[name], name, known)
        empty = {name for name, node in tree.fields.items() if node.kind == "scalar" and not node.text}
        missing = [name for name in REQUIRED.get(kind, ()) if name not in tree.fields or name in empty]
        if kind != ARRIVE:
            wrong += self._misshapen(tree)
        for name in missing:
            self._error(tree.place, f"`{kind}` needs `{name}`", f"fields: {', '.join(known)}")
        return not wrong and not missing

    def _misshapen(self, tree: Tree) -> list[str]:
        """Fields that are a list or a mapping where they are one value, or the other way."""
        found = []
        for name, node in tree.fields.items():
            fits = {"pieces": ("sequence",), "work": ("scalar", "sequence")}.get(name, ("scalar",))
            if node.kind not in fits:
                what = "a list of {start: …, end: …}" if name == "pieces" else "one value"
                self._error(node.place, f"`{name}` is {what}", "see docs/scenarios.md")
                found.append(name)
        return found

    def _arrival(self, tree: Tree) -> Arrival:
        arrival = Arrival()
        if "events" in tree.fields:
            arrival.events, _ = self.events.read(tree.fields["events"])
        if (node := tree.fields.get("catalogue")) is not None:
            changed = Catalogue(files=1)
            add_tree(changed, node)
            merged = deepcopy(self.catalogue)
            merged.problems = changed.problems
            merged.objects |= changed.objects
            check_whole(merged)
            self.problems.extend(merged.problems)
            arrival.catalogue = self.catalogue = merged
        return arrival

    def _decision(self, name: str, kind: DecisionKind, tree: Tree) -> Planned:
        fields: dict[str, Any] = {}
        for key, node in tree.fields.items():
            if key == "work":
                fields["evidence"] = self._evidence(node)
            elif key == "at":
                fields[key] = self._instant(tree, key)
            elif key == "pieces":
                fields["pieces"] = tuple(self._piece(one) for one in node.items)
            else:
                fields[WORD_OF.get(key, key)] = self._value(key, node)
        fields = {key: value for key, value in fields.items() if value is not None}
        decision = Decision(kind=kind, **fields)
        if wrong := problem_of(decision):
            self._error(tree.place, wrong, "a piece is {start: 2026-03-02 10:00, end: 2026-03-02 10:20, ticket: t7}")
        return Planned(name, decision, frozenset(fields))

    def _value(self, name: str, node: Tree) -> Any:
        text = node.text
        if text is None:
            return None
        try:
            return READ.get(name, _word)(text)
        except (ValueError, InvalidOperation) as error:
            self._error(node.place, f"`{name}: {text}`: {error}", REMEDY.get(name, ""))
            return None

    def _evidence(self, node: Tree) -> tuple[str, ...]:
        found: list[str] = []
        for one in node.items if node.kind == "sequence" else [node]:
            ids = sorted(id_ for id_, name in self.events.names.items() if name == one.text)
            if not ids:
                near = get_close_matches(one.text or "", self.events.names.values(), n=1)
                remedy = f"did you mean `{near[0]}`?" if near else "name a timer, session or script of this file"
                self._error(one.place, f"no event is called `{one.text}` so far", remedy)
            found += ids
        return tuple(found)

    def _piece(self, tree: Tree) -> Piece:
        for name in tree.fields:
            if name not in ("start", "end", "ticket", "client"):
                self._unknown(tree.keys[name], name, ("start", "end", "ticket", "client"))
        texts = {name: node.text or "" for name, node in tree.fields.items()}
        start, end = self._instant(tree, "start"), self._instant(tree, "end")
        return Piece(start=start, end=end, ticket=texts.get("ticket", ""), client=texts.get("client", ""))

    def _instant(self, tree: Tree, name: str) -> int:
        node = tree.fields.get(name)
        try:
            return parse_instant((node.text if node else None) or "", self.zone) // 1000
        except NoInstantError as error:
            self._error(node.place if node else tree.place, str(error), "write 2026-03-02 10:00")
            return 0

    def _unknown(self, place: Place, name: str, known: tuple[str, ...]) -> None:
        near = get_close_matches(name, known, n=1)
        remedy = f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(known)}"
        self.problems.append(Problem("error", "unknown_field", place, f"unknown field `{name}`", remedy))

    def _error(self, place: Place, message: str, remedy: str) -> None:
        self.problems.append(Problem("error", "bad_decision", place, message, remedy))


def _word(text: str) -> str:
    return text


def _day(text: str) -> str:
    if date.fromisoformat(text).isoformat() != text:
        raise ValueError("no date")
    return text


def _month(text: str) -> str:
    if date.fromisoformat(f"{text}-01").isoformat() != f"{text}-01":
        raise ValueError("no month")
    return text


def _amount(text: str) -> str:
    if not Decimal(text).is_finite():
        raise ValueError("no number")
    return text


def _count(text: str) -> int:
    if not text.isdigit():
        raise ValueError("no whole number")
    return int(text)


READ: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(("from", "until", "on"), _day),
    **dict.fromkeys(("hours", "money", "price"), _amount),
    **dict.fromkeys(("incidents", "before"), _count),
    "period": _month,
    "seconds": parse_seconds,
}
REMEDY = {
    **dict.fromkeys(("from", "until", "on"), "write 2026-03-01"),
    **dict.fromkeys(("hours", "money", "price"), "write 10 or 1500.00"),
    "period": "write the month as 2026-03",
    "before": "0 for the first close",
}
