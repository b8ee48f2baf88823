"""`everyminute catalog`: propose, check, apply and look at the catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs.console import Exit, Format, UserError, checked_tenant, hush, put, put_json, say

if TYPE_CHECKING:
    from jobs.catalog_apply import Difference, Head
    from jobs.catalog_load import Catalogue
    from jobs.catalog_yaml import Problem
    from streams.settings import Settings

Folders = Annotated[list[Path], typer.Argument(help="Folders (or files) of YAML.", show_default=False)]
Formats = Annotated[Format, typer.Option("--format", "-f", help="How to print.")]
Tenant = Annotated[str | None, typer.Option("--tenant", help="Whose catalogue; default: the settings'.")]

MOST_PROBLEMS = 100  # of a catalogue that are printed
UNREAD = ("unreadable", "too_large", "not_yaml", "not_utf8")
MOST_ALIKE = 10  # objects of one kind, added or removed, that are named one by one

CHECK_EPILOG = """Examples:

    everyminute catalog check catalogue/

    everyminute catalog check catalogue/ --format json

Exit codes: 0 no errors; 1 errors, or with --strict warnings; 2 used wrongly."""

APPLY_EPILOG = """Examples:

    everyminute catalog apply catalogue/ --note "rates from July"

Exit codes: 0 applied, or nothing to do; 1 errors in the catalogue, or somebody else applied meanwhile;
3 Kafka does not answer."""

DIFF_EPILOG = """Examples:

    everyminute catalog diff catalogue/

    everyminute catalog diff catalogue/ --format json

Computes the open months again in memory, with the catalogue that holds and with this one. Nothing is written.

Exit codes: 0 shown, whatever changes; 1 errors in the catalogue; 3 Kafka does not answer."""

SCHEMA_EPILOG = """Example:

    everyminute catalog schema > catalogue.schema.json

An editor that knows YAML schemas completes and checks a file that begins with

    # yaml-language-server: $schema=catalogue.schema.json"""

INIT_EPILOG = """Examples:

    everyminute catalog init nodes.json sessions.csv toggl.csv -o catalogue/

Reads exports of MeshCentral, ScreenConnect, Tactical RMM, Syncro, CloudEvents (one a line), and timesheet CSV
(solidtime, Toggl, Clockify, Harvest, Kimai, or docs/catalogue.md's own columns). Writes only into an empty or new
folder."""


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Clients, rates, contracts: propose, check, apply.")
    group.command("init", epilog=INIT_EPILOG)(init_command)
    group.command("check", epilog=CHECK_EPILOG, short_help="Check a catalogue; no server needed.")(check_command)
    group.command("diff", epilog=DIFF_EPILOG, short_help="Show what applying would change, in objects and in money.")(
        diff_command
    )
    group.command("apply", epilog=APPLY_EPILOG)(apply_command)
    group.command("status")(status_command)
    group.command("schema", epilog=SCHEMA_EPILOG, short_help="Print the JSON Schema of catalogue files, for editors.")(
        schema_command
    )
    app.add_typer(group, name="catalog")


def check_command(
    folders: Folders,
    format_: Formats = Format.table,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as errors.")] = False,
) -> None:
    """Check a catalogue without any server: every error at once, with file, line, column and remedy."""
    from jobs.catalog_rules import check

    catalogue = check(folders)
    failed = bool(catalogue.errors or (strict and catalogue.problems))
    if format_ is Format.json:
        put_json(
            {"ok": not failed, "objects": counts(catalogue), "problems": [_as_json(p) for p in catalogue.problems]}
        )
    else:
        for line in shown(catalogue):
            put(line)
        say(summary(catalogue))
    raise typer.Exit(Exit.NO if failed else Exit.DONE)


def shown(catalogue: Catalogue) -> list[str]:
    """The problems as lines. Where there are too many for a screen, errors come first; and where a file could not be
    read, warnings wait: what it holds would be missing in them."""
    problems = list(catalogue.problems)
    if any(problem.code in UNREAD for problem in problems):
        problems = catalogue.errors
    if len(problems) <= MOST_PROBLEMS:
        return [str(problem) for problem in problems]
    ordered = sorted(problems, key=lambda problem: problem.level != "error")
    rest = f"… and {len(problems) - MOST_PROBLEMS:,} more; --format json of `catalog check` has them all"
    return [*(str(problem) for problem in ordered[:MOST_PROBLEMS]), rest]


def _as_json(problem: Problem) -> dict[str, Any]:
    file, line, column = problem.place
    return {
        "level": problem.level, "code": problem.code, "file": file, "line": line, "column": column,
        "message": problem.message, "remedy": problem.remedy,
    }  # fmt: skip


def counts(catalogue: Catalogue) -> dict[str, int]:
    from jobs.catalog_load import SECTIONS

    kinds = [key.split("/", 1)[0] for key in catalogue.objects]
    return {section: kinds.count(kind) for section, kind in SECTIONS.items() if kind in kinds}


def summary(catalogue: Catalogue) -> str:
    """ "3 files, 12 objects: 1 error, 2 warnings"."""
    errors = len(catalogue.errors)
    parts = (
        (catalogue.files, "file"), (len(catalogue.objects), "object"), (errors, "error"),
        (len(catalogue.problems) - errors, "warning"),
    )  # fmt: skip
    files, objects, wrong, risky = (f"{n} {word}{'' if n == 1 else 's'}" for n, word in parts)
    return f"{files}, {objects}: {wrong}, {risky}"


def _without_errors(folders: list[Path], verb: str) -> Catalogue:
    """The catalogue of the folders, its problems said. Raises UserError when it has errors, or holds nothing."""
    from jobs.catalog_rules import check

    catalogue = check(folders)
    for line in shown(catalogue):
        say(line)
    if catalogue.errors:
        raise UserError(f"not {verb}: {summary(catalogue)}", Exit.NO)
    if not catalogue.objects:  # a slip of the path would remove everything
        raise UserError(f"not {verb}: nothing is in there; name the catalogue's folder", Exit.NO)
    return catalogue


def diff_command(folders: Folders, tenant: Tenant = None, format_: Formats = Format.table) -> None:
    """Show what applying a catalogue would change: its objects, and every open month in money."""
    import asyncio

    from jobs.catalog_diff import diff
    from jobs.money_diff import as_json, report
    from jobs.output import print_table
    from streams.settings import Settings

    tenant = checked_tenant(tenant)
    catalogue = _without_errors(folders, "compared")
    hush("aiokafka")
    found = asyncio.run(diff(Settings(), tenant, catalogue))
    if format_ is Format.json:
        put_json({"release": found.head.number, "changes": _as_changes(found.objects), "money": as_json(found.money)})
        return
    for line in _changes(found.objects):
        put(line)
    if not found.objects:
        say(f"nothing changed since release {found.head.number}")
    elif found.money:
        print_table(report(found.money, "In money"))
    else:
        say("no amount changes")


def apply_command(
    folders: Folders,
    tenant: Tenant = None,
    note: Annotated[str, typer.Option("--note", help="Why; kept with the release.")] = "",
    format_: Formats = Format.table,
) -> None:
    """Append what changed as the next release. Can be repeated: when nothing changed, nothing is appended."""
    import asyncio

    from streams.settings import Settings

    tenant = checked_tenant(tenant)
    catalogue = _without_errors(folders, "applied")
    hush("aiokafka")
    differences, head, accepted = asyncio.run(_apply(Settings(), tenant, catalogue, note))
    _print_applied(differences, head, accepted, format_)
    raise typer.Exit(Exit.DONE if accepted else Exit.NO)


async def _apply(
    settings: Settings, tenant: str, catalogue: Catalogue, note: str
) -> tuple[list[Difference], Head, bool]:
    """What changed, the head afterwards, and whether it is ours (or nothing was to be done)."""
    from jobs.catalog_apply import plan, read_head
    from jobs.catalog_topic import read_facts, send_facts

    head = read_head(await read_facts(settings, tenant))
    differences, facts = plan(head, catalogue, tenant, note)
    if not facts:
        return [], head, True
    await send_facts(settings, facts)
    after = read_head(await read_facts(settings, tenant))
    ours = facts[-1].digest()
    return differences, after, after.digest == ours or ours in after.accepted


def _changes(differences: list[Difference]) -> list[str]:
    """A line a change; many new or removed objects of one kind are counted."""
    from collections import Counter

    from jobs.catalog_apply import say_difference
    from jobs.catalog_load import SECTION_OF

    def kind(one: Difference) -> tuple[str, str]:
        return one.change, SECTION_OF[one.key.split("/", 1)[0]]

    count = Counter(kind(one) for one in differences if one.change != "changed")
    many = {alike: n for alike, n in count.items() if n > MOST_ALIKE}
    lines = [f"{change:8}{n:,} {section}" for (change, section), n in many.items()]
    return lines + [say_difference(one) for one in differences if kind(one) not in many]


def _as_changes(differences: list[Difference]) -> list[dict[str, Any]]:
    return [{"object": d.key, "change": d.change, "fields": [list(f) for f in d.fields]} for d in differences]


def _print_applied(differences: list[Difference], head: Head, accepted: bool, format_: Format) -> None:
    if format_ is Format.json:
        changes = _as_changes(differences)
        put_json({"applied": bool(differences) and accepted, "release": head.number, "changes": changes})
    else:
        for line in _changes(differences):
            put(line)
    if not accepted:
        say(f"not applied: release {head.number} was applied by somebody else meanwhile; run the command again")
    elif not differences:
        say(f"nothing changed since release {head.number}")
    else:
        say(f"applied as release {head.number}: {len(differences)} change{'' if len(differences) == 1 else 's'}")


def status_command(tenant: Tenant = None, format_: Formats = Format.table) -> None:
    """Show the release that holds, and which release each closed statement stands on."""
    from jobs.catalog_status import show

    show(checked_tenant(tenant), format_)


def schema_command() -> None:
    """Print the JSON Schema of one catalogue file."""
    from jobs.catalog_schema import schema_text

    put(schema_text())


def init_command(
    exports: Annotated[list[Path], typer.Argument(help="Exports of your own tools.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write to; new or empty.", show_default=False)],
    zone: Annotated[str, typer.Option("--zone", help="Your time zone, for the organisation.")] = "",
) -> None:
    """Propose a first catalogue from your own exports. What is a guess is marked `# confirm:`."""
    from jobs.catalog_init import propose

    report = propose(exports, out, zone)
    for line in report:
        say(line)
