"""A client's work → rows: cut, dispose, round once per scope, price each segment, explain.

52 min at 120.00/h, up to 15 min: worked 52 min, rounding 8 min, quantity 60 min, 120.00.
"""

from __future__ import annotations

from collections.abc import Iterable

from billing import rounding, trail
from billing.book import CatalogState
from billing.money import Rate, amount_of, exact_of, exponent_of, rate_text
from billing.rate_cut import Part, Row, cut
from billing.rate_terms import ClientTerms
from streams.models.catalog import Rounding
from streams.models.entry import Entry, Identity, Segment
from streams.models.work import Step, Work


def rate_client(client: str, works: Iterable[Work], book: CatalogState) -> list[Entry]:
    """Rows of one client ("" for the unknown one), in order of (start, work, period); versions are still 0.

    ``works`` must hold everything that shares a rounding scope with what is to be computed.
    """
    return rate_works(ClientTerms(book, client), works)


def rate_works(terms: ClientTerms, works: Iterable[Work]) -> list[Entry]:
    """As ``rate_client``, under terms that are already known."""
    done = sorted((work for work in works if work.state == "done"), key=lambda work: (work.start, work.id))
    rows = [row for work in done for row in cut(work, terms)]
    _round(rows)
    return [_entry(row, terms) for row in rows]


def _round(rows: list[Row]) -> None:
    """Set the billed seconds of every part, each scope rounded once over all its parts in time order."""
    scopes: dict[rounding.Scope, list[tuple[int, str, Part]]] = {}
    for row in rows:
        work = row.work
        for part in row.parts:
            policy = part.terms.policy
            if policy is None:
                part.billed = part.seconds
                continue
            key = rounding.SCOPES[policy.scope](policy.id, work.id, part.terms.contract, work.ticket or "", part.day)
            part.scope = (*key, row.disposition)
            scopes.setdefault(part.scope, []).append((part.start, work.id, part))
    for members in scopes.values():
        if len(members) > 1:
            members.sort(key=lambda member: member[:2])
        parts = [member[2] for member in members]
        policy = parts[0].terms.policy
        assert policy is not None
        billed = rounding.distribute(policy, [part.seconds for part in parts])
        worked, quantity = sum(part.seconds for part in parts), sum(billed)
        for part, seconds in zip(parts, billed, strict=True):
            part.billed, part.scope_seconds, part.scope_quantity = seconds, worked, quantity


def _entry(row: Row, terms: ClientTerms) -> Entry:
    work, parts = row.work, row.parts
    first = parts[0].terms
    worked, quantity = sum(part.seconds for part in parts), sum(part.billed for part in parts)
    billed = row.disposition == "billed"
    segments, steps, exact = _priced(parts) if billed else _unpriced(parts)
    risk, risk_steps = (0, ()) if billed else _risk(row, quantity)
    return Entry(
        tenant=work.tenant,
        identity=Identity(terms.client, row.period, work.id),
        kind=work.kind,
        service=first.service,
        technician=work.technician or "",
        who=work.who,
        ticket=work.ticket or "",
        device=work.device or "",
        contract=first.contract,
        zone=terms.zone.name,
        local_date=row.date,
        start=parts[0].start,
        end=parts[-1].end,
        worked_seconds=worked,
        rounding_seconds=quantity - worked,
        quantity_seconds=quantity,
        overlap_seconds=row.overlap,
        recovered=work.recovered,
        disposition=row.disposition,
        reason=row.reason,
        currency=first.currency,
        exponent=first.exponent,
        amount=sum(segment.amount for segment in segments),
        exact=exact,
        risk_amount=risk,
        risk_currency="" if billed else first.risk_currency,
        path=work.path,
        candidates=work.candidates,
        flags=work.flags + terms.flags,
        proof=work.proof,
        segments=tuple(segments),
        trail=(*trail.linked(work), *_shared_steps(row), *_rounding_steps(parts), *steps, *risk_steps),
    )


def _priced(parts: list[Part]) -> tuple[list[Segment], list[Step], str]:
    """Segments with amounts: consecutive parts of one tier, rate, line and contract are one."""
    segments: list[Segment] = []
    steps: list[Step] = []
    exact: list[tuple[int, Rate]] = []
    for tier, run in _runs(parts):
        found = run[0].terms.price(tier)
        assert found is not None  # dispose lets no part without a price be billed
        rate, rule = found
        exponent, line = run[0].terms.exponent, run[0].terms.line_name
        segment = _segment(run, rate_text(rate, exponent), rate, exponent, line)
        segments.append(segment)
        exact.append((segment.billed_seconds, rate))
        steps.append(trail.priced(segment.billed_seconds, rate, segment.amount, exponent, f"{line} {rule}"))
    return segments, steps, exact_of(exact)


def _unpriced(parts: list[Part]) -> tuple[list[Segment], list[Step], str]:
    return [_segment(run, "", None, 0, "") for _, run in _runs(parts)], [], "0"


def _segment(run: list[Part], text: str, rate: Rate | None, exponent: int, line: str) -> Segment:
    billed = sum(part.billed for part in run)
    return Segment(
        tier=run[0].tier,
        start=run[0].start,
        end=run[-1].end,
        seconds=sum(part.seconds for part in run),
        billed_seconds=billed,
        rate=text,
        amount=amount_of(billed, rate, exponent) if rate else 0,
        exact=exact_of([(billed, rate)]) if rate else "0",
        line=line,
    )


def _runs(parts: list[Part]) -> list[tuple[str, list[Part]]]:
    """Consecutive parts with one tier, price, line and contract; parts without seconds bill nothing."""
    runs: list[tuple[str, list[Part]]] = []
    last: tuple[object, ...] = ()
    for part in parts:
        if not part.seconds:
            continue
        terms = part.terms
        key = part.tier, terms.price(part.tier), terms.line_name, terms.contract
        if runs and key == last:
            runs[-1][1].append(part)
        else:
            runs.append((part.tier, [part]))
        last = key
    return runs


def _risk(row: Row, quantity: int) -> tuple[int, tuple[Step, ...]]:
    """What the row would have brought at the standard rate of the best candidate line; 0 if it is not for sale."""
    terms = row.parts[0].terms
    rate = None if row.disposition == "non_billable" else terms.risk
    exponent = exponent_of(terms.risk_currency)
    amount = amount_of(quantity, rate, exponent) if rate else 0
    if row.disposition == "non_billable":
        return 0, (Step("risk", after="0", why=row.reason),)
    return amount, (trail.at_risk(quantity, rate, amount, exponent, terms.risk_line),)


def _shared_steps(row: Row) -> list[Step]:
    """Contract, rate and tiers: one contract and one rate step for each set of terms."""
    steps = [step for terms in dict.fromkeys(part.terms for part in row.parts) for step in terms.steps]
    calendar = row.parts[0].terms.calendar
    if calendar is not None:
        steps.append(trail.tiers([(part.tier, part.seconds) for part in row.parts], calendar.id))
    return steps


def _rounding_steps(parts: list[Part]) -> list[Step]:
    """One step a scope: what this row brought and got; in ``why`` what the whole scope came to."""
    scopes: dict[rounding.Scope, list[Part]] = {}
    for part in parts:
        if part.scope:
            scopes.setdefault(part.scope, []).append(part)
    return [_rounding_step(run) for run in scopes.values()]


def _rounding_step(run: list[Part]) -> Step:
    policy = run[0].terms.policy
    assert policy is not None
    before, after = sum(part.seconds for part in run), sum(part.billed for part in run)
    why = _policy_text(policy)
    if before != run[0].scope_seconds:
        whole = f"{trail.duration(run[0].scope_seconds)} → {trail.duration(run[0].scope_quantity)}"
        why = f"{why}; {policy.scope} as a whole: {whole}"
    return trail.rounded(before, after, policy.id, why)


def _policy_text(policy: Rounding) -> str:
    return f"{policy.mode} to {policy.increment_minutes} min, at least {policy.minimum_minutes} min"
