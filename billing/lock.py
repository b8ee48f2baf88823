"""Which months a door still takes manual edits for. Amounts never depend on it, and facts from tools are never refused.

With 10 days of grace, an entry of May may be edited until 10 June; what is older is locked.
"""

from __future__ import annotations

from datetime import date

from billing.closes import month_after


def may_edit(on: date, today: date, grace_days: int | None) -> bool:
    """Whether work of a local day may be edited by hand on another; ``grace_days`` None: there is no lock."""
    if grace_days is None:
        return True
    month, now = on.isoformat()[:7], today.isoformat()[:7]
    return month >= now or (month_after(month) == now and today.day <= grace_days)


def is_soft(period: str, today: date) -> bool:
    """Whether a month is over: soft-closed, until finance closes it."""
    return period < today.isoformat()[:7]
