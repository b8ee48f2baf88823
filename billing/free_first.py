"""The first minutes of a scope at no charge: of what would be billed, in the order of the work."""

from __future__ import annotations

from collections.abc import Iterable

from billing.front import front
from billing.rate_cut import Part, Row, settle
from billing.services import fits_service
from billing.trail import duration
from streams.models.limits import Allowance, Reach
from streams.models.work import Step

FREE = "free_first"
Key = tuple[str, int, str]  # contract, which of its promises, and the scope


def scope_key(contract: str, number: int, reach: Reach, row: Row) -> Key:
    """Where a promise counts; without a ticket a piece of work is its own scope."""
    work = row.work
    scope = {"entry": work.id, "ticket": f"t/{work.ticket}" if work.ticket else work.id, "period": row.period}[reach]
    return contract, number, scope


def in_order(rows: Iterable[Row]) -> list[Row]:
    """By their first second, then the work: the order in which promises are used up."""
    return sorted(rows, key=lambda row: (row.parts[0].start, row.work.id))


def free_first(rows: Iterable[Row]) -> None:
    """Make what allowances cover `no_charge`; ``rows`` hold all that shares one."""
    used: dict[Key, int] = {}
    for row in in_order(row for row in rows if any(_allowances(part) for part in row.parts)):
        parts: list[Part] = []
        for part in row.parts:
            parts += _freed(part, row, used)
        row.parts = parts
        settle(row)


def _allowances(part: Part) -> list[tuple[int, Allowance]]:
    contract = part.terms.agreement
    return [] if contract is None else list(enumerate(contract.free_first))


def _freed(part: Part, row: Row, used: dict[Key, int]) -> Iterable[Part]:
    """The part, cut where an allowance ends."""
    for number, one in _allowances(part):
        fits = any(fits_service(pattern, part.terms.service) for pattern in one.services)
        if part.disposition != "billed" or not part.billed or not fits:
            continue
        key = scope_key(part.terms.contract, number, one.scope, row)
        taken = min(part.billed, one.seconds - used.get(key, 0))
        if taken <= 0:
            continue
        used[key] = used.get(key, 0) + taken
        free, rest = (part, None) if taken == part.billed else front(part, row.work, taken)
        free.disposition, free.reason, free.price = "no_charge", FREE, None
        free.steps = (*free.steps, _step(part.terms.contract, one, taken))
        yield free
        if rest is None:
            return
        part = rest
    yield part


def _step(contract: str, one: Allowance, taken: int) -> Step:
    what = {"entry": "each piece of work", "ticket": "each ticket", "period": "each month"}[one.scope]
    why = f"the first {duration(one.seconds)} of {what} are free"
    return Step("free_first", after=f"{duration(taken)} at no charge", rule=contract, why=why)
