"""All balances of one client, and places along its work to which they can go back."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple

from billing.contracts.account import Account
from billing.contracts.events import BalanceEvent
from billing.contracts.lots import NONE
from billing.contracts.plan import Plan
from billing.contracts.saved import Saved, load, save

EVERY = 32  # pieces of work from one place to the next
MOST = 256  # places; beyond it every other one of the older half goes

Key = tuple[int, str]  # start and id of a piece of work: the order in which it draws
BEGINNING: Key = (-1, "")


class Mark(NamedTuple):
    """The accounts after all work up to ``key`` has drawn, and nothing behind it. Some of that work draws as late as
    at ``reach`` (a row of a later month, what lies behind the end of a balance): work that begins before may come
    between."""

    key: Key
    reach: int
    saved: dict[str, Saved]


@dataclass(slots=True)
class Accounts:
    """By contract. They hold what the work up to ``key`` left of them."""

    held: dict[str, Account] = field(default_factory=dict)
    key: Key = BEGINNING
    marks: list[Mark] = field(default_factory=list)
    complete: bool = False  # all work of the client has drawn

    def of(self, plan: Plan) -> Account:
        found = self.held.get(plan.id)
        if found is None:
            found = self.held[plan.id] = Account(plan, source=plan)
        elif found.source is not plan:
            _follow(found, plan)
        return found

    def mark(self, key: Key, reach: int) -> None:
        """All work up to ``key`` has drawn, and nothing behind it."""
        reach = max(reach, self.marks[-1].reach if self.marks else 0)
        self.marks.append(Mark(key, reach, {name: save(account) for name, account in self.held.items()}))
        if len(self.marks) > MOST:
            half = MOST // 2
            self.marks[:half] = self.marks[:half:2]

    def rewind(self, start: int) -> None:
        """Go back to the last place before all work from ``start`` on. Whatever changes what the catalogue or decisions
        say of balances must ask for the beginning."""
        while self.marks and (self.marks[-1].key >= (start, "") or self.marks[-1].reach >= start):
            self.marks.pop()
        if not self.marks:
            self.held, self.key = {}, BEGINNING
            return
        last = self.marks[-1]
        self.key = last.key
        for name in [name for name in self.held if name not in last.saved]:
            del self.held[name]
        for name, saved in last.saved.items():
            load(self.held[name], saved)

    def events(self) -> list[BalanceEvent]:
        """Of all contracts, in order of time."""
        found = [one for _, account in sorted(self.held.items()) for one in account.events]
        return sorted(found, key=lambda one: one.at)

    def advance(self, day: int) -> None:
        """Let everything begin and end that does so up to a local day."""
        for account in self.held.values():
            if day >= account.next:
                account.advance(day)


def _follow(account: Account, plan: Plan) -> None:
    """From here on another release holds: what was drawn stays drawn, lots get the size it gives them, those it adds
    begin."""
    sizes = {one.id: one.size for one in plan.lots}
    for lot in account.lots:
        size = sizes.get(lot.id, lot.size)
        lot.size, lot.left = size, max(lot.left + size - lot.size, NONE)
    begun = {lot.id for lot in (*account.lots, *account.gone)}
    account.plan = replace(plan)
    account.plan.lots = [one for one in plan.lots if one.id not in begun]
    account.source, account.pending, account.next = plan, 0, 0
    account.ordered = None
