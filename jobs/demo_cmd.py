"""`everyminute demo …`: a month of a believable service desk, to see what everyminute finds in it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from jobs.console import Exit, Format, UserError, broker_needed, say

demo = typer.Typer(
    help="A month of a believable service desk, in tenant `demo`.", no_args_is_help=True, rich_markup_mode=None
)
SETTLE_SECONDS = 300.0


def register(app: typer.Typer) -> None:
    app.add_typer(demo, name="demo")


@demo.command("run")
def run_command() -> None:
    """Bring everything up, load the month, print what it found. It keeps running; `everyminute down` ends it."""
    code = subprocess.run([sys.executable, "-m", "jobs", "up", "--detach"], check=False).returncode
    if code not in (0, 3):
        raise typer.Exit(code)
    if is_loaded():
        summary_command()
    else:
        load_command()
    say(f"\nIt keeps running. Look around: {page()}    End it: everyminute down (or make stop)")


@demo.command("load")
def load_command() -> None:
    """Load the month into the running stack and print what it found. A second time changes nothing."""
    from jobs.demo.load import demo_settings, load
    from jobs.demo.summary import print_summary, write_summary

    settings = demo_settings()
    with broker_needed():
        report, instance = asyncio.run(load(settings, say))
        wait_until_settled()
    write_summary(settings, report, instance)
    print_summary(settings)


@demo.command("summary")
def summary_command() -> None:
    """Print again what the month shows."""
    from jobs.demo.load import demo_settings
    from jobs.demo.summary import print_summary

    print_summary(demo_settings())


@demo.command("remove")
def remove_command() -> None:
    """Take the month out again."""
    from jobs.demo.load import demo_settings, remove

    with broker_needed():
        count = asyncio.run(remove(demo_settings()))
        wait_until_settled()
    say(f"Removed {count:,} activities of tenant demo." if count else "Tenant demo is empty.")


@demo.command("files")
def files_command(
    folder: Annotated[Path, typer.Argument(help="Folder to write to.")],
    seed: Annotated[int, typer.Option(help="Another seed gives another month.")] = 20260301,
) -> None:
    """Only write the month's files, catalogue and truth into a folder."""
    from jobs.demo.load import generate

    for export in generate(folder, "demo", seed):
        say(f"{export.connector:14} {folder / export.file}  (exported {export.as_of})")


@demo.command("accuracy")
def accuracy_command(
    seeds: Annotated[str, typer.Option(help="Months to draw, by number: 1,2,3.")] = "1,2,3",
    profile: Annotated[str, typer.Option(help="How carelessly records are kept: known, unseen or all.")] = "all",
    format_: Annotated[Format, typer.Option("--format", help="Table or JSON.")] = Format.table,
) -> None:
    """Measure, without a server, how many sessions find their true ticket: by path, on several months.

    `unseen` is a noise profile that linking was never tuned on.
    """
    from jobs.demo.accuracy_print import print_accuracy
    from jobs.demo.measured import measured
    from jobs.demo.profiles import PROFILES

    numbers = [int(text) for text in seeds.split(",") if text.strip().isdigit()]
    if not numbers or len(numbers) != len(seeds.split(",")):
        raise UserError(f"--seeds {seeds}: write whole numbers with commas between them, such as 1,2,3.")
    if profile not in (*PROFILES, "all"):
        raise UserError(f"--profile {profile}: there are {', '.join(PROFILES)} and all.")
    names = list(PROFILES) if profile == "all" else [profile]
    print_accuracy([one for name in names for one in measured(name, numbers)], format_)


def is_loaded() -> bool:
    """The month is in, as a run before left it."""
    from jobs.demo.load import demo_folder, demo_settings
    from jobs.ledger import Ledger

    settings = demo_settings()
    if not (demo_folder(settings) / "summary.json").exists():
        return False
    with Ledger(settings) as ledger:
        return next(ledger.entries(), None) is not None


def wait_until_settled() -> None:
    """Wait for the pipeline, with what is left on the terminal."""
    from rich.console import Console

    from jobs.demo.load import demo_settings
    from jobs.settled import wait_settled

    with Console(stderr=True).status("pairing, linking, rating, writing …") as status:
        done = asyncio.run(
            wait_settled(
                demo_settings(), SETTLE_SECONDS, lambda left: status.update(f"{left:,} records still to be read …")
            )
        )
    if not done:
        raise UserError(
            f"The pipeline did not come to rest within {SETTLE_SECONDS:.0f} s; `everyminute status` shows where.",
            Exit.NO,
        )


def page() -> str:
    from streams.settings import Settings

    return f"http://127.0.0.1:{Settings().web_port}/"
