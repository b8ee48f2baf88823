"""`everyminute projects`: what each project has used of its budget, and what is left of its price."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jobs.console import Exit, Format, UserError, put_json
from jobs.ledger_cmd import Tenant, opened


def register(app: typer.Typer) -> None:
    app.command("projects", short_help="Budget burn, estimate at completion, margin.")(projects_command)


def projects_command(
    catalogue: Annotated[Path, typer.Argument(help="The folder of the catalogue, for prices and budgets.")],
    tenant: Tenant = None,
    format_: Annotated[Format, typer.Option("--format", "-f", help="How to print.")] = Format.table,
) -> None:
    """Compare the work of each project with its budget and its price."""
    from billing.projects import standings
    from jobs import projects
    from jobs.catalog_rules import check
    from jobs.output import print_table
    from streams.models.catalog import Project

    found = check([catalogue])
    if found.errors:
        raise UserError(f"{found.errors[0]}\nAll of them: everyminute catalog check {catalogue}", Exit.USAGE)
    with opened(tenant) as ledger:
        rows = standings(found.all(Project), ledger.entries())
    if format_ is Format.json:
        put_json({"projects": [projects.as_json(one) for one in rows]})
    else:
        print_table(projects.report(rows))
