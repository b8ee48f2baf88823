"""From work to rows: cut, round once a scope, price each segment, round the money once."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import groupby, pairwise
from typing import Any

from tests.oracle.book import Book, Plain
from tests.oracle.linking import Work
from tests.oracle.zones import DAYS, instant_of, local_day, midnight, midnights_inside

NO_DECIMALS = {"JPY", "KRW", "VND", "CLP", "ISK", "PYG", "UGX", "XAF", "XOF", "XPF", "RWF", "KMF", "GNF", "DJF", "BIF"}
THREE_DECIMALS = {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"}
UNBILLED_AS_A_WHOLE = ("unlinked", "orphan_stop", "unconfirmed", "non_billable")


@dataclass
class Piece:
    """A stretch in which nothing changes. ``end`` − ``start`` seconds, of which none is a pause."""

    work: Work
    start: int
    end: int
    zone: str
    period: str
    contract: str = ""
    policy: str = ""
    tier: str = ""
    line: tuple[str, int] | None = None  # card and place in it
    rate: Fraction | None = None
    currency: str = ""
    trouble: str = ""  # no_rate_path or unpriced
    reason: str = ""
    added: int = 0

    @property
    def key(self) -> tuple[Any, ...]:
        return self.tier, self.rate, self.line, self.contract, self.trouble, self.reason


@dataclass
class Row:
    work: Work
    period: str
    pieces: list[Piece]
    disposition: str = ""
    reason: str = ""
    service: str = ""
    segments: list[list[Piece]] = field(default_factory=list)


def exponent(currency: str) -> int:
    return 0 if currency in NO_DECIMALS else 3 if currency in THREE_DECIMALS else 2


def money(seconds: int, rate: Fraction, currency: str) -> int:
    """Minor units, half away from zero."""
    exact = Fraction(seconds) * rate / 3600 * 10 ** exponent(currency)
    return int(exact + Fraction(1, 2))  # never negative here


def number(text: object) -> Fraction:
    return Fraction(Decimal(str(text)))


class Rating:
    def __init__(self, book: Book) -> None:
        self.book = book

    def rows(self, works: list[Work]) -> list[Row]:
        found = [row for work in works for row in self._rows_of(work)]
        self._round(found)
        return found

    def _rows_of(self, work: Work) -> list[Row]:
        by_period: dict[str, list[Piece]] = defaultdict(list)
        for piece in self._pieces(work):
            by_period[piece.period].append(piece)
        return [self._judge(Row(work, period, pieces)) for period, pieces in sorted(by_period.items())]

    def _pieces(self, work: Work) -> list[Piece]:
        zone, found = self.book.zone_of(work.client), []
        for start, end in work.spans:
            days = [start, *midnights_inside(start, end, zone), end]
            for day_start, day_end in pairwise(days):
                contract = self._contract(work, day_start, zone)
                calendar = self._calendar(contract)
                cuts = self._cuts(calendar, day_start, day_end, zone)
                for a, b in pairwise(cuts):
                    piece = Piece(work, a, b, zone, f"{local_day(a, zone):%Y-%m}")
                    piece.contract = contract["id"] if contract else ""
                    piece.policy = (contract or {}).get("rounding") or self.book.rounding or ""
                    piece.tier = self._tier(calendar, a, zone)
                    self._price(piece, contract)
                    found.append(piece)
        return found

    # which terms hold

    def _contract(self, work: Work, at: int, zone: str) -> Plain | None:
        service = self.book.service_of(work.service)
        fitting = [
            contract for _, contract in sorted(self.book.objects["contract"].items())
            if contract["client"] == work.client and self.book.holds(contract, at, zone)
            and ({"*", service} & set(contract.get("services", ["*"])))
        ]  # fmt: skip
        return max(fitting, key=lambda c: c.get("from") or "", default=None)  # of equal ones the first: smallest id

    def _calendar(self, contract: Plain | None) -> Plain | None:
        name = (contract or {}).get("calendar") or self.book.calendar
        return self.book.objects["calendar"].get(name or "")

    def _windows(self, calendar: Plain | None, at: int, zone: str) -> list[tuple[int, int, str]]:
        """Windows of the days around an instant, in the order of the catalogue."""
        found = []
        for window in (calendar or {}).get("windows", []):
            there = (calendar or {}).get("zone") or zone
            for shift in (-2, -1, 0, 1):
                day = local_day(at, there) + timedelta(days=shift)
                if DAYS[day.weekday()] in window["days"]:
                    over = timedelta(days=window["until"] <= window["from"])
                    ends = instant_of(day + over, window["until"], there)
                    found.append((instant_of(day, window["from"], there), ends, window["tier"]))
        return found

    def _cuts(self, calendar: Plain | None, start: int, end: int, zone: str) -> list[int]:
        edges = {edge for a, b, _ in self._windows(calendar, start, zone) for edge in (a, b)}
        return [start, *sorted(edge for edge in edges if start < edge < end), end]

    def _tier(self, calendar: Plain | None, at: int, zone: str) -> str:
        if calendar is None:
            return "standard"
        inside = [tier for a, b, tier in self._windows(calendar, at, zone) if a <= at < b]
        return inside[0] if inside else calendar.get("otherwise", "after_hours")

    # what it costs

    def _lines(self, client: str | None, service: str, at: int, zone: str) -> list[tuple[Plain, int, Plain]]:
        """Rate lines that fit, the best first: card, place, line."""
        found = []
        for id_, card in sorted(self.book.objects["rate_card"].items()):
            owner = card.get("client")
            if owner not in (None, client) or not self.book.holds(card, at, zone):
                continue
            for place, line in enumerate(card.get("lines", [])):
                named = line.get("service", "*")
                if named in ("*", service):
                    late = midnight(card["from"], zone) if card.get("from") else -1
                    found.append(((owner is None, named == "*", -late, id_, place), (card, place, line)))
        return [entry for _, entry in sorted(found, key=lambda f: f[0])]

    def _money_of(self, client: str | None) -> set[str]:
        """The currency of the client: that of its own cards, else the organisation's."""
        own = [c for c in self.book.objects["rate_card"].values() if c.get("client") == client is not None]
        return {card.get("currency") or self.book.currency for card in own} or {self.book.currency}

    def _price(self, piece: Piece, contract: Plain | None) -> None:
        if contract is None:
            piece.trouble = "no_rate_path"
            return
        work = piece.work
        lines = self._lines(work.client, self.book.service_of(work.service), piece.start, piece.zone)
        allowed = self._money_of(work.client)
        fitting = [f for f in lines if {f[0].get("currency") or self.book.currency} == allowed]
        if not fitting:
            piece.trouble = "unpriced"
            return
        card, place, line = fitting[0]
        piece.line, piece.currency = (card["id"], place), next(iter(allowed))
        piece.rate = self._tier_rate(line, piece.tier)
        if piece.rate is None:
            piece.trouble, piece.reason = "unpriced", "tier_without_price"

    def _tier_rate(self, line: Plain, tier: str) -> Fraction | None:
        price = line.get("tiers", {}).get(tier, {})
        if price.get("rate") is not None:
            return number(price["rate"])
        multiplier = price.get("multiplier")
        if multiplier is None and tier != "standard":
            multiplier = self.book.objects["tier"].get(tier, {}).get("multiplier")
        if multiplier is None:
            return number(line["rate"]) if tier == "standard" else None
        return number(line["rate"]) * number(multiplier)

    def risk(self, row: Row) -> tuple[int, str]:
        """What the unbilled part of a row would have brought at the standard tier, in its first currency."""
        if row.disposition == "non_billable":
            return 0, ""
        lost: dict[tuple[Fraction, str, str, int], int] = {}
        for piece in row.pieces:
            lines = self._lines(row.work.client, row.service, piece.start, piece.zone)
            if lines and (piece.trouble or row.disposition != "billed"):
                card, place, line = lines[0]
                key = number(line["rate"]), card.get("currency") or self.book.currency, card["id"], place
                lost[key] = lost.get(key, 0) + piece.end - piece.start + piece.added
        currency = next((key[1] for key in lost), "")
        total = sum(money(seconds, key[0], key[1]) for key, seconds in lost.items() if key[1] == currency)
        return total, currency if total else ""

    # what becomes of it

    def _judge(self, row: Row) -> Row:
        work = row.work
        row.service = self.book.service_of(work.service)
        service = self.book.objects["service"].get(row.service, {})
        client = self.book.objects["client"].get(work.client or "", {})
        free = work.billable is False or _false(service.get("billable")) or _true(client.get("internal"))
        troubles = [piece for piece in row.pieces if piece.trouble]
        if work.orphan:
            row.disposition = "orphan_stop"
        elif work.client is None or work.technician is None:
            row.disposition, row.reason = "unlinked", work.reason
        elif not work.authenticated:
            row.disposition = "unconfirmed"
        elif free:
            row.disposition = "non_billable"
        elif len(troubles) == len(row.pieces):
            worst = min(troubles, key=lambda piece: (piece.trouble, piece.reason))  # no_rate_path before unpriced
            row.disposition, row.reason = worst.trouble, worst.reason
        else:
            row.disposition = "billed"
        for piece in row.pieces:
            if row.disposition != "billed" or piece.trouble:
                piece.line = piece.rate = None
        row.segments = [list(group) for _, group in groupby(row.pieces, key=lambda piece: piece.key)]
        return row

    # rounding

    def _round(self, rows: list[Row]) -> None:
        scopes: dict[tuple[Any, ...], list[list[Piece]]] = defaultdict(list)
        for row in rows:
            for segment in row.segments:
                timed = [piece for piece in segment if piece.end > piece.start]  # zero seconds bill nothing
                for key, part in groupby(timed, key=lambda piece: self._scope(row, piece)):
                    scopes[key].append(list(part))
        for parts in scopes.values():
            parts.sort(key=lambda part: (part[0].start, part[0].work.id))
            policy = self.book.objects["rounding"].get(parts[0][0].policy, {})
            worked = sum(piece.end - piece.start for part in parts for piece in part)
            parts[-1][-1].added += rounded(worked, policy) - worked

    def _scope(self, row: Row, piece: Piece) -> tuple[Any, ...]:
        """What is rounded together: one piece of work, or a ticket's day."""
        policy = self.book.objects["rounding"].get(piece.policy, {})
        inside = (row.work.client, piece.contract, piece.policy, row.disposition)
        if policy.get("scope", "entry") == "ticket_day" and row.work.ticket:
            return (*inside, "ticket", row.work.ticket, local_day(piece.start, piece.zone))
        return (*inside, "work", row.work.id)


def rounded(seconds: int, policy: Plain) -> int:
    if seconds == 0:
        return 0
    step = int(policy.get("increment_minutes", 0)) * 60
    up = seconds if step == 0 else -(-seconds // step) * step
    return max(int(policy.get("minimum_minutes", 0)) * 60, up)


def _true(value: object) -> bool:
    return value is True or str(value).lower() in ("true", "yes", "on", "1")


def _false(value: object) -> bool:
    return value is False or str(value).lower() in ("false", "no", "off", "0")
