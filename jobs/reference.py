"""The generated pages of docs/: settings, park reasons, commands, tables. `make docs` writes them; a test compares."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import typer

from jobs.catalog_schema import schema_text
from jobs.cli import build
from jobs.doctor_findings import FINDINGS
from jobs.reference_rules import rules_page
from jobs.reference_tables import tables_page
from streams.models.parked import MEANING
from streams.settings import Settings

DOCS = Path(__file__).parents[1] / "docs"
NOTE = "<!-- Made by `make docs`. Edit the source that the page names, not the page. -->\n"


def settings_page() -> str:
    """Every setting with its default, from streams/settings.py."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = field.default
        shown = "" if default in (None, "") or "Secret" in type(default).__name__ else f"`{default}`"
        rows.append(f"| `EVERYMINUTE_{name.upper()}` | {shown} | {field.description} |")
    head = "# Settings\n\nRead once, at start, from the environment (source: `streams/settings.py`).\n\n"
    head += "`EVERYMINUTE_…_FILE` names a file that holds the value instead, for secrets.\n\n"
    return NOTE + head + "| variable | default | what it does |\n|---|---|---|\n" + "\n".join(rows) + "\n"


def reasons_page() -> str:
    """Every park reason, from streams/models/parked.py."""
    head = (
        "# Why something is parked\n\nNothing that arrives is lost: what cannot go on is kept with its exact bytes, "
        "where it came from, and what to do. `everyminute parked list` shows the items, `parked show ID` one of them, "
        "`parked replay ID` sends it again (source: `streams/models/parked.py`).\n\n"
    )
    rows = [f"| `{reason}` | {meaning} | {remedy} |" for reason, (meaning, remedy) in MEANING.items()]
    return NOTE + head + "| reason | what it means | what to do |\n|---|---|---|\n" + "\n".join(rows) + "\n"


def doctor_page() -> str:
    """Every finding of the doctor, from jobs/doctor_findings.py."""
    head = (
        "# The doctor\n\n`everyminute doctor` finds what leaks because the catalogue leaves something unsaid, with the "
        "hours and the money at risk, the most expensive first. `everyminute doctor --scenario FILE` does so for a "
        "scenario, without any server (source: `jobs/doctor_findings.py`).\n\n"
    )
    rows = [f"| `{code}` | {one.meaning} | {one.remedy} |" for code, one in FINDINGS.items()]
    return NOTE + head + "| finding | what it means | what to do |\n|---|---|---|\n" + "\n".join(rows) + "\n"


def commands_page() -> str:
    """Every command with its help, as `-h` prints it."""
    head = (
        "# Commands\n\n`everyminute COMMAND -h` prints the same. What each reader needs first: [technicians]"
        "(technician.md), [analysts](analyst.md), [finance](finance.md), [operators](operations.md).\n"
    )
    return NOTE + head + "".join(_helps())


def _helps() -> Iterator[str]:
    """A section a command; groups of commands as a heading of their own."""
    root: Any = typer.main.get_command(build())  # the classes under typer have no types of their own
    waiting = [(root, root.make_context("everyminute", [], resilient_parsing=True, **WIDTH))]
    while waiting:
        command, context = waiting.pop(0)
        subcommands = list(getattr(command, "commands", {}).items())
        yield f"\n## {context.command_path}\n\n```\n{command.get_help(context)}\n```\n"
        inner = [(one, type(context)(one, info_name=name, parent=context, **WIDTH)) for name, one in subcommands]
        waiting = inner + waiting


PAGES: dict[str, Callable[[], str]] = {
    "settings.md": settings_page,
    "reasons.md": reasons_page,
    "commands.md": commands_page,
    "doctor.md": doctor_page,
    "rules.md": lambda: NOTE + rules_page(),
    "tables.md": lambda: NOTE + tables_page(),
    "catalogue.schema.json": schema_text,
}
WIDTH: dict[str, int] = {"terminal_width": 100, "max_content_width": 100}


def main() -> None:
    DOCS.mkdir(exist_ok=True)
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
