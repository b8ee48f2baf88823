"""Where balances stand at an instant: every lot that has begun, what is owed, what happened."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from billing.contracts.account import Account
from billing.contracts.accounts import Accounts
from billing.contracts.events import BalanceEvent
from billing.contracts.lots import Balance, Unit
from billing.money import exponent_of
from billing.rate_terms import ClientTerms


@dataclass(frozen=True, slots=True)
class Standing:
    """One contract of one client. ``lots`` in order of their beginning, ended ones too; ``events`` in order of time."""

    client: str
    contract: str
    zone: str
    unit: Unit
    currency: str
    exponent: int
    owed: Fraction
    over: dict[Unit, Fraction]  # beyond the balance in this cycle
    incidents: int
    lots: tuple[Balance, ...]
    events: tuple[BalanceEvent, ...]


def standings(terms: ClientTerms, accounts: Accounts, at: int) -> list[Standing]:
    """All contracts of a client, at an instant at or after its last work. The accounts move on to it."""
    day = terms.zone.day(at).ordinal
    found = []
    for _, plan in sorted(terms.plans.items()):
        account = accounts.of(plan)
        if plan.contract.from_ is None or plan.contract.from_.toordinal() <= day:
            account.at(day)
        found.append(_standing(terms, account, terms.currency_of(plan.contract, day)))
    return found


def _standing(terms: ClientTerms, account: Account, currency: str) -> Standing:
    plan = account.plan
    lots = sorted([*account.gone, *account.lots], key=lambda one: (one.start, one.id))
    return Standing(
        client=terms.client,
        contract=plan.id,
        zone=terms.zone.name,
        unit=account.unit(),
        currency=currency,
        exponent=exponent_of(currency),
        owed=account.owed(),
        over={unit: Fraction(value) for unit, value in account.over.items()},
        incidents=len(account.incidents),
        lots=tuple([one.copy() for one in lots]),
        events=tuple(account.events),
    )
