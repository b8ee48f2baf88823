"""Putting the demo month in, and taking it out again: through the same doors as anybody's data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import msgspec

from connectors import CONNECTORS
from connectors.base import Options
from connectors.instants import parse_instant
from jobs.catalog_apply import plan, read_head
from jobs.catalog_rules import check
from jobs.catalog_topic import read_facts, send_facts
from jobs.console import Exit, UserError
from jobs.demo.catalogue import planted, write_catalogue
from jobs.demo.evidence import degrade
from jobs.demo.files import TICKETS, Export, write_files
from jobs.demo.profiles import KNOWN, Profile
from jobs.demo.traces import trace
from jobs.demo.truth import draw_truth
from jobs.demo.truthfile import write_truth
from jobs.demo.world import draw_world
from jobs.import_ import Report, import_file
from jobs.ledger import Ledger
from sinks.clickhouse import query
from streams.doors import Door
from streams.models.event import LATEST_MS, Event
from streams.models.parked import Parked
from streams.settings import Settings

TENANT = "demo"
SEED = 20260301
TICKETS_A_MONTH = 3000
TICKET_COLUMN = "SessionCustomProperty8"
Say = Callable[[str], None]


def demo_settings() -> Settings:
    """The user's settings, with the demo's tenant."""
    return Settings(tenant=TENANT)


def demo_folder(settings: Settings) -> Path:
    return settings.home.expanduser() / "demo"


def generate(
    folder: Path, instance: str, seed: int = SEED, tickets: int = TICKETS_A_MONTH, profile: Profile = KNOWN
) -> list[Export]:
    """Files, catalogue and truth of the month into ``folder``. The same seed gives the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    random = Random(seed)
    world = draw_world(random)
    truth = draw_truth(random, world, tickets)
    evidence = degrade(random, world, truth, profile)
    traces = trace(seed, profile, world, truth, evidence.sessions)
    exports = write_files(folder, random, evidence, traces, instance)
    write_catalogue(folder / "catalogue", world)
    write_truth(folder / "truth.json", truth, evidence, instance, [planted(world)])
    return exports


def options(export: Export, tenant: str = TENANT) -> Options:
    as_of = parse_instant(export.as_of).readings(None)[0]
    return Options(tenant, as_of, ZoneInfo("UTC"), TICKET_COLUMN if export.connector == "screenconnect" else "")


def source_of(export: Export, instance: str) -> str:
    """Tickets belong to one instance for ever: under a second one, each would be there twice and none be found."""
    return f"{export.connector}:{TENANT if export.file == TICKETS else instance}"


async def load(settings: Settings, say: Say, tickets: int = TICKETS_A_MONTH) -> tuple[Report, str]:
    """Apply the catalogue and import every file; returns the counts and the instance used."""
    instance = current_instance(settings)
    folder = demo_folder(settings)
    exports = generate(folder, instance, tickets=tickets)
    say(f"The demo month lies in {folder}: exports of five tools, and a catalogue.")
    await apply_catalogue(settings, folder / "catalogue")
    report = Report()
    async with Door(settings) as door:
        for export in exports:
            before = report.read
            source = source_of(export, instance)
            await import_file(folder / export.file, CONNECTORS[export.connector], source, options(export), report, door)
            say(f"  {export.connector:14} {export.file:24} {report.read - before:>7,} rows")
    return report, instance


async def apply_catalogue(settings: Settings, folder: Path) -> None:
    """As `everyminute catalog apply` does; warnings are wanted here, they show up as leakage."""
    catalogue = check([folder])
    if catalogue.errors:
        raise UserError(f"the demo's catalogue has errors: {catalogue.errors[0]}", Exit.NO)
    head = read_head(await read_facts(settings, settings.tenant))
    _, facts = plan(head, catalogue, settings.tenant, "demo month")
    if facts:
        await send_facts(settings, facts)


async def remove(settings: Settings) -> int:
    """Take the month out: every activity is said to be deleted at its source, and parked rows are resolved.

    The facts stay in the log, as all facts do; the ledger, the leakage and the pages no longer show anything. Tickets
    and the catalogue stay known: they cost nothing, and the next load finds them unchanged.
    """
    with Ledger(settings) as ledger:
        found = query(
            ledger.store,
            "SELECT id, source, kind FROM intervals_live WHERE tenant = {tenant:String} ORDER BY id",
            {"tenant": settings.tenant},
        )
        parked = ledger.parked(most=100_000)
    events = [_void(settings.tenant, row["id"], row["source"], row["kind"]) for row in found]
    async with Door(settings) as door:
        await door.send_events(events)
        await door.park([_resolved(item) for item in parked])
    (demo_folder(settings) / "summary.json").unlink(missing_ok=True)
    return len(events)


def _void(tenant: str, activity: str, source: str, kind: str) -> Event:
    return msgspec.convert(
        {"tenant": tenant, "source": source, "source_event_id": f"{activity}/removed", "activity_id": activity,
         "kind": kind, "phase": "void", "revision": LATEST_MS - 1},
        Event,
    )  # fmt: skip


def _resolved(item: Parked) -> Parked:
    return msgspec.structs.replace(item, void=True, attempt=item.attempt + 1, version=2 * (item.attempt + 1))


def current_instance(settings: Settings) -> str:
    """The instance that is in; after a removal the next one, since what was removed stays removed."""
    with Ledger(settings) as ledger:
        rows = query(
            ledger.store,
            "SELECT splitByChar(':', source)[2] AS instance, countIf(void = 0) AS live FROM intervals FINAL "
            "WHERE tenant = {tenant:String} GROUP BY instance HAVING startsWith(instance, 'demo') ORDER BY instance",
            {"tenant": settings.tenant},
        )
    living = [row["instance"] for row in rows if row["live"]]
    if living:
        return str(living[-1])
    return f"demo-{len(rows) + 1}" if rows else "demo"
