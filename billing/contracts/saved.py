"""An account at one place of the client's work: to go back to in memory, or to begin a later statement from."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple, cast

from billing.contracts.account import Account
from billing.contracts.events import Debt
from billing.contracts.lots import NONE, Balance, Unit
from billing.contracts.plan import Plan
from streams.models.opening import DebtOpening, LotOpening, Opening


class Saved(NamedTuple):
    """Of what only grows the length is enough."""

    lots: tuple[Balance, ...]
    debts: tuple[Debt, ...]
    over: dict[Unit, Fraction | int]
    there: dict[Unit, Fraction]
    told: tuple[tuple[Unit, str], ...]
    plain: tuple[int, int | None, bool, int]  # pending, cycle, ended, next
    grown: tuple[int, int, int]  # incidents, events, gone
    plans: tuple[Plan, Plan | None]  # its own, and of whose release that is


def save(account: Account) -> Saved:
    """What ``load`` goes back to."""
    return Saved(
        tuple([one.copy() for one in account.lots]),
        tuple(account.debts),
        dict(account.over),
        dict(account.there),
        tuple(account.told),
        (account.pending, account.cycle, account.ended, account.next),
        (len(account.incidents), len(account.events), len(account.gone)),
        (account.plan, account.source),
    )


def load(account: Account, saved: Saved) -> None:
    """Forget what happened since; the account must have been there."""
    account.lots = [one.copy() for one in saved.lots]
    account.debts, account.told = list(saved.debts), list(saved.told)
    account.over, account.there = dict(saved.over), dict(saved.there)
    account.pending, account.cycle, account.ended, account.next = saved.plain
    incidents, events, gone = saved.grown
    while len(account.incidents) > incidents:
        account.incidents.popitem()
    del account.events[events:], account.gone[gone:]
    account.plan, account.source = saved.plans
    account.ordered = None


def opening(account: Account) -> Opening:
    """The account as a record. What ended and what happened before are no part of it."""
    return Opening(
        contract=account.plan.id,
        lots=tuple([_lot(one) for one in account.lots]),
        debts=tuple([_debt(one) for one in account.debts]),
        cycle=account.cycle,
        ended=account.ended,
        next=account.next,
        over={unit: str(value) for unit, value in sorted(account.over.items())},
        there={unit: str(value) for unit, value in sorted(account.there.items())},
        told=tuple(account.told),
        incidents=tuple(account.incidents.items()),
    )


def resumed(plan: Plan, record: Opening) -> Account:
    """An account that goes on where the record stands; it draws what the other one would have drawn."""
    begun = [one for one in plan.lots if one.start < record.next]
    held = {one.id for one in record.lots}
    return Account(
        plan,
        source=plan,
        lots=[_balance(one) for one in record.lots],
        gone=[replace(one, left=NONE) for one in begun if one.id not in held],
        pending=len(begun),
        cycle=record.cycle,
        debts=[_owed(one) for one in record.debts],
        over={cast("Unit", unit): Fraction(value) for unit, value in record.over.items()},
        there={cast("Unit", unit): Fraction(value) for unit, value in record.there.items()},
        told=[(cast("Unit", unit), percent) for unit, percent in record.told],
        incidents=dict(record.incidents),
        ended=record.ended,
        next=record.next,
    )


def _lot(one: Balance) -> LotOpening:
    return LotOpening(
        id=one.id, unit=one.unit, start=one.start, end=one.end, size=str(one.size), left=str(one.left),
        priority=one.priority, granted=one.granted, cycle=one.cycle,
        price=None if one.price is None else str(one.price),
        rolled=str(one.rolled), offset=str(one.offset), forfeited=str(one.forfeited),
    )  # fmt: skip


def _balance(one: LotOpening) -> Balance:
    return Balance(
        one.id, cast("Unit", one.unit), one.start, one.end, Fraction(one.size), Fraction(one.left), one.priority,
        one.granted, one.cycle, None if one.price is None else Fraction(one.price), Fraction(one.rolled),
        Fraction(one.offset), forfeited=Fraction(one.forfeited),
    )  # fmt: skip


def _debt(one: Debt) -> DebtOpening:
    return DebtOpening(
        quantity=str(one.quantity), seconds=str(one.seconds), each=None if one.each is None else str(one.each),
        rate=one.rate, line=one.line, currency=one.currency, exponent=one.exponent, reason=one.reason, work=one.work,
    )  # fmt: skip


def _owed(one: DebtOpening) -> Debt:
    each = None if one.each is None else Fraction(one.each)
    return Debt(
        Fraction(one.quantity), Fraction(one.seconds), each, one.rate, one.line, one.currency, one.exponent,
        one.reason, one.work,
    )  # fmt: skip
