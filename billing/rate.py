"""rate: the facts of one tenant → versioned rows of the ledger.

The state is a set of facts that only grows; every row is a function of it. A step computes again, and sends again
whether it changed or not, all that its facts may have changed in any revision: what shares a rounding scope with a
place where the work ever stood, or, where terms have a memory without such bounds, everything of the client from the
earliest place on. Identities become facts before their first use; one that somebody else used is answered with content
or a void row. See docs/decisions.md for why nothing is ever skipped.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from billing.book import CatalogState
from billing.close import decide
from billing.closes import Statements
from billing.contracts.accounts import Accounts
from billing.contracts.standing import Standing
from billing.decisions import Made
from billing.due import Dues
from billing.late import admit
from billing.outcome import Counts, Outcome
from billing.rate_decided import KINDS, Decided
from billing.rate_drawn import balances_of
from billing.rate_index import EVERYTHING, Index, identity_text, parse_identity
from billing.rate_rows import Asked, rows_of
from billing.rate_spread import spread
from billing.rate_terms import ClientTerms
from billing.rate_touched import Roles, Touched, touch_catalog, touch_work
from billing.sealing import Known, Sealing
from billing.seals import LATE, PART, SEAL, Seals, until_seals
from streams.models.catalog import Client, Contract
from streams.models.entry import Entry, Identity, encode_entry
from streams.models.fact import Fact, decode_fact, encode_fact
from streams.models.ids import version
from streams.models.work import decode_work


class RateState:
    """All that rate knows of one tenant."""

    def __init__(self, tenant: str, epoch: int) -> None:
        self.tenant = tenant
        self.epoch = epoch
        self._keys: set[str] = set()
        self._index = Index()
        self._book = CatalogState()
        self._decided = Decided(tenant)
        self._terms: dict[str, ClientTerms] = {}
        self._accounts: dict[str, Accounts] = {}  # balances of clients, with places to go back to
        self._stamp = -1
        self._mark = -1
        self._settled = True
        self._dues = Dues()
        self._roles = Roles()
        self._seals = Seals()
        known = Known(tenant, self._keys, self._index, self._book, self._decided.closes)
        self._sealing = Sealing(self._seals, known, self._terms_of, lambda one: self._answer(one, Touched(EVERYTHING)))

    def restore(self, key: str, value: bytes) -> None:
        """Take back one kept fact, in any order."""
        self._settled = False
        if value[:1] in (SEAL, PART, LATE):
            if self._seals.restore(key, value):
                self._keys.add(key)
            return
        if value[:1] in (b"+", b"="):
            fact = self._book.restore(value)
            self._roles.learn(fact)
        elif value[:1] != b"{":
            fact = self._decided.restore(value)
        else:
            fact = decode_fact(value)
            self._take(fact)
        if fact.counts:
            self._keys.add(fact.key())

    def step(self, facts: Sequence[Fact]) -> Outcome[Entry]:
        """Fold facts record by record, then compute once what any of them touched."""
        self._settle()
        outcome: Outcome[Entry] = Outcome()
        for part in until_seals(facts):
            self._step(part, outcome)
        return outcome

    def _step(self, facts: Sequence[Fact], outcome: Outcome[Entry]) -> None:
        touched: dict[str, Touched] = {}
        strays: set[Identity] = set()
        taken = [fact for fact in facts if self._fold(fact, touched, strays, outcome)]
        outcome.appends += self._dues.falling(self.tenant, taken, self._book, self._terms_of, self._mark)
        entries = [entry for client in sorted(touched) for entry in self._answer(client, touched[client])]
        entries += [Entry(tenant=self.tenant, identity=one, void=True) for one in sorted(strays)]
        for entry in entries:
            if not self._seals.is_behind(entry.identity) and self._index.name(entry.identity):
                outcome.appends.append(Fact(kind="identity", tenant=self.tenant, id=identity_text(entry.identity)))
            number = version(self.epoch, len(self._keys) + self._seals.forgotten, encode_entry(entry))
            msgspec.structs.force_setattr(entry, "version", number)
            outcome.outputs.append((number, entry))
        outcome.appends += self._decided.answer(taken, self._close)
        self._sealing.follow(taken, self._mark, outcome)

    def balances(self, at: int | None = None) -> list[Standing]:
        """Balances of all clients at an instant, or when the last work of the tenant ended; client by client."""
        self._settle()
        clients = sorted({one.client for one in self._book.all(Contract).values()})
        return balances_of(self._index, [self._terms_of(client) for client in clients], self._accounts, at)

    def counts(self) -> Counts:
        """Facts by what became of them; a piece of work that still runs is waiting."""
        self._settle()
        parked, waiting = self._seals.parked, self._index.running
        known = len(self._keys) + self._seals.forgotten + parked
        return Counts(known, known - waiting - parked, waiting, parked)

    def _settle(self) -> None:
        if not self._settled:
            self._book.settle()
            self._sealing.settle()
            self._settled = True

    def _take(self, fact: Fact) -> None:
        if fact.kind == "work":
            self._index.fold(decode_work(bytes(fact.body)), (fact.rev, fact.digest()))
        elif fact.kind == "identity":
            self._index.name(parse_identity(fact.id))
        elif fact.kind == "due":
            self._dues.fold(fact)
        elif fact.kind == "mark":
            self._mark = max(self._mark, fact.rev)

    def _fold(self, fact: Fact, touched: dict[str, Touched], strays: set[Identity], outcome: Outcome[Entry]) -> bool:
        """Take in one record, note what it touches, and keep it if it is new. False where a seal forbids it."""
        if fact.kind == "mark":
            if fact.rev > self._mark:
                self._mark = fact.rev
                outcome.kept.append((fact.key(), encode_fact(fact)))
            return True
        key = fact.key()
        new = key not in self._keys
        if self._seals.through and not admit(self._seals, fact, key, new, self._decided.closes, outcome, strays):
            return False
        self._keys.add(key)
        value = None
        if fact.kind == "work":
            touch_work(self._index.fold(decode_work(bytes(fact.body)), (fact.rev, key.rpartition("|")[2])), touched)
        elif fact.kind == "identity":
            if self._index.name(identity := parse_identity(fact.id)):
                touched.setdefault(identity.client, Touched()).works.add(identity.work)
        elif fact.kind == "due":
            touched.setdefault(self._dues.fold(fact), Touched()).charges = True
        elif fact.kind in ("object", "release"):
            change = self._book.fold(fact)
            if self._roles.learn(fact) or not change.key.startswith("technician/"):
                touch_catalog(change, self._index.shelves, touched)
            value = self._book.kept(fact)
        elif fact.kind in KINDS:
            value = self._decided.fold(fact, new, self._index, touched, outcome)
            self._terms.clear()
        if new and fact.kind != "seal":
            outcome.kept.append((key, value or encode_fact(fact)))
        return True

    def _answer(self, client: str, touched: Touched) -> list[Entry]:
        """Rows of all touched work at one client, and a void row for each of its identities that has none."""
        terms = self._terms_of(client)
        shelf = self._index.shelf(client)
        closed = self._decided.closes.of(client)
        ids = set(touched.works)
        if touched.start is not None:
            ids |= closed.rows.keys() if closed is not None and touched.start == EVERYTHING else set()
            if touched.start == EVERYTHING or terms.memory.window:
                ids |= shelf.since(touched.start)
            if terms.memory.any:
                ids |= spread(self._index, client, touched.places, terms.memory, terms.zone)
        sealed = self._seals.through.get(client)
        rows = rows_of(
            Asked(self.tenant, client, terms, touched, closed, sealed), ids, self._index, self._dues, self._accounts
        )
        live = {row.identity for row in rows}
        named = {one for id_ in ids for one in shelf.identities.get(id_, ())}
        return rows + [Entry(tenant=self.tenant, identity=one, void=True) for one in sorted(named - live)]

    def _terms_of(self, client: str) -> ClientTerms:
        if self._stamp != self._book.stamp:
            self._terms.clear()
            self._stamp = self._book.stamp
        found = self._terms.get(client)
        if found is None:
            found = self._terms[client] = self._decided.terms(self._book, client)
        return found

    def _close(self, made: Made) -> list[Fact]:
        """Answer a close, against all rows of the client that hold now."""
        client = made.decision.client
        rows = [row for row in self._answer(client, Touched(EVERYTHING)) if not row.void]
        known = bool(client) and (bool(rows) or self._book.get(Client, client) is not None)
        statements = self._decided.closes.of(client) or Statements()
        return decide(made, statements, rows, known, self._terms_of(client).zone, self._book.number, self.tenant)
