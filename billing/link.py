"""link: everything one tenant's technicians did, joined into work and linked to clients and tickets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from billing.book import CatalogState
from billing.link_decided import whole
from billing.link_relink import relink, void, void_part
from billing.link_scripts import apart, script_work
from billing.link_store import Store, Touched
from billing.outcome import Counts, Outcome
from streams.models.fact import Fact, decode_fact, encode_fact
from streams.models.ids import version
from streams.models.work import Work, encode_work


class LinkState:
    """The facts of one tenant, by key; everything else is derived and rebuilt after a restore."""

    def __init__(self, tenant: str, epoch: int = 0) -> None:
        self._tenant, self._epoch = tenant, epoch
        self._known: set[str] = set()  # keys of all facts that count
        self._book = CatalogState()
        self._store = Store(self._book)
        self._lapsed: set[tuple[str, int]] = set()  # (interval, limit)
        self._mark = 0
        self._settled = True

    def restore(self, key: str, value: bytes) -> None:
        """Take back one kept fact, in any order."""
        fact = self._taken_back(value)
        self._settled = False
        if fact.kind == "mark":
            self._mark = max(self._mark, fact.rev)
            return
        self._known.add(key)
        if fact.kind == "lapsed":
            self._lapsed.add((fact.id, fact.rev))
        if fact.kind == "identity":
            self._store.decided.fold(fact, new=True)
        self._store.take_back(fact)

    def _taken_back(self, value: bytes) -> Fact:
        if value[:1] == b"#":
            return self._store.decided.restore(value)
        return self._book.restore(value) if value[:1] in (b"+", b"=") else decode_fact(value)

    def step(self, facts: Sequence[Fact]) -> Outcome[Work]:
        """Fold record by record; then all that was touched is computed once and sent, known or not."""
        self._settle()
        outcome: Outcome[Work] = Outcome()
        touched, marked = Touched(), False
        for fact in facts:
            marked |= fact.kind == "mark"
            self._fold(fact, touched, outcome)
        works = sorted(self._works(touched), key=lambda work: work.id)
        outcome.outputs = [(version(self._epoch, len(self._known), encode_work(work)), work) for work in works]
        pieces = self._store.decided.unknown(work.id for work in works)
        outcome.appends = [Fact(kind="identity", tenant=self._tenant, id=id_) for id_ in pieces]
        outcome.appends += self._due(None if marked else (work.id for work in works))
        return outcome

    def counts(self) -> Counts:
        """An open interval waits for its end until its limit has passed."""
        self._settle()
        waiting = sum(not self._is_lapsed(id_) for id_ in self._store.open)
        return Counts(len(self._known), len(self._known) - waiting, waiting)

    def _settle(self) -> None:
        if not self._settled:
            self._book.settle()
            self._store.rebuild()
            self._settled = True

    def _fold(self, fact: Fact, touched: Touched, outcome: Outcome[Work]) -> None:
        if fact.kind == "mark":
            if fact.rev > self._mark:
                self._mark = fact.rev
                outcome.kept.append((f"{self._tenant}|mark|{fact.id}|{fact.rev}|{fact.digest()}", encode_fact(fact)))
            return
        key = fact.key()
        new = key not in self._known
        self._known.add(key)
        if fact.kind == "interval":
            self._store.fold_interval(fact, new, touched)
        elif fact.kind == "lapsed":
            self._lapsed.add((fact.id, fact.rev))
            self._store.touch((fact.id,), touched)
        elif fact.kind in ("object", "release"):
            self._store.fold_catalogue(fact, touched)
        elif fact.kind in ("decision", "identity"):
            self._store.touch(self._store.decided.fold(fact, new), touched)
        if new:
            outcome.kept.append((key, self._kept(fact)))

    def _kept(self, fact: Fact) -> bytes:
        """Of a release and of a decision also what only their place in the log could tell."""
        if fact.kind in ("object", "release"):
            return self._book.kept(fact)
        return self._store.decided.kept(fact) if fact.kind == "decision" else encode_fact(fact)

    def _works(self, touched: Touched) -> list[Work]:
        works = list(self._computed(touched))
        gone = self._store.decided.unsent({work.id for work in works})
        kinds = {id_: self._store.held[whole(id_)].interval.kind for id_ in gone}
        return works + [void_part(id_, kinds[id_], self._tenant) for id_ in gone]

    def _computed(self, touched: Touched) -> Iterator[Work]:
        store = self._store
        islands = list(store.islands(touched))
        for island in islands:
            made = store.decided.of(item.id for item in island)
            yield from relink(island, store.runs(island), store.directory, store.terms, self._lapsed, made)
        for held in apart(store, touched, islands):
            item = held.evidence
            yield void(held.interval) if item is None else script_work(item, store, self._lapsed)

    def _due(self, ids: Iterable[str] | None) -> Iterator[Fact]:
        """``lapsed`` for what is open past its limit: of these intervals, of all after a clock mark. They count,
        and hold, when they come back through the log."""
        among = self._store.open if ids is None else self._store.open.intersection(ids)
        for id_ in sorted(among):
            evidence = self._store.held[id_].evidence
            if evidence is not None and evidence.limit <= self._mark and not self._is_lapsed(id_):
                yield Fact(kind="lapsed", tenant=self._tenant, id=id_, rev=evidence.limit)

    def _is_lapsed(self, id_: str) -> bool:
        evidence = self._store.held[id_].evidence
        return evidence is not None and (id_, evidence.limit) in self._lapsed
