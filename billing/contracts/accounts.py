"""All balances of one client."""

from __future__ import annotations

from dataclasses import dataclass, field

from billing.contracts.account import Account
from billing.contracts.events import BalanceEvent
from billing.contracts.plan import Plan


@dataclass(slots=True)
class Accounts:
    """By contract. They hold what the work drawn so far left of them."""

    held: dict[str, Account] = field(default_factory=dict)

    def of(self, plan: Plan) -> Account:
        found = self.held.get(plan.id)
        if found is None:
            found = self.held[plan.id] = Account(plan)
        return found

    def events(self) -> list[BalanceEvent]:
        """Of all contracts, in order of time."""
        found = [one for _, account in sorted(self.held.items()) for one in account.events]
        return sorted(found, key=lambda one: one.at)

    def advance(self, day: int) -> None:
        """Let everything begin and end that does so up to a local day."""
        for account in self.held.values():
            if day >= account.next:
                account.advance(day)
