"""All balances of one client."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from billing.contracts.account import Account
from billing.contracts.events import BalanceEvent
from billing.contracts.lots import NONE
from billing.contracts.plan import Plan


@dataclass(slots=True)
class Accounts:
    """By contract. They hold what the work drawn so far left of them."""

    held: dict[str, Account] = field(default_factory=dict)

    def of(self, plan: Plan) -> Account:
        found = self.held.get(plan.id)
        if found is None:
            found = self.held[plan.id] = Account(plan, source=plan)
        elif found.source is not plan:
            _follow(found, plan)
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
