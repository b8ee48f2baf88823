"""A starter rate card from the prices that a timesheet shows, exact, and said where each comes from."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from jobs.timesheet import TimesheetRow

CENT = Decimal("0.01")


@dataclass(slots=True)
class Starter:
    """``common`` is None where no price was seen. ``own`` are clients whose usual price differs."""

    currency: str = ""
    common: Decimal | None = None
    seen: str = ""
    own: dict[str, tuple[Decimal, str]] = field(default_factory=dict)


def starter_rates(rows: list[TimesheetRow], of_client: dict[tuple[str, str], str]) -> Starter:
    """The price most rows have, and the clients that usually have another one."""
    priced = [row for row in rows if hourly(row) is not None]
    currencies = Counter(row.currency for row in priced if row.currency)
    if not priced:
        return Starter()
    common, count = _usual(priced)
    currency = min(currencies, key=lambda code: (-currencies[code], code), default="")
    starter = Starter(currency, common, f"{count} of {len(priced)} billable timesheet rows")
    by_client: dict[str, list[TimesheetRow]] = {}
    for row in priced:
        if row.client:
            by_client.setdefault(of_client[row.tool, row.client], []).append(row)
    for client, own in sorted(by_client.items()):
        usual, times = _usual(own, common)
        if usual != common:
            starter.own[client] = (usual, f"{times} of its {len(own)} billable timesheet rows")
    return starter


def hourly(row: TimesheetRow) -> Decimal | None:
    """The price per hour a row shows, to the cent; None where it shows none, or zero."""
    if row.billable is False:
        return None
    rate, seconds = row.rate, row.billed_seconds or row.seconds
    if rate is None and row.amount is not None and seconds:
        rate = row.amount * 3600 / seconds
    return rate.quantize(CENT, ROUND_HALF_UP) if rate else None


def _shows(row: TimesheetRow, rate: Decimal) -> bool:
    """Whether the row may have been priced at ``rate``: 53.17 for 1595 s is 120.00, not 120.01."""
    if hourly(row) == rate:
        return True
    seconds = row.billed_seconds or row.seconds
    return row.rate is None and row.amount == (rate * seconds / 3600).quantize(CENT, ROUND_HALF_UP)


def _usual(rows: list[TimesheetRow], preferred: Decimal | None = None) -> tuple[Decimal, int]:
    """The rate that most rows show; of those as frequent the preferred, then the roundest, then the smallest."""
    rates = {rate for row in rows if (rate := hourly(row)) is not None} | ({preferred} if preferred else set())
    rates |= {rate.quantize(Decimal(1), ROUND_HALF_UP).quantize(CENT) for rate in rates} - {Decimal(0)}
    counts = {rate: sum(_shows(row, rate) for row in rows) for rate in rates}
    best = min(counts, key=lambda rate: (-counts[rate], rate != preferred, rate % 1 != 0, rate))
    return best, counts[best]
