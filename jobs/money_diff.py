"""Two ledgers side by side in money: what a client's month would bring before and after."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from jobs.output import Report, duration, money
from streams.models.entry import OUTSIDE_SUMS, Entry


class Group(NamedTuple):
    """Amounts of several currencies are never added; ``currency`` "" where nothing has a price."""

    client: str
    period: str
    currency: str


@dataclass(slots=True)
class Sums:
    """Of a client's month in one currency: seconds billed and covered, money and money at risk in major units."""

    billed_seconds: int = 0
    covered_seconds: int = 0
    amount: Decimal = Decimal(0)
    risk_amount: Decimal = Decimal(0)


@dataclass(slots=True)
class Change:
    """One group before and after; ``rows`` of it differ, ``example`` is the id of the one that differs most."""

    group: Group
    before: Sums
    after: Sums
    rows: int = 0
    example: str = ""

    @property
    def difference(self) -> Decimal:
        return self.after.amount - self.before.amount


def compare(before: Iterable[Entry], after: Iterable[Entry]) -> list[Change]:
    """Every client's month in which any row differs, in order. Rows are matched by identity; trails do not count."""
    olds, news = _live(before), _live(after)
    changes: dict[Group, Change] = {}
    largest: dict[Group, Decimal] = {}
    for id_ in sorted(olds.keys() | news.keys()):
        old, new = olds.get(id_), news.get(id_)
        if old is not None and new is not None and _content(old) == _content(new):
            continue
        moved = abs((_amount(new) if new else Decimal(0)) - (_amount(old) if old else Decimal(0)))
        for group in sorted({_group(one) for one in (old, new) if one is not None}):
            change = changes.setdefault(group, Change(group, Sums(), Sums()))
            change.rows += 1
            if not change.example or moved > largest[group]:
                change.example, largest[group] = id_, moved
    for entries, side in ((olds, "before"), (news, "after")):
        for entry in entries.values():
            if (found := changes.get(_group(entry))) is not None:
                _add(getattr(found, side), entry)
    return [changes[group] for group in sorted(changes)]


def _live(entries: Iterable[Entry]) -> dict[str, Entry]:
    return {one.id: one for one in entries if not one.void and one.disposition not in OUTSIDE_SUMS}


def _group(entry: Entry) -> Group:
    return Group(entry.identity.client, entry.identity.period, entry.currency or entry.risk_currency)


def _content(entry: Entry) -> tuple[Any, ...]:
    return (
        entry.currency, entry.amount, entry.disposition, entry.reason, entry.worked_seconds, entry.quantity_seconds,
        entry.risk_amount, entry.risk_currency, entry.contract, entry.ticket, entry.technician, entry.segments,
    )  # fmt: skip


def _amount(entry: Entry) -> Decimal:
    return money(entry.amount, entry.exponent)


def _add(sums: Sums, entry: Entry) -> None:
    sums.billed_seconds += entry.seconds_of("billed")
    sums.covered_seconds += entry.seconds_of("covered")
    sums.amount += _amount(entry)
    sums.risk_amount += money(entry.risk_amount, entry.exponent)


COLUMNS = ("client", "month", "billed before", "after", "amount before", "after", "difference", "at risk before",
           "after", "rows", "for example")  # fmt: skip


def report(changes: list[Change], title: str) -> Report:
    """A line a client's month, and a sum a currency."""
    rows = [
        (one.group.client or "–", one.group.period, duration(one.before.billed_seconds),
         duration(one.after.billed_seconds), _text(one.before.amount), _text(one.after.amount),
         f"{_text(one.difference, sign=True)} {one.group.currency}".strip(), _text(one.before.risk_amount),
         _text(one.after.risk_amount), one.rows, one.example[:12])
        for one in changes
    ]  # fmt: skip
    totals = []
    for currency in sorted({one.group.currency for one in changes}):
        some = [one for one in changes if one.group.currency == currency]
        total = sum((one.difference for one in some), Decimal(0))
        totals.append(("all", "", "", "", "", "", f"{_text(total, sign=True)} {currency}".strip(), "", "",
                       sum(one.rows for one in some), ""))  # fmt: skip
    return Report(title, COLUMNS, rows, totals)


def _text(amount: Decimal, sign: bool = False) -> str:
    return f"{amount:+,f}" if sign else f"{amount:,f}"


CSV = ("client", "period", "currency", "billed_seconds_before", "billed_seconds_after", "amount_before",
       "amount_after", "difference", "risk_before", "risk_after", "rows", "example")  # fmt: skip


def csv_rows(changes: list[Change]) -> list[tuple[str | int | Decimal, ...]]:
    return [
        (*one.group, one.before.billed_seconds, one.after.billed_seconds, one.before.amount, one.after.amount,
         one.difference, one.before.risk_amount, one.after.risk_amount, one.rows, one.example)
        for one in changes
    ]  # fmt: skip


def as_json(changes: list[Change]) -> list[dict[str, Any]]:
    return [
        {
            "client": one.group.client or None, "period": one.group.period, "currency": one.group.currency or None,
            "before": _json(one.before), "after": _json(one.after), "difference": str(one.difference),
            "rows": one.rows, "example": one.example,
        }
        for one in changes
    ]  # fmt: skip


def _json(sums: Sums) -> dict[str, Any]:
    return {
        "billed_seconds": sums.billed_seconds, "covered_seconds": sums.covered_seconds,
        "amount": str(sums.amount), "risk_amount": str(sums.risk_amount),
    }  # fmt: skip
