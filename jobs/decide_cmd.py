"""`everyminute decide` and `everyminute rerate`: what people decide about the ledger, as facts."""

from __future__ import annotations

import asyncio
import time
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs.console import Exit, Format, UserError, put, put_json, say
from jobs.ledger_cmd import FormatOption, Tenant, opened

if TYPE_CHECKING:
    from jobs.ledger import Ledger
    from jobs.money_diff import Change
    from streams.models.decision import Decision, DecisionKind, Piece
    from streams.models.entry import Entry
    from streams.models.fact import Fact
    from streams.settings import Settings

DECIDE = """Decide about work: it applies to whatever work holds that evidence, also if it changes later.

KIND is write_off, billable, non_billable, approve, confirm, relink or split; purchase and milestone concern a contract
or a project. In a closed month the effect stands in the next open one, as reversal and replacement.

    everyminute decide write_off --entry 3f2a9c1e --reason goodwill --by kim

    everyminute decide relink --entry 3f2a9c1e --ticket 4711

    everyminute decide split --entry 3f2a9c1e --piece "2026-05-11T09:00Z 2026-05-11T09:30Z ticket=7"

    everyminute decide purchase --client acme --contract block --from 2026-05-01 --hours 10 --price 1200
"""
RERATE = """Rate closed months again under the newest release, from a day on. Shows the difference in money first.

    everyminute rerate --from 2026-01-15 --client acme --dry-run

    everyminute rerate --from 2026-01-15 --client acme --yes
"""
By = Annotated[str, typer.Option("--by", help="Who decides.")]
Reason = Annotated[str, typer.Option("--reason", help="Why: shown with the entry.")]


def register(app: typer.Typer) -> None:
    app.command("decide", help=DECIDE, short_help="Write off, bill, approve, relink, split; purchases, milestones.")(
        decide
    )
    app.command("rerate", help=RERATE, short_help="Rate closed months again under the newest release.")(rerate)


def decide(
    kind: Annotated[str, typer.Argument(help="What is decided.")],
    entry: Annotated[str, typer.Option("--entry", help="First digits of the id of an entry.")] = "",
    evidence: Annotated[
        list[str] | None, typer.Option("--evidence", help="Id of an interval; may be repeated.")
    ] = None,
    client: Annotated[str, typer.Option("--client", help="relink: where to; purchase, milestone: whose.")] = "",
    ticket: Annotated[str, typer.Option("--ticket", help="relink: where to.")] = "",
    piece: Annotated[
        list[str] | None, typer.Option("--piece", help="split: START END [ticket=…] [client=…]; repeated.")
    ] = None,
    contract: Annotated[str, typer.Option("--contract", help="purchase.")] = "",
    hours: Annotated[str, typer.Option("--hours", help="purchase: hours of the lot.")] = "",
    money: Annotated[str, typer.Option("--money", help="purchase: money of the lot.")] = "",
    incidents: Annotated[int, typer.Option("--incidents", help="purchase: incidents of the lot.")] = 0,
    price: Annotated[str, typer.Option("--price", help="purchase: what was paid.")] = "",
    on: Annotated[str, typer.Option("--from", "--on", help="purchase: first day; milestone: the day.")] = "",
    until: Annotated[str, typer.Option("--until", help="purchase: the day after the last.")] = "",
    project: Annotated[str, typer.Option("--project", help="milestone.")] = "",
    milestone: Annotated[str, typer.Option("--milestone", help="milestone.")] = "",
    reason: Reason = "",
    by: By = "",
    timeout: Annotated[float, typer.Option("--timeout", help="Seconds to wait until the ledger shows it.")] = 60.0,
    tenant: Tenant = None,
    format_: FormatOption = Format.table,
) -> None:
    fields: dict[str, Any] = {
        "client": client, "ticket": ticket, "contract": contract, "hours": hours, "money": money,
        "incidents": incidents, "price": price, "on": on, "until": until, "project": project, "milestone": milestone,
        "reason": reason, "by": by, "pieces": tuple(_piece(one) for one in piece or ()),
    }  # fmt: skip
    fact, shown = _decide(_kind(kind), fields, entry, evidence or [], tenant, timeout)
    if format_ is Format.json:
        put_json({"decision": fact.id, "kind": kind, "shown": shown})
    else:
        put(f"{fact.id}: {'the ledger shows it' if shown else 'accepted, the ledger is not there yet'}")


def _decide(
    kind: DecisionKind, fields: dict[str, Any], entry: str, evidence: list[str], tenant: str | None, timeout: float
) -> tuple[Fact, bool]:
    from jobs.decisions import decision_fact
    from streams.models.decision import Decision
    from streams.settings import Settings

    settings = Settings()
    seen = {} if kind in ("purchase", "milestone") else _about(tenant, entry, evidence, settings)
    decision = Decision(kind=kind, **fields | seen)
    _check(decision)
    fact = decision_fact(tenant or settings.tenant, decision, time.time())
    return fact, _send(settings, fact, timeout)


def rerate(
    on: Annotated[str, typer.Option("--from", help="First day, as 2026-01-15.")],
    client: Annotated[str, typer.Option("--client", help="Id of one client; all without it.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the difference and book nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Book it without asking.")] = False,
    reason: Reason = "",
    by: By = "",
    timeout: Annotated[float, typer.Option("--timeout", help="Seconds to wait until the ledger shows it.")] = 60.0,
    tenant: Tenant = None,
    format_: FormatOption = Format.table,
) -> None:
    from jobs.console import broker_needed
    from jobs.decisions import decision_fact, organisation_of
    from jobs.money_diff import as_json
    from streams.models.decision import Decision
    from streams.settings import Settings

    settings = Settings()
    whose = tenant or settings.tenant
    with broker_needed():
        number = asyncio.run(organisation_of(settings, whose))[1]
    if not number:
        raise UserError(f"Tenant {whose} has no release yet: everyminute catalog apply", Exit.CANNOT)
    decision = Decision(kind="rerate", client=client, on=on, release=number, reason=reason, by=by)
    _check(decision)
    fact = decision_fact(whose, decision, time.time())
    with broker_needed():
        changes = asyncio.run(_changes(settings, whose, fact))
    if format_ is Format.json:
        put_json({"release": number, "changes": as_json(changes), "booked": not dry_run and bool(changes)})
    else:
        _print(changes)
    if dry_run or not changes:
        return
    if not yes and not typer.confirm("Book it?", err=True):
        raise typer.Exit(Exit.NO)
    shown = _send(settings, fact, timeout)
    say(f"{fact.id}: {'booked' if shown else 'accepted, the ledger is not there yet'}")


async def _changes(settings: Settings, tenant: str, fact: Any) -> list[Change]:
    """What the decision would make of the ledger as it stands."""
    from jobs.money_diff import compare
    from jobs.preview import Preview

    preview = await Preview.read(settings, tenant)
    before = preview.entries()
    preview.add([fact])
    return compare(before, preview.entries())


def _print(changes: list[Change]) -> None:
    from jobs.money_diff import report
    from jobs.output import print_table

    if changes:
        print_table(report(changes, "Rated again"))
    else:
        say("no amount changes")


def _kind(text: str) -> DecisionKind:
    from streams.models.decision import ABOUT_EVIDENCE

    known = sorted([*ABOUT_EVIDENCE, "purchase", "milestone"])
    if text not in known:
        other = {"close": "everyminute period close", "rerate": "everyminute rerate"}.get(text)
        raise UserError(f"{text!r} is no decision: use {other or ', '.join(known)}.")
    return text


def _about(tenant: str | None, prefix: str, evidence: list[str], settings: Settings) -> dict[str, Any]:
    """Evidence, and what the decider sees: seconds and client of the work. Raises UserError, also where the month is
    locked for edits by hand."""
    from jobs.console import broker_needed
    from jobs.decisions import check_lock, organisation_of

    if bool(prefix) == bool(evidence):
        raise UserError("Name the work: --entry with the first digits of its id, or --evidence with intervals.")
    if evidence:
        return {"evidence": tuple(evidence)}
    with opened(tenant) as ledger:
        found = ledger.find(prefix)
        if len(found) != 1:
            many = f"{prefix} names several entries: give more digits." if found else f"There is no entry {prefix}."
            raise UserError(many, Exit.NO)
        where, values = ledger.conditions(id=found[0].identity.work)
        works = ledger.rows(f"SELECT seconds, client FROM work_live WHERE {where}", values)  # noqa: S608
        one = found[0]
        ids = _evidence(ledger, one)
    with broker_needed():
        organisation = asyncio.run(organisation_of(settings, ledger.tenant))[0]
    if one.local_date:
        check_lock(organisation, date.fromisoformat(one.local_date), one.zone or organisation.zone, time.time())
    seen = {"seconds": works[0]["seconds"], "seen_client": works[0]["client"]} if works else {}
    return {"evidence": ids, **seen}


def _evidence(ledger: Ledger, entry: Entry) -> tuple[str, ...]:
    """What the entry alone rests on: not a session that only reaches under its timer, and has work of its own. A piece
    that was cut from an interval is named by its own id."""
    from billing.link_decided import CUT

    work = entry.identity.work
    others = [proof.interval for proof in entry.proof if proof.interval != work]
    if CUT in work or not others:
        return (work,)
    live = ledger.rows(
        "SELECT id FROM work_live WHERE tenant = {tenant:String} AND has({ids:Array(String)}, id)"
        " AND state IN ('done', 'running')",
        {"tenant": ledger.tenant, "ids": others},
    )
    return (work, *sorted(set(others) - {row["id"] for row in live}))


def _piece(text: str) -> Piece:
    from zoneinfo import ZoneInfo

    from jobs.scenario_time import NoInstantError, parse_instant
    from streams.models.decision import Piece

    start, _, rest = text.partition(" ")
    end, _, rest = rest.partition(" ")
    where = dict(part.partition("=")[::2] for part in rest.split())
    try:
        bounds = [parse_instant(one, ZoneInfo("UTC")) // 1000 for one in (start, end)]
        return Piece(start=bounds[0], end=bounds[1], **where)
    except (NoInstantError, TypeError) as error:
        raise UserError(f"--piece {text!r}: {error}; write START END ticket=7 client=acme") from error


def _check(decision: Decision) -> None:
    """Raises UserError where a worker would park it."""
    from streams.models.decision import decode_decision, encode_decision, problem_of

    try:
        decode_decision(bytes(encode_decision(decision)))
    except ValueError as error:
        raise UserError(f"{decision.kind}: {error}; write days as 2026-03-01") from error
    needed = {"purchase": ("client", "contract"), "milestone": ("client", "project", "milestone")}
    if wrong := problem_of(decision):
        raise UserError(f'{wrong}: --ticket 7, --client acme, or --piece "START END ticket=7"')
    missing = [name for name in needed.get(decision.kind, ()) if not getattr(decision, name)]
    if missing:
        raise UserError(f"{decision.kind} needs --{', --'.join(missing)}.")


def _send(settings: Settings, fact: Any, timeout: float) -> bool:
    """Append it, and wait until everything has been read; False when that takes longer."""
    from jobs.console import broker_needed
    from jobs.decisions import send
    from jobs.settled import wait_settled

    async def both() -> bool:
        await send(settings, fact)
        return await wait_settled(settings, timeout)

    with broker_needed():
        return asyncio.run(both())
