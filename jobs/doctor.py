"""What leaks by configuration: rates, contracts, cards, people and devices that the catalogue leaves unsaid.

A pure reading of the catalogue, the work and the ledger; ``everyminute doctor`` takes them from the logs, a scenario
brings its own. Money at risk is what the ledger says such rows would bring at the best candidate rate.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from billing.book import CatalogState
from billing.rate_terms import ClientTerms
from billing.unknown_facts import unknown_facts
from jobs.doctor_findings import FINDINGS, code_of
from jobs.output import Report, amount_text, duration, money
from streams.models.catalog import RateCard
from streams.models.entry import OUTSIDE_SUMS, Entry
from streams.models.work import Work


@dataclass(slots=True)
class Seen:
    """What is examined: the catalogue that holds, work by id, and rows that hold."""

    book: CatalogState
    works: list[Work] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)


class Key(NamedTuple):
    """One finding a code and subject; money of several currencies is never added."""

    code: str
    subject: str
    currency: str


@dataclass(slots=True)
class Finding:
    """``risk`` in minor units; ``example`` is the id of the row with the most at risk, "" where there is no row."""

    key: Key
    entries: int = 0
    seconds: int = 0
    risk: int = 0
    exponent: int = 2
    example: str = ""
    most: int = -1


def examine(seen: Seen) -> list[Finding]:
    """Every finding, the most expensive first within the order of its code and currency."""
    found: dict[Key, Finding] = {}
    for entry in sorted(seen.entries, key=lambda one: one.id):
        if not entry.void and not entry.charge and entry.disposition not in OUTSIDE_SUMS:
            for code, subject, seconds, risk in _of_row(entry):
                currency = entry.risk_currency or entry.currency
                _add(found, Key(code, subject, currency), entry, seconds, risk)
    for key, seconds, risk, exponent in (*_unknown(seen), *_ended(seen)):
        one = found.setdefault(key, Finding(key, exponent=exponent))
        one.seconds, one.risk = one.seconds + seconds, one.risk + risk
    order = list(FINDINGS)
    return sorted(found.values(), key=lambda one: (-one.risk, order.index(one.key.code), one.key))


def _add(found: dict[Key, Finding], key: Key, entry: Entry, seconds: int, risk: int) -> None:
    one = found.setdefault(key, Finding(key, exponent=entry.exponent))
    one.entries, one.seconds, one.risk = one.entries + 1, one.seconds + seconds, one.risk + risk
    if risk > one.most:
        one.most, one.example = risk, entry.id


def _of_row(entry: Entry) -> Iterator[tuple[str, str, int, int]]:
    """Code, subject, seconds and money at risk of each thing about a row that the catalogue could mend."""
    client = entry.identity.client
    for part in entry.outcomes():
        if (code := code_of(part.disposition, part.reason)) is not None:
            yield code, _subject(code, entry, client, part.reason), part.quantity, part.risk
    for segment in entry.segments:
        free = segment.rate and not _costs(segment.rate) and not segment.amount
        if free and segment.billed_seconds and (segment.disposition or entry.disposition) == "billed":
            yield "rate_of_zero", segment.line or f"{entry.service or '*'} at {client}", segment.billed_seconds, 0
    if entry.cost_reason.startswith("no_cost"):
        yield "technician_without_cost", entry.technician, entry.worked_seconds, 0


def _costs(rate: str) -> bool:
    """Whether an hourly price as decimal text is anything but zero."""
    return any(digit in "123456789" for digit in rate)


def _subject(code: str, entry: Entry, client: str, reason: str) -> str:
    """What the finding is about, as people name it."""
    named = reason.partition(": ")[2]
    if code in ("device_without_client", "technician_unknown", "ticket_unknown"):
        thing = {"device_without_client": entry.device or entry.who, "ticket_unknown": entry.ticket}
        return thing.get(code, entry.who) or "unnamed"
    if code == "client_without_contract":
        return client
    service = f"{entry.service or 'no service'} at {client}"
    return f"{named}: {service}" if named else service


def _unknown(seen: Seen) -> Iterator[tuple[Key, int, int, int]]:
    """Tickets with work whose emergency facts nobody filled in."""
    by_client: dict[str, list[Work]] = {}
    for work in seen.works:
        by_client.setdefault(work.client or "", []).append(work)
    for client, works in sorted(by_client.items()):
        for one in unknown_facts(ClientTerms(seen.book, client), works):
            subject = f"ticket {one.ticket or '(none)'} at {client}: {', '.join(one.facts)}"
            yield Key("emergency_unknown", subject, one.currency), one.seconds, one.risk, one.exponent


def _ended(seen: Seen) -> Iterator[tuple[Key, int, int, int]]:
    """Rate cards that ended before the newest work, with nothing of the same kind behind them."""
    last = max((one.local_date for one in seen.entries if one.local_date), default="")
    cards = sorted(seen.book.all(RateCard).values(), key=lambda card: card.id)
    for card in cards:
        if card.until is None or not last or card.until.isoformat() > last:
            continue
        alike = [one for one in cards if one is not card and _scope(one) == _scope(card)]
        if not any(one.until is None or one.until > card.until for one in alike):
            currency = card.currency or seen.book.organisation.currency
            yield Key("rate_card_ended", f"{card.id} ({card.until})", currency), 0, 0, 2


def _scope(card: RateCard) -> tuple[str | None, ...]:
    return card.client, card.contract, card.project


def report(findings: Iterable[Finding], title: str) -> Report:
    rows = [
        (one.key.code, one.key.subject, one.entries, duration(one.seconds),
         amount_text(one.risk, one.exponent, one.key.currency if one.risk else ""), one.example[:8])
        for one in findings
    ]  # fmt: skip
    return Report(title, ("finding", "about", "entries", "time", "at risk", "example"), rows)


def remedies(findings: Iterable[Finding]) -> list[str]:
    """What to do, once a kind of finding, in the order in which they were found."""
    codes = dict.fromkeys(one.key.code for one in findings)
    return [f"{code}: {FINDINGS[code].remedy}" for code in codes]


def as_json(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    return [
        {
            "code": one.key.code, "subject": one.key.subject, "entries": one.entries, "seconds": one.seconds,
            "risk_amount": str(money(one.risk, one.exponent)), "currency": one.key.currency or None,
            "example": one.example or None, "meaning": FINDINGS[one.key.code].meaning,
            "remedy": FINDINGS[one.key.code].remedy,
        }
        for one in findings
    ]  # fmt: skip
