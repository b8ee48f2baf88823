"""A catalogue as the next release: what changed since the release that holds, and the facts that say so."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
import orjson

from billing.book import CatalogState
from jobs.catalog_load import Catalogue
from streams.models.catalog import Release, object_body
from streams.models.fact import Fact


@dataclass(frozen=True, slots=True)
class Difference:
    """One object that a release adds, changes or removes; ``fields`` are (name, before, after)."""

    key: str
    change: Literal["added", "changed", "removed"]
    fields: tuple[tuple[str, Any, Any], ...] = ()


@dataclass(slots=True)
class Head:
    """What the topic says: the release that holds, and the content its objects have."""

    digest: str = ""
    number: int = 0
    note: str = ""
    objects: dict[str, tuple[int, str]] = field(default_factory=dict)
    bodies: dict[str, bytes] = field(default_factory=dict)
    accepted: frozenset[str] = frozenset()  # digests of every release that held or holds


def read_head(facts: list[Fact]) -> Head:
    """Fold the facts of one tenant in the order of the log, exactly as the hops do."""
    state, bodies, head = CatalogState(), {}, Head()
    for fact in facts:
        before = state.head
        state.fold(fact)
        if fact.kind == "object":
            bodies[fact.id, fact.rev, fact.digest()] = bytes(fact.body)
        if fact.kind == "release" and state.head != before:
            release = msgspec.json.decode(fact.body, type=Release)
            accepted = head.accepted | {state.head}
            head = Head(state.head, release.number, release.note, release.objects, {}, accepted)
    head.bodies = {key: bodies[key, rev, dig] for key, (rev, dig) in head.objects.items()}
    return head


def plan(head: Head, catalogue: Catalogue, tenant: str, note: str = "") -> tuple[list[Difference], list[Fact]]:
    """What changes, and the facts to append in this order: changed objects, then the release. Both empty: nothing."""
    bodies = {key: object_body("release", placed.item) for key, placed in sorted(catalogue.objects.items())}
    number = head.number + 1
    listed: dict[str, tuple[int, str]] = {}
    facts, found = [], []
    for key, body in bodies.items():
        if head.bodies.get(key) == bytes(body):
            listed[key] = head.objects[key]
            continue
        fact = Fact(kind="object", tenant=tenant, id=key, rev=number, body=body)
        listed[key] = (number, fact.digest())
        facts.append(fact)
        found.append(_difference(key, head.bodies.get(key), bytes(body)))
    found += [Difference(key, "removed") for key in sorted(head.objects) if key not in bodies]
    if not found:
        return [], []
    release = Release(number=number, predecessor=head.digest, objects=listed, note=note)
    body = msgspec.Raw(msgspec.json.encode(release))
    return found, [*facts, Fact(kind="release", tenant=tenant, id=f"release/{number}", rev=number, body=body)]


def _difference(key: str, before: bytes | None, after: bytes) -> Difference:
    if before is None:
        return Difference(key, "added")
    old, new = orjson.loads(before)["data"], orjson.loads(after)["data"]
    names = [name for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name)]
    return Difference(key, "changed", tuple((name, old.get(name), new.get(name)) for name in names))


def say_difference(difference: Difference) -> str:
    """ "changed rate_card/standard: lines [...] → [...]"."""
    text = f"{difference.change:8}{difference.key}"
    parts = [f"{name} {_short(before)} → {_short(after)}" for name, before, after in difference.fields]
    return text + (": " + "; ".join(parts) if parts else "")


def _short(value: Any) -> str:
    if value is None:
        return "(none)"
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return text if len(text) <= 60 else text[:57] + "..."
