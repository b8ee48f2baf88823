"""Cutting a piece of work into rows (client's month) and parts (one tier, one set of terms), to the second."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from billing.calendar import Day
from billing.decisions import UNDECIDED, Verdict
from billing.rate_terms import ClientTerms
from billing.rates import NO_TIER, Price
from billing.scopes import Scope
from billing.stretch import Stretch, split
from billing.terms import Blocked, Terms
from billing.tier_calendar import STANDARD
from streams.models.entry import MAIN_FIRST, Disposition
from streams.models.interval import Span
from streams.models.script import ScriptPolicy
from streams.models.work import Step, Work


@dataclass(slots=True)
class Part:
    """A stretch of one row under one tier and one set of terms; pauses may lie inside it.

    ``base`` is the calendar's tier, ``why`` the facts that put another beside it.
    ``day`` is its local day where the rounding scope ends at midnight, else 0. ``billed`` is set by rounding,
    with the scope it was rounded in and what that scope came to, ``scope_charged`` of it in earlier statements;
    ``topped`` of it are the minimum of a tier.
    """

    terms: Terms
    tier: str
    day: int
    start: int
    end: int
    seconds: int
    base: str = STANDARD
    why: str = ""
    billed: int = 0
    topped: int = 0
    scope: Scope = ()
    scope_seconds: int = 0
    scope_quantity: int = 0
    scope_charged: int = 0
    disposition: Disposition = "billed"
    reason: str = ""
    era: int = 0  # the day since which its balances stand
    price: Price | None = None  # of its own: overage, or a premium on what is covered
    drawn: int = 0
    lot: str = ""
    steps: tuple[Step, ...] = ()  # what it took from balances
    flat: int = 0  # seconds billed although nobody worked them: of a script
    machine: int = 0  # seconds that a machine ran
    fee_currency: str = ""  # of a script's fee: no seconds, ``price`` is all of it

    @property
    def money_only(self) -> bool:
        return bool(self.fee_currency)


@dataclass(slots=True)
class Row:
    """What one statement has of one piece of work; its disposition is the main one of its parts."""

    work: Work
    period: str
    date: str
    parts: list[Part] = field(default_factory=list)
    disposition: Disposition = "billed"
    reason: str = ""
    flags: tuple[str, ...] = ()
    verdict: Verdict = UNDECIDED
    script: ScriptPolicy | None = None  # of a script run

    @property
    def overlap(self) -> int:
        """Seconds of this row that another row of the same technician counts as worked already."""
        if not self.work.shared:
            return 0
        start, end = self.parts[0].start, self.parts[-1].end
        return sum(
            max(0, min(end, ends, until) - max(start, begins, since))
            for begins, ends in self.work.spans
            for since, until in self.work.shared
        )


def cut(
    work: Work, terms: ClientTerms, verdict: Verdict = UNDECIDED, spans: Sequence[Span] = (), script: str = ""
) -> list[Row]:
    """Rows in time order; their parts hold exactly the seconds of the work, or of ``spans``. ``script``: its policy."""
    rows: list[Row] = []
    for start, end in spans or _spans(work):
        at = start
        while True:
            day = terms.zone.day(at)
            stop = min(end, day.end)
            if not rows or rows[-1].period != day.period:
                rows.append(Row(work, day.period, day.date, flags=verdict.flags, verdict=verdict))
            layer = terms.layer(at)
            who = layer.person(work)._replace(script=script)
            _add(rows[-1], layer.at(work.service, day.ordinal, who), day, at, stop)
            at = stop
            if at >= end:
                break
    for row in rows:
        dispose(row)
    return rows


def dispose(row: Row) -> None:
    """Say what becomes of each part, and of the row in the main."""
    whole = _as_a_whole(row.work, row.verdict)
    for part in row.parts:
        part.disposition, part.reason = whole or _of_part(part, row.verdict.what == "billable")
    priced = [part for part in row.parts if part.disposition not in ("no_rate_path", "unpriced")]
    if whole is None and len(currencies := {part.terms.currency for part in priced}) > 1:
        for part in priced:
            part.disposition, part.reason = "unpriced", f"currency_mixed: {', '.join(sorted(currencies))}"
    settle(row)


def settle(row: Row) -> None:
    """The row's own disposition: billed if anything is, else the first in the order of ``MAIN_FIRST``."""
    if len(row.parts) == 1:
        row.disposition, row.reason = row.parts[0].disposition, row.parts[0].reason
        return
    row.disposition = min((part.disposition for part in row.parts), key=MAIN_FIRST.index)
    row.reason = reason_of([part.reason for part in row.parts if part.disposition == row.disposition])


def reason_of(reasons: Iterable[str]) -> str:
    """One reason for several parts; tiers without price are listed."""
    whys = sorted(set(reasons))
    tiers = [why.removeprefix(NO_TIER) for why in whys if why.startswith(NO_TIER)]
    others = [why for why in whys if not why.startswith(NO_TIER)]
    return others[0] if others else NO_TIER + ", ".join(tiers) if tiers else ""


def _as_a_whole(work: Work, verdict: Verdict) -> Blocked | None:
    """What is said of a piece of work as a whole, whatever its parts would cost."""
    if work.reason == "orphan_stop":
        return "orphan_stop", work.reason
    nobody = work.technician is None and work.script is None  # a script needs nobody
    if work.client is None or nobody or work.path == "none":
        return "unlinked", work.reason or ("client_unknown" if work.client is None else "technician_unknown")
    if not work.authenticated and not verdict.confirmed:
        return "unconfirmed", "not_authenticated"
    if verdict.what in ("write_off", "non_billable"):
        return ("written_off" if verdict.what == "write_off" else "non_billable"), "decided"
    return ("non_billable", "marked_non_billable") if work.billable is False and verdict.what != "billable" else None


def _of_part(part: Part, wanted: bool = False) -> Blocked:
    """What the terms of a part say of it; ``wanted``: somebody decided that it is billable."""
    blocked = part.terms.blocked
    if blocked is not None and not (wanted and blocked[1] == "service_not_billable"):
        return blocked
    if part.money_only:
        return _of_fee(part)
    if part.terms.taken == "covered":
        return "covered", ""
    if why := part.terms.rates.unpriced(part.tier):
        return "unpriced", why
    return part.terms.taken, ""


def _of_fee(part: Part) -> Blocked:
    """A fee needs no rate, draws no balance, and is never converted."""
    if part.terms.taken == "covered" and part.terms.prepaid is None:
        return "covered", ""
    if part.fee_currency != part.terms.currency:
        return "unpriced", f"fee_in_other_currency: {part.fee_currency}"
    return "billed", ""


def _spans(work: Work) -> list[Span]:
    """Spans with any length; of work without any second its first instant, so that it has a place."""
    return [span for span in work.spans if span[0] < span[1]] or [(work.start, work.start)]


def _add(row: Row, terms: Terms, day: Day, start: int, end: int) -> None:
    for one in split(terms, row.work, start, end):
        own = one.terms
        scope_day = day.ordinal if own.by_day else 0
        era = own.prepaid.era(day.ordinal) if own.prepaid else 0
        last = row.parts[-1] if row.parts else None
        if last is not None and last.terms is own and last.day == scope_day and last.era == era and _alike(last, one):
            last.end = one.end
            last.seconds += one.end - one.start
        else:
            seconds = one.end - one.start
            row.parts.append(Part(own, one.tier, scope_day, one.start, one.end, seconds, one.base, one.why, era=era))


def _alike(part: Part, one: Stretch) -> bool:
    return part.tier == one.tier and part.base == one.base and part.why == one.why
