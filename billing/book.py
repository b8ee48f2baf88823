"""The catalogue as facts give it: objects, releases, and what currently holds.

Objects of a release hold when the release does, all or none. What connectors report about clients, technicians,
devices and tickets (origin "directory") holds at once; where both know an object, the release's holds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar, cast

import msgspec

from streams.models.catalog import OBJECT_TYPES, CatalogObject, Organisation, Release, parse_object
from streams.models.fact import Fact, decode_fact, encode_fact

T = TypeVar("T", bound=CatalogObject)
Rank = tuple[int, str]  # (revision, digest): the largest holds


@dataclass(slots=True)
class Change:
    """What one fact changed: ``before``/``after`` of one object's effective form, or the whole catalogue."""

    key: str = ""  # "client/acme"; "" when nothing effective can have changed
    everything: bool = False
    before: CatalogObject | None = None
    after: CatalogObject | None = None


@dataclass(slots=True)
class CatalogState:
    """Grow-only facts about the catalogue of one tenant, and their current reading."""

    _by_rank: dict[str, dict[Rank, CatalogObject]] = field(default_factory=dict)  # release objects by key
    _directory: dict[str, tuple[Rank, CatalogObject]] = field(default_factory=dict)
    _current: dict[str, CatalogObject] = field(default_factory=dict)
    _by_type: dict[str, dict[str, CatalogObject]] = field(default_factory=dict)
    _accepted: dict[str, Release] = field(default_factory=dict)  # by the digest of the release
    _refused: set[str] = field(default_factory=set)
    head: str = ""  # digest of the release that holds
    stamp: int = 0  # grows whenever the current reading may have changed: for caches only

    def fold(self, fact: Fact) -> Change:
        """Take in an ``object`` or ``release`` fact, known already or not. Other kinds change nothing."""
        if fact.kind == "object":
            return self._fold_object(fact)
        if fact.kind == "release":
            return self._fold_release(fact)
        return Change()

    def kept(self, fact: Fact) -> bytes:
        """What the changelog keeps of a folded fact: a release with its outcome, which only its place in the
        log could tell."""
        if fact.kind == "release" and fact.digest() in self._accepted:
            return b"+" + encode_fact(fact)
        return b"=" + encode_fact(fact)

    def restore(self, value: bytes) -> Fact:
        """Take back one kept value, in any order; call ``settle`` after the last."""
        fact = decode_fact(value[1:])
        if fact.kind == "release":
            if value[:1] == b"+":
                self._accepted[fact.digest()] = msgspec.json.decode(fact.body, type=Release)
            else:
                self._refused.add(fact.digest())
        else:
            self._fold_object(fact)
        return fact

    def settle(self) -> None:
        """Find the head among restored releases: the accepted one with the largest number."""
        heads = sorted((release.number, key) for key, release in self._accepted.items())
        if heads:
            self.head = heads[-1][1]
        self._read_all()

    def get(self, kind: type[T], id_: str | None) -> T | None:
        """The current object of this type and id."""
        return None if id_ is None else self.all(kind).get(id_)

    def all(self, kind: type[T]) -> dict[str, T]:
        """Current objects of one type by id. Do not rely on its order."""
        return cast("dict[str, T]", self._by_type.get(_NAMES[kind], {}))

    @property
    def number(self) -> int:
        """Of the release that holds; 0 before the first."""
        return self._accepted[self.head].number if self.head else 0

    def has(self, number: int) -> bool:
        return any(release.number == number for release in self._accepted.values())

    def as_of(self, number: int) -> CatalogState:
        """The same facts as they read under an earlier release, without devices and tickets; 0: before the first.
        A release that is not known yet reads as the newest."""
        head = next((key for key, release in self._accepted.items() if release.number == number), self.head)
        past = CatalogState(self._by_rank, self._directory, _accepted=self._accepted, head=head if number else "")
        past._read_all(("device/", "ticket/"))
        return past

    @property
    def organisation(self) -> Organisation:
        return self.get(Organisation, "organisation") or Organisation()

    def _fold_object(self, fact: Fact) -> Change:
        origin, item = parse_object(fact.id, bytes(fact.body))
        rank = (fact.rev, fact.digest())
        if origin == "release":
            self._by_rank.setdefault(fact.id, {})[rank] = item
            return Change()  # holds only through a release
        known = self._directory.get(fact.id)
        if known is None or known[0] < rank:
            self._directory[fact.id] = (rank, item)
        before = self._current.get(fact.id)
        self._read(fact.id)
        return Change(fact.id, before=before, after=self._current.get(fact.id))

    def _fold_release(self, fact: Fact) -> Change:
        release = msgspec.json.decode(fact.body, type=Release)
        key = fact.digest()
        if key in self._accepted or key in self._refused:
            return Change(everything=True)  # decided once, by its place in the log; never again
        expected = self._accepted[self.head].number + 1 if self.head else 1
        whole = all((rev, dig) in self._by_rank.get(name, {}) for name, (rev, dig) in release.objects.items())
        if release.predecessor != self.head or release.number != expected or not whole:
            self._refused.add(key)  # stale or incomplete; what it might have touched is sent all the same
            return Change(everything=True)
        self._accepted[key] = release
        self.head = key
        self._read_all()
        return Change(everything=True)

    def _effective(self, key: str) -> CatalogObject | None:
        held = self._accepted[self.head].objects.get(key) if self.head else None
        if held is not None:
            return self._by_rank[key][held[0], held[1]]
        known = self._directory.get(key)
        return known[1] if known else None

    def _read(self, key: str) -> None:
        self.stamp += 1
        item = self._effective(key)
        kind, id_ = key.split("/", 1)
        if item is None:
            self._current.pop(key, None)
            self._by_type.get(kind, {}).pop(id_, None)
        else:
            self._current[key] = item
            self._by_type.setdefault(kind, {})[id_] = item

    def _read_all(self, without: tuple[str, ...] = ()) -> None:
        names = set(self._current) | set(self._directory)
        if self.head:
            names |= set(self._accepted[self.head].objects)
        for name in sorted(names):
            if not name.startswith(without):
                self._read(name)


_NAMES = {cls: name for name, cls in OBJECT_TYPES.items()}
