"""What holds for one service, person and era: contract, rounding, calendar, prices. Shared by all rows of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from billing.contracts.plan import Plan
from billing.rates import Price, Rates
from billing.scopes import BY_DAY
from billing.stacking import name_of
from billing.tier_calendar import Stack, TierCalendar
from streams.models.catalog import Contract, Rounding
from streams.models.entry import Disposition
from streams.models.work import Step

Blocked = tuple[Disposition, str]  # why nothing is billed: disposition and reason


class Takes(NamedTuple):
    """What a second of prepaid work of one tier takes from a balance, by unit (None: what has no price has no value to
    draw); what it costs beside that, and what it costs, or why nothing, beyond the balance."""

    seconds: Fraction | None
    money: Fraction | None
    premium: Price | None
    overage: Price | None
    blocked: Blocked | None


@dataclass(slots=True, eq=False)
class Terms:
    """What holds for one service and person in one era. ``blocked`` None: it is priced by ``rates``."""

    service: str
    contract: str
    taken: Disposition  # what the contract makes of priced work
    policy: Rounding | None
    calendar: TierCalendar | None
    rates: Rates
    blocked: Blocked | None
    contract_step: Step
    excluded: frozenset[str]  # tiers that the contract does not take
    other: Callable[[], Terms]  # the terms of those
    prepaid: Plan | None = None  # the contract's balances
    role: str = ""
    project: str = ""  # or project/change order
    agreement: Contract | None = None  # the contract itself
    takes: dict[str, Takes] = field(default_factory=dict)  # by tier, as they are asked for
    _names: dict[Stack, str] = field(default_factory=dict)
    _minimums: dict[str, int] = field(default_factory=dict)

    def under(self, stack: Stack) -> Terms:
        """The terms that take work in these tiers: these, or those of a fallback."""
        return self if self.excluded.isdisjoint(stack) else self.other().under(stack)

    @property
    def by_day(self) -> bool:
        return self.policy is not None and self.policy.scope in BY_DAY

    @property
    def currency(self) -> str:
        return self.rates.currency

    @property
    def exponent(self) -> int:
        return self.rates.exponent

    def tier_of(self, stack: Stack) -> str:
        """The name of tiers that hold at once, under which they are priced."""
        if len(stack) == 1:
            return stack[0]
        name = self._names.get(stack)
        if name is None:
            name = self._names[stack] = name_of(stack, self.rates)
            if name not in stack:
                self._minimums[name] = max([self.minimum(tier) for tier in stack])
        return name

    def minimum(self, tier: str) -> int:
        """Seconds that a scope with work in this tier is billed at least; 0 without."""
        known = self._minimums.get(tier)
        if known is None:
            own = self.policy.tier_minimums.get(tier) if self.policy else None
            general = self.rates.tiers.get(tier)
            known = 60 * (own if own is not None else general.minimum_minutes if general else 0)
            self._minimums[tier] = known
        return known

    def price(self, tier: str) -> Price | None:
        """What is asked for a tier; None if nothing prices it."""
        return self.rates.price(tier)


class Person(NamedTuple):
    """Who works and where, as far as a rate line, a contract or a zone may depend on it, and the local days on which
    the work began and ended."""

    technician: str = ""
    role: str = ""
    began: int = 0
    ended: int = 0
    ticket_type: str = ""
    site: str = ""
    script: str = ""  # the policy of a script run
    ticket: str = ""  # where a project names it


NOBODY = Person()
