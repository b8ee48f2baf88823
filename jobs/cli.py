"""The `everyminute` command. Commands live in the modules named here; each has one `register(app)`."""

from __future__ import annotations

import importlib
import sys
import zoneinfo
from typing import Annotated

import typer

from jobs.console import Exit, UserError, put, say

COMMANDS = (
    "jobs.stack_cmd",
    "jobs.import_cmd",
    "jobs.catalog_cmd",
    "jobs.simulate_cmd",
    "jobs.usage_cmd",
    "jobs.ledger_cmd",
    "jobs.unlinked_cmd",
    "jobs.projects_cmd",
    "jobs.period_cmd",
    "jobs.decide_cmd",
    "jobs.doctor_cmd",
    "jobs.rebuild_cmd",
    "jobs.demo_cmd",
    "jobs.access_cmd",
    "jobs.webhook_cmd",
    "jobs.live_cmd",
)

HELP = """Every minute your technicians work, as a rated, explained ledger entry.

Try a contract without any server:

    everyminute simulate examples/scenarios/remote_support.yaml
"""

EPILOG = """Data goes to standard output, messages to standard error.
Exit codes: 0 done; 1 the answer is no (errors found, another ledger than expected);
2 used wrongly; 3 cannot be done here and now (no server answers, not built yet)."""


def show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        put(f"everyminute {version('everyminute')}")
        raise typer.Exit


def root(
    _version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Holds the options that come before a command."""


def build() -> typer.Typer:
    """The application with every command registered."""
    app = typer.Typer(
        name="everyminute",
        help=HELP,
        epilog=EPILOG,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # plain help starts three times as fast
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(help=HELP, epilog=EPILOG)(root)
    for name in COMMANDS:
        importlib.import_module(name).register(app)
    return app


def main() -> None:
    """Run one command. What the user can put right is a message and an exit code, never a traceback."""
    zoneinfo.reset_tzpath(())  # zones from the pinned tzdata package: the same local times on every machine
    try:
        build()()
    except UserError as error:
        say(f"everyminute: {error}")
        sys.exit(error.code)
    except ValueError as error:
        if getattr(error, "title", "") != "Settings":  # pydantic's finding about the environment; all else is ours
            raise
        say(f"everyminute: {_say_settings(error)}; every setting: docs/settings.md")
        sys.exit(Exit.USAGE)
    except BrokenPipeError:  # the reader of our output went away, as `head` does
        sys.stderr.close()
        sys.exit(Exit.DONE)
    except OSError as error:
        if error.filename is None:
            raise
        say(f"everyminute: {error.filename}: {error.strerror}; check the path and its permissions")
        sys.exit(Exit.USAGE)


def _say_settings(error: ValueError) -> str:
    """The variables that do not fit, and why."""
    found = error.errors()  # type: ignore[attr-defined]  # pydantic is not imported for a help text
    return "; ".join(f"EVERYMINUTE_{str(item['loc'][0]).upper()}: {item['msg']}" for item in found)
