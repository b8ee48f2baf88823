"""A client's work → rows: cut, dispose, round once per scope, price each segment, explain.

52 min at 120.00/h, up to 15 min: worked 52 min, rounding 8 min, quantity 60 min, 120.00.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from billing import trail
from billing.book import CatalogState
from billing.bounds import bounded
from billing.cap import cap
from billing.charge import Charge, Charged, charge
from billing.concurrency import cap_concurrency
from billing.contracts.accounts import Accounts
from billing.costs import cost_of
from billing.draw import draw
from billing.first_block import first_block
from billing.free_first import free_first
from billing.price_steps import step_prices
from billing.rate_cut import Row
from billing.rate_terms import ClientTerms
from billing.round_rows import round_rows
from billing.script_rows import cap_fan_outs, rows_of
from billing.unknown_facts import mark_unknown
from billing.usage import Used, used
from streams.models.entry import Entry, Identity
from streams.models.work import Work


def rate_client(client: str, works: Iterable[Work], book: CatalogState) -> list[Entry]:
    """Rows of one client ("" for the unknown one), in order of (start, work, period); versions are still 0.

    ``works`` must hold everything that shares a rounding scope with what is to be computed.
    """
    return rate_works(ClientTerms(book, client), works)


def rate_works(
    terms: ClientTerms, works: Iterable[Work], accounts: Accounts | None = None, usage: list[Used] | None = None
) -> list[Entry]:
    """As ``rate_client``, under terms that are already known. ``accounts`` are drawn from, ``usage`` is given what work
    brought, line by line."""
    done = sorted((work for work in works if work.state == "done"), key=lambda work: (work.start, work.id))
    rows = [row for work in done for row in rows_of(work, terms)]
    cap_fan_outs(rows)
    cap_concurrency(rows)
    round_rows(rows, terms.zone)
    cap(rows)
    if terms.balances:
        draw(rows, terms.zone, accounts or Accounts())
    free_first(rows)
    first_block(rows)
    step_prices(rows)
    mark_unknown(rows)
    charged: Charged = set()
    bounds = bounded(rows, [charge(row, charged) for row in rows])
    if usage is not None:
        for row, money in zip(rows, bounds, strict=True):
            usage += used(row, money, terms.zone)
    return [_entry(row, terms, money) for row, money in zip(rows, bounds, strict=True)]


def _entry(row: Row, terms: ClientTerms, money: Charge) -> Entry:
    work, parts = row.work, row.parts
    layer = terms.layer(parts[0].start)
    first = next((part.terms for part in parts if part.disposition == row.disposition), parts[0].terms)
    days = [terms.zone.day(part.start).ordinal for part in parts]
    cost = cost_of(row, layer.costs, first.currency, days)
    worked, quantity = sum([part.seconds for part in parts]), sum([part.billed for part in parts])
    return Entry(
        tenant=work.tenant,
        identity=Identity(terms.client, row.period, work.id),
        service=first.service,
        contract=first.contract,
        zone=layer.zone.name,
        local_date=row.date,
        start=parts[0].start,
        end=parts[-1].end,
        worked_seconds=worked,
        rounding_seconds=quantity - worked,
        machine_seconds=sum([part.machine for part in parts]),
        quantity_seconds=quantity,
        overlap_seconds=row.overlap,
        disposition=row.disposition,
        reason=row.reason,
        currency=first.currency,
        exponent=first.exponent,
        amount=sum([segment.amount for segment in money.segments]),
        exact=money.exact,
        risk_amount=money.risk,
        risk_currency=money.risk_currency,
        flags=work.flags + layer.flags + row.flags,
        segments=tuple(money.segments),
        trail=(*trail.explain(row, money.steps), *cost.steps),
        project=first.project,
        cost=cost.amount,
        cost_currency=cost.currency,
        cost_reason=cost.reason,
        **_of_work(work),
    )


def _of_work(work: Work) -> dict[str, Any]:
    """What a row says of its work as it came."""
    return {
        "kind": work.kind,
        "technician": work.technician or "",
        "who": work.who,
        "ticket": work.ticket or "",
        "device": work.device or "",
        "recovered": work.recovered,
        "path": work.path,
        "candidates": work.candidates,
        "proof": work.proof,
    }
